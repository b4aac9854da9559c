"""The effects that a call needs: its outcome written, its function run, a pause between attempts."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruError
from kitaru.runtime.effects import Awaitable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kitaru.runtime.calls import Call
    from kitaru.runtime.effects import Then
    from kitaru.runtime.execution import Execution


class Commit(Awaitable):
    """Write an event; over when it is on disk."""

    __slots__ = ("_event", "_execution", "heavy_after")

    def __init__(
        self,
        execution: Execution,
        kind: str,
        body: dict[str, Any],
        call: str | None = None,
        attempt: int | None = None,
        *,
        last: bool = False,
    ) -> None:
        self._execution = execution
        self.heavy_after = not last
        self._event = execution.event(kind, body, call, attempt)

    def block(self) -> int:
        """Write it from this thread."""
        try:
            return self._execution.outbox.commit([self._event])
        except KitaruError as error:
            raise self._execution.lost(error) from error

    def start(self, then: Then) -> None:
        """Hand it to the outbox."""
        lost = self._execution.lost
        self._execution.outbox.submit([self._event], lambda done, error: then(done, error and lost(error)))


class Invoke(Awaitable):
    """Run one attempt of a call where its stack says."""

    __slots__ = ("_attempt", "_call")

    def __init__(self, call: Call, attempt: int) -> None:
        self._call = call
        self._attempt = attempt

    def block(self) -> Any:
        """Run it and return what the function returns."""
        return self._call.execution.workplace.run(self._call, self._attempt)

    def start(self, then: Then) -> None:
        """Run it; a plain function runs right here, on the pool's thread."""
        self._call.execution.workplace.start(self._call, self._attempt, then)

    async def wait(self) -> Any:
        """Await it on the running loop."""
        return await self._call.execution.workplace.run_async(self._call, self._attempt)


class Pause(Awaitable):
    """Sleep for some seconds, unless the execution unwinds."""

    __slots__ = ("_execution", "_seconds")

    def __init__(self, execution: Execution | None, seconds: float) -> None:
        self._execution = execution
        self._seconds = seconds

    def block(self) -> None:
        """Sleep on this thread."""
        if self._execution is None:
            time.sleep(self._seconds)
            return
        woken = threading.Event()
        with self._woken_by(woken.set):
            woken.wait(self._seconds)

    def start(self, then: Then) -> None:
        """Sleep without holding a thread of the pool."""
        execution, once = self._execution, threading.Lock()
        assert execution is not None

        def end() -> None:
            if once.acquire(blocking=False):
                timer.cancel()
                execution.on_unwind.remove(end)
                then(None, execution.unwinding)

        timer = threading.Timer(self._seconds, end)
        timer.daemon = True
        execution.on_unwind.append(end)
        timer.start()
        if execution.unwinding is not None:
            end()

    async def wait(self) -> None:
        """Sleep on the running loop."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(woken.set)

        with suppress(TimeoutError), self._woken_by(wake):
            async with asyncio.timeout(self._seconds):
                await woken.wait()

    @contextmanager
    def _woken_by(self, wake: Callable[[], object]) -> Iterator[None]:
        """Call `wake` if the execution unwinds meanwhile, or does already; then raise what unwinds it."""
        execution = self._execution
        if execution is None:
            yield
            return
        execution.on_unwind.append(wake)
        try:
            if execution.unwinding is not None:
                wake()
            yield
        finally:
            execution.on_unwind.remove(wake)
        execution.check()
