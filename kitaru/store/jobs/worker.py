"""A worker: takes jobs from a store and has each done by a process of its own."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.errors import KitaruError, KitaruUsageError
from kitaru.store import events as kinds
from kitaru.store.home import find_home
from kitaru.store.jobs.environments import Interpreters
from kitaru.store.jobs.posting import never_began
from kitaru.store.jobs.process import JobProcess
from kitaru.store.jobs.queue import Queue, Waiting
from kitaru.store.runner import runner_identity
from kitaru.store.service.wire import error_body

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kitaru.store.events import Event, Runner
    from kitaru.store.protocol import Batch, Store

LIMIT: Final = 8
"""How many jobs one worker does at once, unless it is told."""

WARM_SECONDS: Final = 600.0
"""For how long after a job a worker keeps a process ready for the next one."""

_AHEAD: Final = 2.0
"""Seconds before a job may begin from which on a process is made ready for it."""

_PAUSE: Final = 1.0

_AT_ONCE: Final = max(2, os.cpu_count() or 1)
"""How many processes get ready at the same time: more of them would all be ready later, and the store as well."""

_SLOW: Final = 10.0
"""Seconds after which one that is not ready yet keeps no other one waiting."""

_log = logging.getLogger(__name__)


class Worker:
    """Claims jobs and starts processes, a bounded number at once.

    A job is claimed in the name of the process that is to do it, when that is ready: so the store sees at once if it
    dies, whatever becomes of the worker. A worker that dies leaves its processes at work.

    Parameters
    ----------
    store
        Where the jobs are.
    environment
        Of the processes; it says how they find the store.
    limit
        How many jobs it does at once.
    umask
        Of the processes; -1 for that of this one.
    name
        What to call it.
    stays_warm
        Whether a process is always ready, and not only for some time after a job.
    home
        Where environments are kept that are built for jobs; this process's home if not given.
    """

    def __init__(
        self,
        store: Store,
        environment: Mapping[str, str],
        *,
        limit: int = LIMIT,
        umask: int = -1,
        name: str = "worker",
        stays_warm: bool = False,
        home: Path | None = None,
    ) -> None:
        if isinstance(limit, bool) or limit < 1:
            raise KitaruUsageError(f"A worker's limit is a number of jobs, 1 or more; it is {limit!r}.")
        self._store = store
        self._environment = environment
        self._limit = limit
        self._umask = umask
        self._name = f"{name} on {socket.gethostname()} (pid {os.getpid()})"
        self._warm_until = float("inf") if stays_warm else 0.0
        self._processes: list[JobProcess] = []
        self._usual = sys.executable
        """The interpreter that is kept ready: that of the last job."""
        self.taken = 0
        """How many jobs it has claimed so far."""
        self._cancelled: deque[str] = deque()
        self._changed = threading.Event()
        self._idle = threading.Event()
        self._idle_since = 0.0
        self._draining = threading.Event()
        self._closed = threading.Event()
        self._queue = Queue(store, self._on_change)
        self._interpreters = Interpreters(home or find_home(), self._on_change)
        self._thread = threading.Thread(target=self._run, name="kitaru-worker", daemon=True)

    def start(self) -> None:
        """Begin to work, in the background."""
        self._queue.start()
        self._thread.start()

    def drain(self) -> int:
        """Take no further job; return how many are still being done."""
        self._draining.set()
        self._changed.set()
        return len(self._busy())

    def wait_until_idle(self, timeout: float | None = None, *, linger: float = 0.0) -> bool:
        """Wait until there is nothing that this worker may do, and was nothing for `linger` seconds."""
        while self._idle.wait(timeout):
            idle_since = self._idle_since
            self._closed.wait(max(0.0, idle_since + linger - time.monotonic()))
            if self._idle.is_set() and self._idle_since == idle_since:
                return True
        return False

    def stop_jobs(self) -> None:
        """Stop what is being done, and queue it again for others."""
        for process in self._busy():
            job = process.job
            assert job is not None
            body = {"job_id": job.job_id, "attempt": job.attempts, "reason": f"{self._name} was told to stop"}
            # First, so that the process's own last word comes too late: others go on with the job.
            self._append([_event(kinds.JOB_RELEASED, job, body)])
            process.stop()

    def close(self) -> None:
        """Take no further job; processes that have one go on by themselves."""
        self._closed.set()
        self._changed.set()
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join()
        for process in self._processes:
            process.close()

    def _on_change(self, cancelled: str | None = None) -> None:
        if cancelled is not None:
            self._cancelled.append(cancelled)
        self._idle.clear()
        self._changed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._changed.clear()
            pause: float | None = _PAUSE
            try:
                pause = self._turn()
            except KitaruError:
                _log.exception("the store does not answer; the worker tries again")
            self._changed.wait(pause)

    def _turn(self) -> float | None:
        """Bring jobs and processes together; return after how many seconds to look again."""
        self._collect()
        if self._draining.is_set():
            for process in self._processes:
                if process.is_ready:
                    process.dismiss()
            self._note_idle([])
            return None
        waiting, now = self._queue.waiting(), time.time()
        able = self._with_interpreter(waiting)
        for process in [process for process in self._processes if process.is_ready]:
            self._find_job(process, [job for job in able if job.is_queued and job.after <= now])
        self._make_ready([job for job in able if job.is_queued and job.after <= now + _AHEAD])
        self._note_idle(waiting)
        late = [_SLOW - process.age for process in self._starting()] if able else []
        return self._pause([*late, *(job.after - now for job in waiting if job.is_queued and job.after > now)])

    def _with_interpreter(self, jobs: list[Waiting]) -> list[Waiting]:
        """Return the jobs that can be begun as soon as there is a process; fail those that never can."""
        found = []
        for job in jobs:
            try:
                job.python = self._interpreters.of(job.interpreter or sys.executable, job.requirements)
            except KitaruError as error:
                self._fail(job, orjson.loads(error_body(error))["error"])
            else:
                if job.python is not None:
                    found.append(job)
        return found

    def _pause(self, until: list[float]) -> float | None:
        left = self._warm_until - time.monotonic()
        if 0 < left < float("inf"):
            until = [*until, left]
        return max(0.0, min(until)) if until else None

    def _note_idle(self, waiting: list[Waiting]) -> None:
        if self._queue.read.is_set() and not self._busy() and not any(job.is_queued for job in waiting):
            if not self._idle.is_set():
                self._idle_since = time.monotonic()
            self._idle.set()

    def _busy(self) -> list[JobProcess]:
        return [process for process in self._processes if process.is_busy]

    def _collect(self) -> None:
        for process in [process for process in self._processes if process.status is not None]:
            self._processes.remove(process)
            if process.job is not None:
                _log.info("%s: process %d ended with %d", process.job.target, process.pid, process.status)
            elif process.runner is None:
                self._not_started(process.interpreter, f"it ended at once with status {process.status}", process)
            process.close()
        while self._cancelled:
            job_id = self._cancelled.popleft()
            for process in self._busy():
                if process.job is not None and process.job.job_id == job_id:
                    process.stop()

    def _find_job(self, process: JobProcess, jobs: list[Waiting]) -> None:
        assert process.runner is not None
        for job in jobs:
            if job.python == process.interpreter and len(self._busy()) < self._limit:
                self._queue.drop(job.job_id)
                if self._claim(job, process.runner):
                    _log.info("%s: %s begins in process %d", job.target, job.kind, process.pid)
                    self._warm_until = max(self._warm_until, time.monotonic() + WARM_SECONDS)
                    self._usual = process.interpreter
                    process.give(job, _order(job))
                    return

    def _claim(self, job: Waiting, runner: Runner) -> bool:
        """Take a job for a process; False if somebody else has it, or it is needed no more."""
        claimed, attempt = self._claimed(job, runner), job.attempts + 1
        batch: Batch = {"events": [claimed]}
        if not job.attempts and job.target == job.exec_id:
            batch["expect"] = {"exec_id": job.exec_id, "epoch": job.epoch}
        if self._append([claimed], batch.get("expect")):
            job.attempts = attempt  # set, not counted up: the event of the claim may have come already
            self.taken += 1
            return True
        if "expect" in batch:
            # Either another worker has the job, and this is refused too; or the execution went on by itself.
            body = {"job_id": job.job_id, "attempt": attempt, "outcome": "completed"}
            self._append([claimed, _event(kinds.JOB_ENDED, job, body | {"reason": "the execution went on meanwhile"})])
        return False

    def _claimed(self, job: Waiting, runner: Runner) -> Event:
        body = {"job_id": job.job_id, "attempt": job.attempts + 1, "runner": runner, "worker": self._name}
        return _event(kinds.JOB_CLAIMED, job, body)

    def _make_ready(self, jobs: list[Waiting]) -> None:
        """Start the processes that these jobs need, as far as the limit allows, and one to spare."""
        surplus = [process for process in self._processes if process.is_unused]
        starting = len(self._starting())
        for job in jobs[: self._limit - len(self._busy())]:
            interpreter = job.python or sys.executable
            fitting = next((process for process in surplus if process.interpreter == interpreter), None)
            if fitting is None and starting < _AT_ONCE:
                self._start(interpreter)
                starting += 1
            elif fitting is not None:
                surplus.remove(fitting)
        if time.monotonic() < self._warm_until:
            spare = next((process for process in surplus if process.interpreter == self._usual), None)
            if spare is None:
                self._start(self._usual)
            else:
                surplus.remove(spare)
        for process in surplus:
            if process.is_ready:
                process.dismiss()

    def _starting(self) -> list[JobProcess]:
        return [one for one in self._processes if one.is_unused and not one.is_ready and one.age < _SLOW]

    def _start(self, interpreter: str) -> None:
        try:
            self._processes.append(JobProcess(interpreter, self._environment, self._umask, self._on_change))
        except OSError as error:
            self._not_started(interpreter, error.strerror or str(error))

    def _not_started(self, interpreter: str, how: str, process: JobProcess | None = None) -> None:
        """Fail the job that a process was started for."""
        said = process.last_words().splitlines() if process is not None else []
        last = f": {said[-1]}" if said else ""
        message = (
            f"The process that was to do it did not start: {how}{last}. It was started with {interpreter}; "
            "check that this Python still has what the flow needs."
        )
        _log.warning("%s", message)
        for job in self._queue.waiting():
            if job.python == interpreter:
                self._fail(job, {"type": "KitaruRuntimeError", "message": message})
                return
        self._warm_until = 0.0  # nothing to blame it on: no further one is started in vain

    def _fail(self, job: Waiting, error: dict[str, Any]) -> None:
        """End a job that no process can begin, unless another worker has it."""
        self._queue.drop(job.job_id)
        body = {"job_id": job.job_id, "attempt": job.attempts + 1, "outcome": "failed", "error": error}
        claimed = self._claimed(job, runner_identity(kind="worker"))
        if self._append([claimed, _event(kinds.JOB_ENDED, job, body)]) and job.kind == "invoke":
            self._store.append([never_began(job.target, error)])

    def _append(self, events: list[Event], expect: Any = None) -> bool:
        batch: Batch = {"events": events}
        if expect is not None:
            batch["expect"] = expect
        return "refused" not in self._store.append([batch])[0]


def _event(kind: str, job: Waiting, body: dict[str, Any]) -> Event:
    return {"kind": kind, "at": time.time(), "exec_id": job.exec_id, "body": body}


def _order(job: Waiting) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "exec_id": job.exec_id,
        "kind": job.kind,
        "target": job.target,
        "epoch": job.epoch,
        "attempt": job.attempts,
        "cwd": job.cwd,
        "changes": job.changes,
    }
