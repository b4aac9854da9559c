"""What the events of a wait do to its row and to its execution's status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kitaru.store import events as kinds
from kitaru.store.database.rows import WAIT
from kitaru.store.database.state import Changes, Execution, Lookup, Tracked

if TYPE_CHECKING:
    from kitaru.store.events import Event


def abort_waits(execution: Execution, event: Event, changes: Changes) -> None:
    """Abort what is still pending in an execution that ended."""
    for name in list(execution.row["waits_pending"]):
        _end(execution, name, "aborted", event, changes)


def _created(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    body, name = event["body"], event["body"]["wait"]
    if execution.ended:
        raise ValueError(f"execution {event['exec_id']} has ended, nobody waits in it")
    wait = _find(execution, name, lookup) or Tracked(
        dict(WAIT, exec_id=event["exec_id"], name=name, first_position=event["position"])
    )
    execution.waits[name] = wait
    wait.row.update(
        status="pending",
        question=body.get("question"),
        schema=body.get("schema"),
        metadata=body.get("metadata"),
        deadline=body.get("deadline"),
        default=body.get("default"),
        value=None,
        by=None,
        source=None,
        created_at=event["at"],
        ended_at=None,
        position=event["position"],
    )
    execution.row["waits_pending"] = [*(other for other in execution.row["waits_pending"] if other != name), name]
    execution.row["status"] = "waiting"
    _touch(execution, wait, changes)


def _answered(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    body = event["body"]
    wait = _end(execution, body["wait"], "answered", event, changes)
    wait.row["value"], wait.row["source"] = body.get("value"), body.get("source")
    _continue(execution)


def _aborted(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    _end(execution, event["body"]["wait"], "aborted", event, changes)
    _continue(execution)


def _end(execution: Execution, name: str, status: str, event: Event, changes: Changes) -> Tracked:
    if name not in execution.row["waits_pending"]:
        raise ValueError(f"execution {event['exec_id']} has no pending wait {name!r}")
    wait = execution.waits[name]
    execution.row["waits_pending"] = [other for other in execution.row["waits_pending"] if other != name]
    wait.row.update(status=status, by=event["body"].get("by"), ended_at=event["at"], position=event["position"])
    _touch(execution, wait, changes)
    return wait


def _continue(execution: Execution) -> None:
    row = execution.row
    if row["status"] == "waiting" and row["runner"] is not None and not row["waits_pending"]:
        row["status"] = "running"


def _find(execution: Execution, name: str, lookup: Lookup) -> Tracked | None:
    # A wait is new unless its execution was continued by another runner: one look each is enough.
    return execution.waits.get(name) or (lookup.wait(execution.row, name) if execution.row["epoch"] > 1 else None)


def _touch(execution: Execution, wait: Tracked, changes: Changes) -> None:
    changes.touch_wait(wait)
    changes.touch(execution)


WAIT_EVENTS: Final = {
    kinds.WAIT_CREATED: _created,
    kinds.WAIT_ANSWERED: _answered,
    kinds.WAIT_ABORTED: _aborted,
}
