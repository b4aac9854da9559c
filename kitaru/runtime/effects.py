"""One core for sync and async code: a primitive is a coroutine that yields *effects*.

An effect says what the primitive needs from the outside: an event written, the user's function
run, a pause. Three drivers carry effects out: `block` on the calling thread, `run_async` on an
event loop, and `Spread` on a pool, where no thread waits for the disk.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from kitaru.runtime.pending import Pending

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from contextvars import Context

    Then = Callable[[Any, BaseException | None], None]

T = TypeVar("T")


class Effect(Protocol):
    """Something that a primitive waits for."""

    def block(self) -> Any:
        """Carry it out on this thread and return its result."""
        ...

    def start(self, then: Then) -> None:
        """Begin it; `then` is called with its result, or its error, on whichever thread it ends."""
        ...

    async def wait(self) -> Any:
        """Carry it out on the running event loop."""
        ...


class Awaitable:
    """Base of the effects: ``await effect`` hands it to the driver."""

    __slots__ = ()

    heavy_after = True
    """Whether what follows may take long, so that it must not hold up the thread on which the effect ends."""

    def __await__(self) -> Generator[Any, Any, Any]:
        """Yield this effect; the driver sends its result back."""
        return (yield self)

    def start(self, then: Then) -> None:
        """Carry it out at once; effects that take time override this."""
        try:
            result = self.block()  # type: ignore[attr-defined]
        except BaseException as error:
            then(None, error)
        else:
            then(result, None)

    async def wait(self) -> Any:
        """Wait for `start` without blocking the event loop."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        def then(result: Any, error: BaseException | None) -> None:
            loop.call_soon_threadsafe(settle, result, error)

        self.start(then)
        return await done


def block(core: Coroutine[Any, Any, T]) -> T:
    """Drive `core` to its end on the calling thread."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            effect = core.send(result) if error is None else core.throw(error)
        except StopIteration as stop:
            value: T = stop.value
            return value
        try:
            result, error = effect.block(), None
        except BaseException as raised:
            error = raised


async def run_async(core: Coroutine[Any, Any, T]) -> T:
    """Drive `core` to its end on the running event loop."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            effect = core.send(result) if error is None else core.throw(error)
        except StopIteration as stop:
            value: T = stop.value
            return value
        try:
            result, error = await effect.wait(), None
        except BaseException as raised:
            error = raised


class Spread(Generic[T]):
    """Drives a core in steps on a pool; no thread is held while an effect is under way.

    Parameters
    ----------
    make
        Makes the core when its turn comes: what waits for a thread stays small.
    pool
        Runs a step on one of its threads.
    context
        Each step runs in a copy of it.
    """

    __slots__ = ("_context", "_core", "_make", "_pool", "done")

    def __init__(
        self, make: Callable[[], Coroutine[Any, Any, T]], pool: Callable[[Callable[[], None]], None], context: Context
    ) -> None:
        self._make: Callable[[], Coroutine[Any, Any, T]] | None = make
        self._pool = pool
        self._context = context
        self._core: Coroutine[Any, Any, T] | None = None
        self.done: Pending[T] = Pending()
        pool(self._begin)

    def _begin(self) -> None:
        assert self._make is not None
        self._core, self._make = self._make(), None
        self._context.copy().run(self._step, None, None)

    def _step(self, result: Any, error: BaseException | None) -> None:
        assert self._core is not None
        try:
            effect = self._core.send(result) if error is None else self._core.throw(error)
        except StopIteration as stop:
            self._core = None
            self.done.set_result(stop.value)
        except BaseException as raised:
            self._core = None
            self.done.set_exception(raised)
        else:
            self._carry_out(effect)

    def _carry_out(self, effect: Awaitable) -> None:
        here = threading.get_ident()
        under_way = True

        def then(result: Any, error: BaseException | None) -> None:
            if under_way and threading.get_ident() == here:
                self._step(result, error)  # ended at once, inside of this very step
                return
            # In a fresh copy: the thread that began the effect may still be leaving the last one.
            context = self._context.copy()
            if effect.heavy_after:
                self._pool(lambda: context.run(self._step, result, error))
            else:
                context.run(self._step, result, error)

        effect.start(then)
        under_way = False
