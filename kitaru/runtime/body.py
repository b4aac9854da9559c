"""One run of a flow's body in this process, from claim to end."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruConflictError, KitaruError
from kitaru.runtime.execution import current_execution
from kitaru.runtime.failures import describe
from kitaru.runtime.futures import resolved
from kitaru.runtime.lineage import Returned
from kitaru.runtime.parameters import spread
from kitaru.runtime.signals import Stopped, Suspended, Unwind
from kitaru.runtime.values import encode
from kitaru.stacks.scope import current_call
from kitaru.store import events as kinds
from kitaru.store.events import ENDED

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from kitaru.runtime.engine import Engine
    from kitaru.runtime.execution import Execution
    from kitaru.runtime.flow import Flow
    from kitaru.store.events import Event
    from kitaru.store.protocol import Expect


class Run:
    """A body at work; `done` when it has ended or was let go, `outcome` says how.

    Parameters
    ----------
    engine
        Whose run it is; asked to continue when an answer comes after the runner let go.
    execution, flow, arguments
        What is run.
    """

    def __init__(self, engine: Engine, execution: Execution, flow: Flow[..., Any], arguments: dict[str, Any]) -> None:
        self.engine = engine
        self.execution = execution
        self.flow = flow
        self.arguments = arguments
        self.done: Future[None] = Future()
        self.outcome: dict[str, Any] | None = None
        self._continuing = threading.Lock()
        self._inbox = threading.Lock()
        self._early: list[Event] | None = []
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._main,), name=f"kitaru-{execution.exec_id}", daemon=True
        )

    @property
    def alive(self) -> bool:
        """Whether the body still runs."""
        return not self.done.done()

    @property
    def let_go(self) -> bool:
        """Whether the body stopped before the execution's end, so that the record knows more than this run."""
        return self.outcome is not None and (
            self.outcome["status"] == "waiting" or isinstance(self.outcome.get("error"), KitaruConflictError)
        )

    def start(self) -> None:
        """Run the body on its own thread."""
        with self._inbox:
            early, self._early = self._early or [], None
        for event in early:
            self._take_in(event)
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the body's thread."""
        self._thread.join(timeout)

    def on_event(self, event: Event) -> None:
        """Hear what others wrote about this execution; what comes before the record is read is kept until then."""
        with self._inbox:
            if self._early is not None:
                self._early.append(event)
                return
        self._take_in(event)

    def _take_in(self, event: Event) -> None:
        kind, execution = event["kind"], self.execution
        if kind in (kinds.WAIT_ANSWERED, kinds.WAIT_ABORTED):
            self._answered(event)
        elif kind == kinds.CANCELLED:
            self._cancelled(event)
        elif kind == kinds.CLAIMED and event.get("epoch", 0) > execution.epoch:
            execution.unwind(Stopped(f"execution {execution.exec_id} was taken over by another runner"))
            if not self.alive:
                self._forget()

    def _answered(self, event: Event) -> None:
        asked = self.execution.history.waits.get(event["body"]["wait"])
        if asked is not None:
            with self.execution.news:
                if asked.status in ("new", "pending"):
                    aborted = event["kind"] == kinds.WAIT_ABORTED
                    asked.value, asked.status = event["body"].get("value"), "aborted" if aborted else "answered"
            self.execution.wake()
        if not self.alive:
            self._continue_if_answered()

    def _continue_if_answered(self) -> None:
        """Go on, once, if the answer came while the body let go or after."""
        waiting = self.outcome is not None and self.outcome["status"] == "waiting" and not self.outcome.get("child")
        pending = any(wait.status != "answered" for wait in self.execution.history.waits.values())
        if waiting and not pending and self._continuing.acquire(blocking=False):
            threading.Thread(target=self._go_on, name="kitaru-resume", daemon=True).start()

    def _go_on(self) -> None:
        """Continue an execution that this process had let go; another runner may be faster, and that is fine."""
        try:
            self.engine.resume(self.execution.exec_id, self.flow)
        except KitaruError as error:
            sys.stderr.write(f"{self.execution.exec_id} was answered but does not go on here: {error}\n")
        self.engine.hub.forget(self.execution.exec_id, self.on_event)

    def _cancelled(self, event: Event) -> None:
        self.execution.cancel(event["body"].get("reason") or "")
        if self.alive:
            self._end({"status": "cancelled", "reason": self.execution.cancel_reason})
        else:
            self._forget()

    def _main(self) -> None:
        # The thread has a copy of the starter's context, which may itself be a call of another execution.
        current_call.set(None)
        current_execution.set(self.execution)
        try:
            outcome = self._attempts()
        except Unwind as signal:
            outcome = self._let_go(signal)
        except BaseException as error:
            outcome = {"status": "interrupted", "error": error, "reason": str(error)}
            sys.stderr.write(f"{self.execution.exec_id}: the end of the execution could not be recorded: {error}\n")
        finally:
            self.execution.workplace.close()
        if outcome["status"] in ENDED and self.execution.parent is not None and self.execution.epoch > 1:
            self._continue_waiting(self.execution.parent)
        child = outcome.get("child")
        # It may have ended while this one let go, when it saw this one still run.
        goes_on = child is not None and self.engine.status(child) in ENDED
        self._end(outcome)
        self._continue_if_answered()
        if goes_on:
            self._continue_waiting(self.execution.exec_id)

    def _continue_waiting(self, exec_id: str) -> None:
        try:
            self.engine.go_on(exec_id)
        except KitaruError as error:
            sys.stderr.write(f"{exec_id} waited for a flow that ended but does not go on here: {error}\n")

    def _end(self, outcome: dict[str, Any]) -> None:
        if self.done.done():
            return
        self.outcome = outcome
        if outcome["status"] != "waiting":
            self._forget()
        self.done.set_result(None)

    def _forget(self) -> None:
        """Let this process forget the run: nothing that is heard can matter to it any more."""
        self.engine.hub.forget(self.execution.exec_id, self.on_event)
        self.engine.runs.ended(self)

    def _attempts(self) -> dict[str, Any]:
        from kitaru.runtime.recorded import history_from

        execution = self.execution
        while True:
            try:
                return self._completed(self._once())
            except Unwind as signal:
                return self._unwound(signal)
            except BaseException as error:
                if execution.unwinding is not None:
                    return self._unwound(execution.unwinding)
                if execution.history.attempts >= execution.settings.retries or not isinstance(error, Exception):
                    return self._failed(error)
                attempts = execution.history.attempts + 1
                execution.post(kinds.EXECUTION_LOGGED, {"metadata": {"kitaru_flow_retries": attempts}})
                execution.outbox.flush()
                recorded = self.engine.store.read("history", exec_id=execution.exec_id)
                execution.history = history_from(recorded, execution.settings.on_divergence)
                execution.history.attempts = attempts
                execution.again = True
                execution.sequence, execution.returned = 0, Returned()
                execution.counters.clear()
                if execution.plan is not None:
                    execution.plan.start_over()
                execution.futures.clear()

    def _once(self) -> Any:
        args, kwargs = spread(self.flow, dict(self.arguments))
        try:
            with self._output():
                if self.flow.is_async:
                    result = asyncio.run(self._coroutine(args, kwargs))
                else:
                    result = self.flow.function(*args, **kwargs)
            result = resolved(result)
        finally:
            self._drain()
        self.execution.check()
        for future in list(self.execution.futures):
            future.result()
        return result

    def _output(self) -> AbstractContextManager[Any]:
        """Record what the body itself prints, where nobody looks at the process that it runs in."""
        if not self.engine.records_bodies:
            return nullcontext()
        from kitaru.stacks.capture import capture
        from kitaru.stacks.scope import CallInfo, CallScope

        execution = self.execution
        return capture(CallScope(CallInfo(execution.exec_id, self.flow.name, "", "", 0, ""), execution.post))

    async def _coroutine(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        execution = self.execution
        execution.loop = asyncio.get_running_loop()
        try:
            return await self.flow.function(*args, **kwargs)
        finally:
            # A flow that is let go keeps what its calls in flight return; the end of the loop would cancel them.
            while execution.tasks and isinstance(execution.unwinding, Suspended):
                await asyncio.wait(list(execution.tasks))
            execution.loop = None

    def _drain(self) -> None:
        """Wait for calls that the body started and did not wait for."""
        for future in list(self.execution.futures):
            future.exception()

    def _completed(self, result: Any) -> dict[str, Any]:
        output = encode(result, self.execution.payloads)
        self._record_end(kinds.COMPLETED, {"output": output})
        return {"status": "completed", "result": result}

    def _failed(self, error: BaseException) -> dict[str, Any]:
        failure = describe(error)
        self._record_end(kinds.FAILED, {"failure": failure, "call": None})
        return {"status": "failed", "error": error, "failure": failure}

    def _record_end(self, kind: str, body: dict[str, Any]) -> None:
        """Write how the body ended, unless somebody cancelled the execution or took it over meanwhile."""
        execution = self.execution
        try:
            execution.commit(kind, body, {"exec_id": execution.exec_id, "statuses": ["running", "waiting"]})
        except KitaruError as error:
            raise execution.lost(error) from error

    def _unwound(self, signal: Unwind) -> dict[str, Any]:
        execution = self.execution
        if isinstance(signal, Suspended) and not execution.stopped:
            asked = [wait for wait in execution.history.waits.values() if wait.status == "pending"]
            self._record_end(kinds.SUSPENDED, {"wait": None if signal.child else str(signal), "child": signal.child})
            questions = [(wait.name, wait.question) for wait in asked]
            return {"status": "waiting", "questions": questions, "child": signal.child}
        if any(wait.status == "aborted" for wait in execution.history.waits.values()):
            self._record_end(kinds.CANCELLED, {"reason": str(signal)})
            return {"status": "cancelled", "reason": str(signal)}
        return self._let_go(execution.unwinding or signal)

    def _let_go(self, signal: Unwind) -> dict[str, Any]:
        execution = self.execution
        if execution.cancel_wanted.is_set():
            return {"status": "cancelled", "reason": execution.cancel_reason}
        if signal.__cause__ is None:
            # If this cannot be written the store finds out by itself, as it does when a runner is killed.
            with suppress(KitaruError):
                still: Expect = {"exec_id": execution.exec_id, "statuses": ["running", "waiting"]}
                execution.commit(kinds.INTERRUPTED, {"reason": str(signal)}, still)
        sys.stderr.write(f"{execution.exec_id} of {execution.flow_name} stopped here: {signal}\n")
        return {"status": "interrupted", "reason": str(signal), "error": signal.__cause__}
