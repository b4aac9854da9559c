"""One call that waits for a worker process or runs in one."""

from __future__ import annotations

import contextlib
import pickle
import threading
from concurrent.futures import Future, InvalidStateError
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Literal

from kitaru.errors import FailureOrigin, KitaruSerializationError, KitaruTimeoutError
from kitaru.stacks.capture import shown_in_views
from kitaru.stacks.echo import echo
from kitaru.stacks.log_lines import LogLines
from kitaru.stacks.outcome import decode_error
from kitaru.stacks.worker_process import death
from kitaru.store.events import LOG_WRITTEN

if TYPE_CHECKING:
    from kitaru.stacks.base import Task
    from kitaru.stacks.scope import Emit
    from kitaru.stacks.surroundings import Message
    from kitaru.stacks.worker_process import WorkerProcess

Ending = Literal["answered", "retired", "not started"]


class IsolatedCall:
    """A task with its future; knows the process that it runs in, so that it can be stopped.

    The future stays pending until the call is over: that is what lets ``Future.cancel()``
    succeed while the call runs.
    """

    def __init__(self, task: Task, payload: bytes, memory: int | None, emit: Emit, *, show: bool) -> None:
        self.future: Future[Any] = Future()
        self.future.add_done_callback(self._on_done)
        self._name = task.info.call
        self._exec_id = task.info.exec_id
        self._timeout = task.timeout
        self._payload = payload
        self._memory = memory
        self._user_emit = emit
        self._show = show
        self._context = copy_context()
        self._lock = threading.Lock()
        self._worker: WorkerProcess | None = None
        self._ran_out_of_time = False

    def run_in(self, worker: WorkerProcess) -> Ending:
        """Run on a worker that is ready.

        Returns
        -------
        str
            ``"answered"``: the worker can take the next call. ``"retired"``: this call is over and so is
            the worker. ``"not started"``: the worker is over before the user's code began.
        """
        with self._lock:
            self._worker = worker
            if self.future.done():
                self._worker = None
                return "answered"
        timer = self._start_timer()
        try:
            return self._context.run(self._converse, worker)
        finally:
            with self._lock:
                self._worker = None
            if timer is not None:
                timer.cancel()

    def fail(self, error: BaseException) -> None:
        with contextlib.suppress(InvalidStateError):  # cancelled a moment ago
            self.future.set_exception(error)

    def _converse(self, worker: WorkerProcess) -> Ending:
        started = False
        message: Message | None = None
        if worker.send_call(self._payload, self._memory, self._name):
            while (message := worker.receive()) is not None:
                if message[0] == "started":
                    started = True
                elif message[0] == "emit":
                    self._emit(message[1], message[2])
                else:
                    break
        if message is None:
            return self._on_death(worker, started=started)
        if message[0] == "stale":
            worker.end()
            return "not started"
        self._settle(worker, message)
        return "answered"

    def _settle(self, worker: WorkerProcess, message: Message) -> None:
        # From here on a timer or a cancellation must not reach the worker, which is free for another call.
        with self._lock:
            self._worker = None
        self._report_output(worker.output())
        if message[0] == "raised":
            self.fail(decode_error(message[1], self._name))
            return
        try:
            value = pickle.loads(message[1])  # noqa: S301 - from a process of this user
        except Exception as problem:  # __setstate__ of the user's class may raise anything
            error = KitaruSerializationError(
                f"The return value of call {self._name!r} cannot be read back from its process "
                f"({type(problem).__name__}: {problem}). Return plain data instead."
            )
            error.__cause__ = problem
            self.fail(error)
            return
        with contextlib.suppress(InvalidStateError):
            self.future.set_result(value)

    def _on_death(self, worker: WorkerProcess, *, started: bool) -> Ending:
        with self._lock:
            self._worker = None
        code = worker.end()
        if not started and not self._ran_out_of_time and not self.future.done():
            return "not started"
        output = worker.output()
        self._report_output(output)
        if self._ran_out_of_time:
            self.fail(
                KitaruTimeoutError(
                    f"Call {self._name!r} was killed after its time limit of {self._timeout:g} s. "
                    "Raise timeout= of its checkpoint, or let it do less.",
                    failure_origin=FailureOrigin.USER_CODE,
                )
            )
        else:
            self.fail(death(code, output, self._name, self._memory))
        return "retired"

    def _emit(self, kind: str, data: bytes) -> None:
        if not self.future.done():
            self._pass_on(kind, pickle.loads(data))  # noqa: S301 - from a process of this user

    def _pass_on(self, kind: str, body: dict[str, Any]) -> None:
        if self._show and kind == LOG_WRITTEN and self._exec_id not in shown_in_views:
            echo(body["lines"])
        self._user_emit(kind, body)

    def _report_output(self, text: str) -> None:
        """Report what C code and child processes printed."""
        if text and not self.future.done():
            lines = LogLines(self._pass_on)
            lines.write("stderr", text)
            lines.close()

    def _start_timer(self) -> threading.Timer | None:
        if self._timeout is None:
            return None
        timer = threading.Timer(self._timeout, self._on_timeout)
        timer.daemon = True
        timer.start()
        return timer

    def _on_timeout(self) -> None:
        with self._lock:
            if self._worker is not None:
                self._ran_out_of_time = True
                self._worker.kill()

    def _on_done(self, future: Future[Any]) -> None:
        if not future.cancelled():
            return
        with self._lock:
            if self._worker is not None:
                self._worker.kill()
        # Tells those who wait in concurrent.futures.wait() or as_completed().
        future.set_running_or_notify_cancel()
