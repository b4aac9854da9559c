"""The outcome of a call that is not there yet: ten thousand of them must cost next to nothing.

`concurrent.futures.Future` makes a condition with a lock for each; these share one lock, and make
something to wait on only where somebody waits.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_lock: Final = threading.Lock()


class Pending(Generic[T]):
    """Set once, by whoever carries the call out; read by anybody."""

    __slots__ = ("_callbacks", "_ended", "_error", "_value")

    def __init__(self) -> None:
        self._ended = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[], object]] | None = None

    def set_result(self, value: T) -> None:
        """End it with a value."""
        self._end(value, None)

    def set_exception(self, error: BaseException) -> None:
        """End it with an error."""
        self._end(None, error)

    def take_over(self, other: Pending[T]) -> None:
        """End it as another one has ended."""
        self._end(other._value, other._error)

    def _end(self, value: Any, error: BaseException | None) -> None:
        with _lock:
            self._value, self._error, self._ended = value, error, True
            callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            callback()

    def when_done(self, callback: Callable[[], object]) -> None:
        """Call `callback` when it has ended: at once, or on the thread that ends it."""
        with _lock:
            if not self._ended:
                self._callbacks = [*(self._callbacks or ()), callback]
                return
        callback()

    def done(self) -> bool:
        """Whether it has ended."""
        return self._ended

    def result(self, timeout: float | None = None) -> T:
        """Wait, and return the value or raise the error; `TimeoutError` after `timeout` seconds."""
        error = self.exception(timeout)
        if error is not None:
            raise error
        value: T = self._value
        return value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait, and return the error, if there is one; `TimeoutError` after `timeout` seconds."""
        if not self._ended:
            woken = threading.Event()
            self.when_done(woken.set)
            if not woken.wait(timeout):
                raise TimeoutError
        return self._error

    async def wait(self) -> T:
        """Wait without blocking the event loop, and return the value or raise the error."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        self.when_done(lambda: loop.call_soon_threadsafe(woken.set))
        await woken.wait()
        return self.result()
