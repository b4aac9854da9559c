"""The effects that a call needs: its outcome written, its function run, a pause between attempts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from kitaru.runtime.effects import Awaitable

if TYPE_CHECKING:
    from concurrent.futures import Future

    from kitaru.runtime.calls import Call
    from kitaru.runtime.execution import Execution


class Commit(Awaitable):
    """Write an event; over when it is on disk."""

    __slots__ = ("_event", "_execution")

    def __init__(
        self, execution: Execution, kind: str, body: dict[str, Any], call: str | None = None, attempt: int | None = None
    ) -> None:
        self._execution = execution
        self._event = execution.event(kind, body, call, attempt)

    def block(self) -> int:
        """Write it from this thread."""
        return self._execution.outbox.commit([self._event])

    def start(self) -> Future[int]:
        """Hand it to the outbox."""
        return self._execution.outbox.submit([self._event])


class Invoke(Awaitable):
    """Run one attempt of a call where its stack says."""

    __slots__ = ("_attempt", "_call")

    def __init__(self, call: Call, attempt: int) -> None:
        self._call = call
        self._attempt = attempt

    def block(self) -> Any:
        """Run it and return what the function returns."""
        return self._call.execution.workplace.run(self._call, self._attempt)

    def start(self) -> Future[Any]:
        """Run it; a plain function runs right here, on the pool's thread."""
        return self._call.execution.workplace.start(self._call, self._attempt)

    async def wait(self) -> Any:
        """Await it on the running loop."""
        return await self._call.execution.workplace.run_async(self._call, self._attempt)


class Pause(Awaitable):
    """Sleep for some seconds, unless the execution unwinds."""

    __slots__ = ("_execution", "_seconds")

    def __init__(self, execution: Execution, seconds: float) -> None:
        self._execution = execution
        self._seconds = seconds

    def block(self) -> None:
        """Sleep on this thread."""
        woken = threading.Event()
        self._execution.on_unwind.append(woken.set)
        woken.wait(self._seconds)
        self._execution.on_unwind.remove(woken.set)
        self._execution.check()

    def start(self) -> Future[None]:
        """Sleep without holding a thread of the pool."""
        from concurrent.futures import Future

        done: Future[None] = Future()
        timer = threading.Timer(self._seconds, lambda: done.done() or done.set_result(None))
        timer.daemon = True
        timer.start()
        return done
