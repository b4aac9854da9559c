"""Asking for work: the events that queue a job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.store.events import Event, Job
    from kitaru.store.protocol import Batch

GRACE: Final = 1.0
"""Seconds for which an answered execution is left to a live kernel."""


def resume_id(exec_id: str, epoch: int) -> str:
    """Name the job that goes on with an execution after its claim `epoch`: there is one at most.

    Examples
    --------
    >>> resume_id("kr-4f7q2m9x0c1d", 2)
    'kj-4f7q2m9x0c1d-2'
    """
    return f"kj-{exec_id.removeprefix('kr-')}-{epoch}"


def job_created(
    exec_id: str,
    job_id: str,
    kind: str,
    *,
    target: str | None = None,
    epoch: int = 0,
    grace: float = 0.0,
    interpreter: str | None = None,
    cwd: str | None = None,
    host: str | None = None,
    changes: Mapping[str, Any] | None = None,
    requirements: str | None = None,
) -> Event:
    """Make the event that queues a job about an execution; see `kitaru.store.events.Job`."""
    now = time.time()
    body: Job = {
        "job_id": job_id,
        "kind": kind,
        "target": target or exec_id,
        "epoch": epoch,
        "after": now + grace if grace else 0.0,
        "interpreter": interpreter,
        "cwd": cwd,
        "host": host,
        "changes": None if changes is None else dict(changes),
        "requirements": requirements,
    }
    return {"kind": kinds.JOB_CREATED, "at": now, "exec_id": exec_id, "body": dict(body)}


def never_began(exec_id: str, error: Mapping[str, Any]) -> Batch:
    """Fail an invoked execution that no process could begin, for the reason that its job failed with."""
    failure = {"type": error["type"], "message": error["message"], "traceback": "", "origin": "runtime"}
    body = {"failure": failure, "call": None}
    event: Event = {"kind": kinds.FAILED, "at": time.time(), "exec_id": exec_id, "body": body}
    return {"events": [event], "expect": {"exec_id": exec_id, "statuses": ["pending"]}}


def resume_answered(row: Mapping[str, Any], *, host: str | None = None) -> Batch:
    """Ask for a process that goes on with an execution that was answered and that nobody runs.

    A live kernel that let go of it hears of the answer, has the values of its cells, and is given a moment.
    """
    exec_id, epoch = row["exec_id"], row["epoch"] or 0
    event = job_created(
        exec_id,
        resume_id(exec_id, epoch),
        "resume",
        epoch=epoch,
        grace=GRACE,
        interpreter=row["interpreter"],
        cwd=row["cwd"],
        host=host,
        requirements=row.get("requirements"),
    )
    return {"events": [event], "expect": {"exec_id": exec_id, "epoch": epoch, "statuses": ["waiting"]}}
