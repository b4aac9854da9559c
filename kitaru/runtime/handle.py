"""``FlowHandle``: what ``.run()`` returns at once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kitaru.errors import KitaruStateError, KitaruTimeoutError
from kitaru.runtime.effects import Awaitable, block, run_async
from kitaru.runtime.execution import current_execution
from kitaru.runtime.failures import cleaned, execution_error
from kitaru.runtime.interrupts import interrupted, noticed
from kitaru.runtime.signals import Stopped, Suspended
from kitaru.stacks.scope import current_call
from kitaru.store.status import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Generator
    from concurrent.futures import Future

    from kitaru.runtime.body import Run
    from kitaru.runtime.engine import Engine
    from kitaru.runtime.execution import Execution

R = TypeVar("R")
ENDED = ("completed", "failed", "cancelled")


class FlowHandle(Generic[R]):
    """An execution, running or not, in this process or elsewhere.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def double(n: int) -> int:
    ...     return 2 * n
    >>> handle = double.run(21)
    >>> handle.wait(timeout=10)
    42
    >>> handle.status
    'completed'
    """

    def __init__(self, engine: Engine, exec_id: str, flow_name: str, run: Run | None = None) -> None:
        self._engine = engine
        self._run = run  # which has the result and the user's own exception, as long as somebody asks for them
        self._exec_id = exec_id
        self._flow_name = flow_name

    def __repr__(self) -> str:
        return f"<execution {self._exec_id} of {self._flow_name}: {self.status}>"

    def __await__(self) -> Generator[Any, Any, R]:
        """Wait without blocking the event loop."""
        return self._await().__await__()

    async def _await(self) -> R:
        with noticed():
            try:
                return await run_async(_outcome(self, None))
            except asyncio.CancelledError as error:
                raise interrupted(error, self) from None

    @property
    def exec_id(self) -> str:
        """Id of the execution, for example ``"kr-4f7q2m9x0c1d"``."""
        return self._exec_id

    @property
    def flow_name(self) -> str:
        """Name of the flow."""
        return self._flow_name

    @property
    def status(self) -> ExecutionStatus:
        """What the store says now: pending, running, waiting, completed, failed, cancelled or interrupted."""
        return ExecutionStatus(self._engine.status(self._exec_id))

    def wait(self, timeout: float | None = None) -> R:
        """Wait for the execution's end and return what the flow returned.

        Parameters
        ----------
        timeout
            Seconds to wait at most; None waits as long as it takes.

        Raises
        ------
        KitaruUserCodeError
            If the flow failed; ``__cause__`` is the user's exception if it happened in this process.
        KitaruCancelledError
            If it was cancelled.
        KitaruStateError
            If it waits for an answer and its runner has let go, or was interrupted; the message has the command.
        KitaruTimeoutError
            If it still runs after `timeout` seconds; it goes on.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def triple(n: int) -> int:
        ...     return 3 * n
        >>> triple.run(14).wait(timeout=10)
        42
        """
        try:
            result: R = block(_outcome(self, timeout))
        except KeyboardInterrupt as error:
            raise interrupted(error, self) from None
        return result

    def get(self) -> R:
        """Return what the flow returned, without waiting; `KitaruStateError` if it has not ended.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def halve(n: int) -> float:
        ...     return n / 2
        >>> handle = halve.run(7)
        >>> handle.wait() == handle.get()
        True
        """
        status = self.status
        if status not in ENDED:
            raise KitaruStateError(f"Execution {self._exec_id} is {status}: use .wait() to wait for its end.")
        result: R = block(_outcome(self, None))
        return result

    def cancel(self, reason: str = "") -> None:
        """Stop the execution. A function that runs on a thread goes on, but what it returns is discarded.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def rest(seconds: float) -> None:
        ...     kitaru.sleep(seconds)
        >>> handle = rest.run(3600)
        >>> handle.cancel("not needed any more")
        >>> handle.status
        'cancelled'
        """
        self._engine.cancel(self._exec_id, reason)


class _End(Awaitable):
    """Wait until the execution has ended or was let go, or until the body that waits for it must stop."""

    __slots__ = ("_end", "_future", "_handle", "_timeout")

    def __init__(
        self, handle: FlowHandle[Any], timeout: float | None, end: float | None, body: Execution | None, asked: bool
    ) -> None:
        self._handle = handle
        self._timeout = timeout
        self._end = end
        source: Future[None] = handle._engine.end_of(handle.exec_id, asked=asked)  # noqa: SLF001
        self._future: Future[None] = source if body is None else body.first_of(source)

    def block(self) -> None:
        try:
            self._future.result(self._left())
        except TimeoutError:
            raise _still_running(self._handle, self._timeout) from None

    async def wait(self) -> None:
        await asyncio.wait_for(asyncio.wrap_future(self._future), self._left())

    def _left(self) -> float | None:
        return None if self._end is None else max(0.0, self._end - time.monotonic())


async def _ended(handle: FlowHandle[Any], seconds: float | None, end: float | None) -> dict[str, Any]:
    """Wait for the end; a body waits for its child even while that waits for an answer."""
    body = current_execution.get() if current_call.get() is None else None
    asked = False
    while True:
        handle._run = handle._engine.runs.get(handle.exec_id) or handle._run  # noqa: SLF001
        await _End(handle, seconds, end, body, asked)
        if body is not None:
            body.check()
        outcome: dict[str, Any] = handle._engine.outcome(handle.exec_id)  # noqa: SLF001
        asked = outcome["status"] == "waiting"
        if outcome["status"] == "interrupted" and body is not None and body.parking.is_set():
            # This process ends, and with it what this body waits for: that is no failure of the body.
            raise body.unwind(Stopped(str(outcome.get("reason") or "")))
        if outcome["status"] not in ("running", "pending", "waiting") or (asked and body is None):
            return outcome
        if asked and body is not None and (body.parking.is_set() or not handle._engine.stays):  # noqa: SLF001
            raise body.unwind(Suspended(f"it waits for {handle.exec_id}, which waits for an answer", handle.exec_id))


def _still_running(handle: FlowHandle[Any], timeout: float | None) -> KitaruTimeoutError:
    text = f"Execution {handle.exec_id} of {handle.flow_name} has not ended after {timeout:g} seconds; it goes on."
    return KitaruTimeoutError(text, exec_id=handle.exec_id, status="running")


async def _outcome(handle: FlowHandle[Any], seconds: float | None) -> Any:
    end = None if seconds is None else time.monotonic() + seconds
    outcome = await _ended(handle, seconds, end)
    status = outcome["status"]
    if status == "completed":
        return outcome["result"]
    if status == "waiting" and outcome.get("child"):
        child = outcome["child"]
        raise KitaruStateError(
            f"Execution {handle.exec_id} of {handle.flow_name} waits for {child}, which it started and which waits for "
            "an answer; no process stays with it. An answer continues both: "
            f"kitaru executions input {child} --value JSON"
        )
    if status == "waiting":
        questions = outcome["questions"]
        asked = "; ".join(f"{name}: {text or 'Go on?'}" for name, text in questions) or "nothing is open any more"
        command = f"kitaru executions {'input' if questions else 'resume'} {handle.exec_id}"
        raise KitaruStateError(
            f"Execution {handle.exec_id} of {handle.flow_name} waits for an answer ({asked}) and no process stays with "
            f"it. An answer continues it: {command}{' --value JSON' if questions else ''}"
        )
    error = execution_error(
        handle.exec_id, handle.flow_name, status, outcome.get("failure"), outcome.get("reason") or ""
    )
    cause = outcome.get("error")
    if cause is not None:
        raise error from cleaned(cause)
    raise error
