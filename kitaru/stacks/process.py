"""Runs checkpoints in processes of their own, which can crash, be limited and be killed alone."""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruRuntimeError, KitaruStateError, KitaruUsageError
from kitaru.stacks.isolated_call import IsolatedCall
from kitaru.stacks.memory import check_supported
from kitaru.stacks.outcome import encode_task
from kitaru.stacks.threads import Threads
from kitaru.stacks.worker_process import WorkerProcess

if TYPE_CHECKING:
    from kitaru.stacks.base import Task
    from kitaru.stacks.scope import Emit

WORKERS_VARIABLE: Final = "KITARU_PROCESS_WORKERS"
_STARTS: Final = 3


class ProcessStack:
    """A pool of worker processes; each runs one call at a time and is used again.

    A process that dies takes its own call with it and no other. The pool is not one of
    `multiprocessing`: nothing is shared between workers that a dying one could leave locked, and
    the user's ``__main__`` is never imported again.

    Parameters
    ----------
    workers
        The most processes at a time; None takes ``KITARU_PROCESS_WORKERS``, else one for each processor.
        They are started when they are needed.
    memory
        Bytes that a call may take beyond what its process holds, where its checkpoint names no limit.
    show
        Whether what calls print appears in this process too. It is recorded in any case.

    Raises
    ------
    KitaruUsageError
        If `workers` is below 1.

    Examples
    --------
    >>> from kitaru.stacks.base import Task
    >>> from kitaru.stacks.scope import CallInfo
    >>> stack = ProcessStack(workers=1)
    >>> task = Task(pow, (2, 10), {}, CallInfo("kr-1", "flow", "power", "power", 1, "key"))
    >>> stack.submit(task, lambda kind, body: None).result(timeout=30)
    1024
    >>> stack.close()
    """

    name: str = "process"

    def __init__(self, workers: int | None = None, *, memory: int | None = None, show: bool = True) -> None:
        self._size = _pool_size(workers)
        self._memory = memory
        self._show = show
        self._threads = Threads(self._size, name="kitaru-process")
        self._lock = threading.Lock()
        self._waiting: deque[IsolatedCall] = deque()
        self._idle: list[WorkerProcess] = []
        self._workers: set[WorkerProcess] = set()
        self._busy = 0
        self._is_closed = False
        self._owner = os.getpid()
        atexit.register(self.close)

    def submit(self, task: Task, emit: Emit) -> Future[Any]:
        """Run a task in a worker process as soon as one is free.

        Parameters
        ----------
        task
            Its function and arguments travel by cloudpickle, now.
        emit
            Gets what the call reports, in order, on a thread of the stack.

        Returns
        -------
        Future
            Its error is the one that the function raised, with the other process' traceback as cause;
            `KitaruTimeoutError` if the time limit ran out; `KitaruExecutionError` if the process died or
            went over its memory limit; `KitaruSerializationError` if something cannot be pickled.
            Cancelling it kills the process, also while the call runs.

        Raises
        ------
        KitaruStateError
            If the stack is closed, or belongs to a process that forked this one.
        """
        self._check_open()
        memory = task.memory or self._memory
        try:
            if memory is not None:
                check_supported()
            parts = {
                "function": task.function,
                "args": tuple(task.args),
                "kwargs": dict(task.kwargs),
                "info": task.info,
            }
            payload = encode_task(parts, task.info.call)
        except Exception as error:  # __reduce__ of the user's class may raise anything
            failed: Future[Any] = Future()
            failed.set_exception(error)
            return failed
        call = IsolatedCall(task, payload, memory, emit, show=self._show)
        self._enqueue(call)
        return call.future

    def warm(self, count: int = 1) -> None:
        """Start workers ahead of the first call, in the background, up to the size of the pool."""
        self._check_open()
        for _ in range(min(count, self._size)):
            self._threads.start(self._start_idle)

    def close(self) -> None:
        """Stop every process of the stack; calls that run are killed, calls that wait are cancelled."""
        atexit.unregister(self.close)
        if self._owner != os.getpid():
            return
        with self._lock:
            self._is_closed = True
            waiting, workers = list(self._waiting), list(self._workers)
            idle, self._idle = set(self._idle), []
            self._waiting.clear()
        for call in waiting:
            call.future.cancel()
        for worker in workers:
            worker.hang_up() if worker in idle else worker.kill()
        for worker in workers:
            # The thread that reads from a busy one sees its end, and discards it.
            self._discard(worker) if worker in idle else worker.await_death()

    def is_usable(self) -> bool:
        """Whether this process can submit calls: the stack is open and was not inherited by a fork."""
        return not self._is_closed and self._owner == os.getpid()

    def __enter__(self) -> ProcessStack:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise KitaruStateError("The process stack is closed. Make another ProcessStack.")
        if self._owner != os.getpid():
            raise KitaruStateError(
                "This process was forked from one that uses a process stack. Make a stack of its own."
            )

    def _enqueue(self, call: IsolatedCall) -> None:
        with self._lock:
            self._waiting.append(call)
            if self._busy == self._size:
                return
            self._busy += 1
        self._threads.start(self._serve)

    def _serve(self) -> None:
        """Take waiting calls, one after another, until none waits."""
        while (call := self._next()) is not None:
            try:
                self._run(call)
            except BaseException as error:  # Of emit(), or no process can be started: the call fails
                call.fail(error)

    def _next(self) -> IsolatedCall | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._busy -= 1
            return None

    def _run(self, call: IsolatedCall) -> None:
        for _ in range(_STARTS):
            if call.future.done():
                return
            worker = self._take_worker()
            ending = "retired"
            try:
                ending = call.run_in(worker)
            finally:
                # After an error of emit() the rest of the answer is still in the pipe.
                self._put_back(worker) if ending == "answered" else self._discard(worker)
            if ending != "not started":
                return
        call.fail(
            KitaruRuntimeError(
                f"{_STARTS} worker processes in a row ended before a call began. Importing what the call needs may "
                "crash them, or something kills them: look at the memory that is free."
            )
        )

    def _take_worker(self) -> WorkerProcess:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._start_worker()
            if worker.is_alive():
                return worker
            self._discard(worker)

    def _start_worker(self) -> WorkerProcess:
        worker = WorkerProcess()
        with self._lock:
            self._workers.add(worker)
        try:
            worker.wait_ready()
        except BaseException:
            self._discard(worker)
            raise
        return worker

    def _start_idle(self) -> None:
        with self._lock:
            if len(self._workers) >= self._size:
                return
        self._put_back(self._start_worker())

    def _put_back(self, worker: WorkerProcess) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(worker)
                return
        self._discard(worker)

    def _discard(self, worker: WorkerProcess) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.end()
        worker.close_output()


def _pool_size(workers: int | None) -> int:
    text = os.environ.get(WORKERS_VARIABLE, "").strip()
    if workers is None and text:
        if not text.isdecimal():
            raise KitaruUsageError(f"{WORKERS_VARIABLE} is {text!r}; set it to a number of processes, 1 or more.")
        workers = int(text)
    if workers is not None and workers < 1:
        raise KitaruUsageError(f"A process stack needs 1 worker or more, not {workers}.")
    return workers or os.cpu_count() or 1
