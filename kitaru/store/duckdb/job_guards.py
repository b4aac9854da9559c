"""What the writer knows of open jobs, so that exactly one worker has each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from kitaru.store import events as kinds
from kitaru.store.duckdb.refused import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru.store.events import Event, Runner

Jobs = dict[str, "OpenJob"]


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that is queued, or that a process has; that process is its runner."""

    target: str
    attempt: int = 0
    runner: Runner | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> OpenJob:
        """Return the state that the database tells."""
        return cls(row["target"], row["attempts"], row["runner"] if row["status"] == "running" else None)


def without_target(jobs: Jobs, exec_id: str) -> Jobs:
    """Leave out the jobs that run an execution."""
    return {job_id: job for job_id, job in jobs.items() if job.target != exec_id}


def apply_job_event(jobs: Jobs, event: Event) -> None:
    """Apply the event of a job to the open jobs that are about one execution.

    Raises
    ------
    RefusedError
        If the job is not in the state for it: somebody else was faster, or has it by now.
    """
    _TRANSITIONS[event["kind"]](jobs, event["body"])


def _created(jobs: Jobs, body: Mapping[str, Any]) -> None:
    if body["job_id"] in jobs:
        raise RefusedError("conflict", f"Job {body['job_id']} exists already.")
    jobs[body["job_id"]] = OpenJob(body["target"])


def _claimed(jobs: Jobs, body: Mapping[str, Any]) -> None:
    job = _open(jobs, body)
    if job.runner is not None or body["attempt"] != job.attempt + 1:
        raise RefusedError("conflict", f"Job {body['job_id']} was taken by another worker.")
    jobs[body["job_id"]] = replace(job, attempt=body["attempt"], runner=body["runner"])


def _released(jobs: Jobs, body: Mapping[str, Any]) -> None:
    jobs[body["job_id"]] = replace(_held(jobs, body), runner=None)


def _ended(jobs: Jobs, body: Mapping[str, Any]) -> None:
    _held(jobs, body)
    del jobs[body["job_id"]]


def _cancelled(jobs: Jobs, body: Mapping[str, Any]) -> None:
    _open(jobs, body)
    del jobs[body["job_id"]]


def _open(jobs: Jobs, body: Mapping[str, Any]) -> OpenJob:
    job = jobs.get(body["job_id"])
    if job is None:
        raise RefusedError("conflict", f"Job {body['job_id']} is not open: it has ended, or was cancelled.")
    return job


def _held(jobs: Jobs, body: Mapping[str, Any]) -> OpenJob:
    job = _open(jobs, body)
    if job.runner is None or job.attempt != body["attempt"]:
        raise RefusedError(
            "stale", f"Attempt {body['attempt']} of job {body['job_id']} is over: another process has it, or will."
        )
    return job


_TRANSITIONS: Final[dict[str, Callable[[Jobs, Mapping[str, Any]], None]]] = {
    kinds.JOB_CREATED: _created,
    kinds.JOB_CLAIMED: _claimed,
    kinds.JOB_RELEASED: _released,
    kinds.JOB_ENDED: _ended,
    kinds.JOB_CANCELLED: _cancelled,
}

JOB_KINDS: Final = frozenset(_TRANSITIONS)
