"""Seeing that a runner died: at once on this machine, after its lease elsewhere."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from kitaru.store import events as kinds
from kitaru.store.jobs.posting import never_began
from kitaru.store.runner import LEASE_SECONDS, host_id, is_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kitaru.store.duckdb.guards import Guard
    from kitaru.store.duckdb.job_guards import OpenJob
    from kitaru.store.events import Event, Runner
    from kitaru.store.protocol import Batch

MOST_ATTEMPTS = 5
"""How often a job is begun whose process dies: one that kills its process would go on forever."""

_READ_INTERVAL = 0.2

_log = logging.getLogger("kitaru.store")


class Reaper:
    """Records that executions and jobs lost their runner.

    An execution that waits for a human goes on waiting, without a runner, and so does one that started such an
    execution as a part of itself; any other is interrupted. A job is queued again, a few times.

    Parameters
    ----------
    executions
        Returns the executions that have not ended.
    append
        Appends batches to the store.
    """

    def __init__(self, executions: Callable[[], list[Guard]], append: Callable[[Sequence[Batch]], Any]) -> None:
        self._executions = executions
        self._append = append
        self._beats: dict[str, float] = {}
        self._checked = 0.0
        self._checking = threading.Lock()

    def beat(self, runner_id: str) -> None:
        """Take a sign of life of a runner on another machine."""
        self._beats[runner_id] = time.monotonic()

    def check_if_due(self) -> None:
        """Check, but not more than a few times per second: whoever reads should see deaths at once."""
        if time.monotonic() - self._checked >= _READ_INTERVAL:
            self.check()

    def check(self) -> None:
        """Record the runners that died since the last check."""
        if not self._checking.acquire(blocking=False):
            return
        try:
            self._checked = time.monotonic()
            executions = self._executions()
            runners = {runner["runner_id"]: runner for guard in executions for runner in guard.runners()}
            for gone in [name for name in tuple(self._beats) if name not in runners]:
                self._beats.pop(gone, None)
            dead = {name for name, runner in runners.items() if not self._lives(runner)}
            if dead:
                self._append(_losses(executions, dead))
        finally:
            self._checking.release()

    def _lives(self, runner: Runner) -> bool:
        if runner["host"] == host_id():
            return is_alive(runner)
        # A runner that was never heard of gets a whole lease: the store may have been down, not the runner.
        since = self._beats.setdefault(runner["runner_id"], time.monotonic())
        return time.monotonic() - since <= (runner.get("lease") or LEASE_SECONDS)


def _losses(executions: Sequence[Guard], dead: set[str]) -> list[Batch]:
    lost = [guard for guard in executions if guard.runner and guard.runner["runner_id"] in dead]
    children = _asking_children(executions) if lost else {}
    # The executions first: whoever takes the job finds its execution resumable.
    batches = [_loss(guard, children.get(guard.exec_id)) for guard in lost]
    for guard in executions:
        for job_id, job in tuple(guard.jobs.items()):
            if job.runner and job.runner["runner_id"] in dead:
                batches += _released(guard.exec_id, job_id, job)
    return batches


def _asking_children(executions: Sequence[Guard]) -> dict[str, str]:
    """Return for each execution, by its id, one that it started and that waits for a human, itself or by its own."""
    known = {guard.exec_id: guard for guard in executions}
    found: dict[str, str] = {}
    for guard in executions:
        asking: Guard | None = guard if guard.waits else None
        while asking is not None and asking.parent and asking.parent not in found:
            found[asking.parent] = asking.exec_id
            asking = known.get(asking.parent)
    return found


def _loss(guard: Guard, child: str | None = None) -> Batch:
    runner = guard.runner
    assert runner is not None
    reason = _reason(runner)
    event: Event = {
        "kind": kinds.INTERRUPTED,
        "at": time.time(),
        "exec_id": guard.exec_id,
        "epoch": guard.epoch,
        "body": {"reason": reason},
    }
    if guard.waits or child:
        event["kind"] = kinds.SUSPENDED
        event["body"] = {"wait": next(iter(guard.waits), None), "child": child, "reason": reason}
    _log.info("Execution %s lost its runner: %s", guard.exec_id, reason)
    return {
        "events": [event],
        "expect": {"exec_id": guard.exec_id, "epoch": guard.epoch, "statuses": [guard.status]},
    }


def _released(exec_id: str, job_id: str, job: OpenJob) -> list[Batch]:
    assert job.runner is not None
    reason = _reason(job.runner)
    body: dict[str, Any] = {"job_id": job_id, "attempt": job.attempt, "reason": reason}
    _log.info("Job %s lost its process: %s", job_id, reason)
    if job.attempt < MOST_ATTEMPTS:
        return [{"events": [{"kind": kinds.JOB_RELEASED, "at": time.time(), "exec_id": exec_id, "body": body}]}]
    message = f"It was begun {job.attempt} times, and each time its process died. {reason}"
    error = {"type": "KitaruRuntimeError", "message": message}
    body |= {"outcome": "failed", "error": error}
    ended: Batch = {"events": [{"kind": kinds.JOB_ENDED, "at": time.time(), "exec_id": exec_id, "body": body}]}
    return [ended, never_began(job.target, error)]


def _reason(runner: Runner) -> str:
    who = runner.get("label") or runner.get("kind") or "runner"
    if runner["host"] == host_id():
        return f"The {who} (process {runner['pid']}) ended without saying so."
    lease = runner.get("lease") or LEASE_SECONDS
    return f"The {who} (process {runner['pid']} on another machine) gave no sign of life for {lease:g} seconds."
