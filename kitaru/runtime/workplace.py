"""Runs the attempts of one execution's calls: on this thread, on a pool of threads, or isolated."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruTimeoutError
from kitaru.runtime.calls import scope_of, task_of
from kitaru.stacks.capture import capture
from kitaru.stacks.scope import current_call
from kitaru.stacks.threads import Threads

if TYPE_CHECKING:
    from kitaru.runtime.calls import Call
    from kitaru.runtime.effects import Then
    from kitaru.stacks.base import Stack, Task
    from kitaru.stacks.scope import CallScope

_threads: Threads | None = None
# Calls with a deadline run on threads of their own while a thread of the pool watches the time: taken from the same
# pool, the watchers would leave no thread for what they watch. As many watch as there are pool and body threads.
_timed = Threads(max_workers=1_000_000, name="kitaru-timed")
_starting = threading.Lock()


def threads() -> Threads:
    """The process's pool of kernel threads for ``.submit`` and ``.map``."""
    global _threads
    if _threads is None:
        with _starting:
            if _threads is None:
                _threads = Threads()
    return _threads


class Workplace:
    """Where the calls of one execution run.

    Parameters
    ----------
    runtime
        What calls do that say nothing themselves: ``"inline"`` or ``"isolated"``.
    isolated
        Runs isolated calls.
    """

    def __init__(self, runtime: str, isolated: Stack) -> None:
        self.runtime = runtime
        self._isolated = isolated
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, call: Call, attempt: int) -> Any:
        """Run an attempt from this thread and return what the function returns."""
        task = task_of(call, attempt)
        scope = scope_of(call, task)
        if self._is_isolated(call):
            return self._wait_isolated(call, task, scope)
        if call.spec.is_async:
            return self._on_loop(task, scope).result()
        if task.timeout is not None:
            return self._with_deadline(task, scope)
        return run_inline(task, scope)

    def start(self, call: Call, attempt: int, then: Then) -> None:
        """Run an attempt for the pool: a plain function right here, everything else elsewhere."""
        task = task_of(call, attempt)
        scope = scope_of(call, task)
        if self._is_isolated(call):
            _when_done(self._submit_isolated(call, task, scope), then)
        elif call.spec.is_async:
            _when_done(self._on_loop(task, scope), then)
        else:
            try:
                result = self._with_deadline(task, scope) if task.timeout is not None else run_inline(task, scope)
            except BaseException as error:
                then(None, error)
            else:
                then(result, None)

    async def run_async(self, call: Call, attempt: int) -> Any:
        """Await an attempt on the running loop."""
        task = task_of(call, attempt)
        scope = scope_of(call, task)
        if self._is_isolated(call):
            return await asyncio.wrap_future(self._submit_isolated(call, task, scope))
        if not call.spec.is_async:
            return await asyncio.wrap_future(_on_thread(task, scope))
        return await run_coroutine(task, scope)

    def _is_isolated(self, call: Call) -> bool:
        return (call.spec.runtime or self.runtime) == "isolated"

    def _submit_isolated(self, call: Call, task: Task, scope: CallScope) -> Future[Any]:
        future = self._isolated.submit(task, scope.emit)
        call.execution.on_stop.append(future.cancel)
        future.add_done_callback(lambda _: call.execution.on_stop.remove(future.cancel))
        return future

    def _wait_isolated(self, call: Call, task: Task, scope: CallScope) -> Any:
        future = self._submit_isolated(call, task, scope)
        try:
            return future.result()
        finally:
            call.execution.check_stopped()

    def _with_deadline(self, task: Task, scope: CallScope) -> Any:
        done = _on_thread(task, scope)
        try:
            return done.result(task.timeout)
        except FutureTimeoutError:
            if done.done():
                raise
            raise timed_out(task, still_running=True) from None

    def _on_loop(self, task: Task, scope: CallScope) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(run_coroutine(task, scope), self._side_loop())

    def _side_loop(self) -> asyncio.AbstractEventLoop:
        """The loop for async checkpoints that sync code calls; it has a thread of its own."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run_loop, args=(self._loop,), name="kitaru-loop", daemon=True).start()
            return self._loop

    def close(self) -> None:
        """Stop the loop, if there is one."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None


def _on_thread(task: Task, scope: CallScope) -> Future[Any]:
    """Run a plain function on a thread of its own; the future cannot be cancelled, as the thread cannot."""
    done: Future[Any] = Future()
    done.set_running_or_notify_cancel()
    context = copy_context()

    def work() -> None:
        try:
            result = context.run(run_inline, task, scope)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(result)

    _timed.start(work)
    return done


def _when_done(future: Future[Any], then: Then) -> None:
    def done(future: Future[Any]) -> None:
        error = CancelledError() if future.cancelled() else future.exception()
        then(None if error else future.result(), error)

    future.add_done_callback(done)


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


def run_inline(task: Task, scope: CallScope) -> Any:
    """Run a plain function on this thread, with its scope set and its output captured."""
    token = current_call.set(scope)
    try:
        with capture(scope):
            return task.function(*task.args, **task.kwargs)
    finally:
        current_call.reset(token)


async def run_coroutine(task: Task, scope: CallScope) -> Any:
    """Await a coroutine function, with its scope set, its output captured and its time limited."""
    token = current_call.set(scope)
    try:
        with capture(scope):
            async with asyncio.timeout(task.timeout) as limit:
                return await task.function(*task.args, **task.kwargs)
    except TimeoutError:
        if limit.expired():
            raise timed_out(task, still_running=False) from None
        raise
    finally:
        current_call.reset(token)


def timed_out(task: Task, *, still_running: bool) -> KitaruTimeoutError:
    """Say which call ran out of time, and whether its thread lives on."""
    rest = (
        " Threads cannot be killed: the function still runs, and what it returns is discarded. With "
        "@checkpoint(runtime='isolated') it would be killed."
        if still_running
        else ""
    )
    return KitaruTimeoutError(
        f"Checkpoint {task.info.call!r} of execution {task.info.exec_id} took longer than its timeout of "
        f"{task.timeout:g} seconds.{rest}",
        exec_id=task.info.exec_id,
    )
