"""What the events of a job do to its row; the execution that it is about keeps its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kitaru.store import events as kinds
from kitaru.store.database.rows import JOB, Row
from kitaru.store.database.state import Changes, Execution, Lookup, Tracked

if TYPE_CHECKING:
    from kitaru.store.events import Event

OPEN: Final = frozenset({"queued", "running"})

_AS_TOLD: Final = (
    "job_id",
    "kind",
    "target",
    "epoch",
    "after",
    "interpreter",
    "cwd",
    "host",
    "changes",
    "requirements",
)


def jobs_of(execution: Execution, lookup: Lookup) -> dict[str, Tracked]:
    """Return the open jobs that are about an execution."""
    if execution.jobs is None:
        execution.jobs = lookup.jobs(execution.row)
    return execution.jobs


def cancel_jobs(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    """Cancel the open jobs that would run a cancelled execution; one that replays it goes on."""
    for job in list(jobs_of(execution, lookup).values()):
        if job.row["target"] == event["exec_id"]:
            _end(execution, job, "cancelled", event, changes)


def _created(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    body, jobs = event["body"], jobs_of(execution, lookup)
    if body["job_id"] in jobs:
        raise ValueError(f"job {body['job_id']!r} exists already")
    row: Row = dict(JOB, exec_id=event["exec_id"], status="queued", created_at=event["at"])
    row.update({name: body.get(name) for name in _AS_TOLD}, first_position=event["position"])
    job = jobs[body["job_id"]] = Tracked(row)
    _touch(job, event, changes)


def _claimed(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    body, job = event["body"], _find(execution, event, lookup)
    job.row.update(
        status="running",
        attempts=body["attempt"],
        runner=body.get("runner"),
        worker=body.get("worker"),
        reason=None,
        claimed_at=event["at"],
    )
    _touch(job, event, changes)


def _released(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    job = _find(execution, event, lookup)
    job.row.update(status="queued", runner=None, reason=event["body"].get("reason"))
    _touch(job, event, changes)


def _ended(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    job = _find(execution, event, lookup)
    job.row["error"] = event["body"].get("error")
    _end(execution, job, event["body"]["outcome"], event, changes)


def _cancelled(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    _end(execution, _find(execution, event, lookup), "cancelled", event, changes)


def _end(execution: Execution, job: Tracked, status: str, event: Event, changes: Changes) -> None:
    job.row.update(status=status, runner=None, reason=event["body"].get("reason"), ended_at=event["at"])
    if execution.jobs is not None:
        execution.jobs.pop(job.row["job_id"], None)
    _touch(job, event, changes)


def _find(execution: Execution, event: Event, lookup: Lookup) -> Tracked:
    job_id = event["body"]["job_id"]
    found = jobs_of(execution, lookup).get(job_id)
    if found is None:
        raise ValueError(f"execution {event['exec_id']} has no open job {job_id!r}")
    return found


def _touch(job: Tracked, event: Event, changes: Changes) -> None:
    job.row["position"] = event["position"]
    changes.touch_job(job)


JOB_EVENTS: Final = {
    kinds.JOB_CREATED: _created,
    kinds.JOB_CLAIMED: _claimed,
    kinds.JOB_RELEASED: _released,
    kinds.JOB_ENDED: _ended,
    kinds.JOB_CANCELLED: _cancelled,
}
