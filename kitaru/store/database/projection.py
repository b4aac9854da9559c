"""Turn events into changes of rows: plain Python over what is in memory, no SQL.

`Projection.apply` takes one event after the other; what they do to the tables gathers in a
`Changes` until it is taken. An event that makes no sense raises `ValueError`, `TypeError`,
`KeyError` or `AttributeError`, and the memory may then be half changed: whoever applies a batch
throws the projection away and loads it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from kitaru.store import events as kinds
from kitaru.store.database.call_events import CALL_EVENTS, interrupt_calls
from kitaru.store.database.job_events import JOB_EVENTS, cancel_jobs
from kitaru.store.database.records import RECORDS, STORE_RECORDS
from kitaru.store.database.rows import EXECUTION, Row
from kitaru.store.database.state import Changes, Execution, Lookup, Tracked, merged, strings
from kitaru.store.database.wait_events import WAIT_EVENTS, abort_waits
from kitaru.store.events import Event

Apply = Callable[[Execution, Event, Changes, Lookup], None]

_AS_TOLD: Final = (
    "flow", "snapshot_id", "stack", "parent_exec_id", "parent_call", "original_exec_id", "cwd", "deployment_version",
    "invoked_by", "invoked_via",
)  # fmt: skip


class Projection:
    """The open executions, and the changes since they were last taken."""

    def __init__(self, lookup: Lookup, executions: Iterable[Execution] = ()) -> None:
        self._lookup = lookup
        self._executions = {execution.row["exec_id"]: execution for execution in executions}
        self._changes = Changes()

    def apply(self, event: Event) -> None:
        """Apply one event, whose ``position`` must be set.

        Raises
        ------
        ValueError, TypeError, KeyError, AttributeError
            If the event cannot be applied.
        """
        kind = event["kind"]
        event["at"] = float(event["at"])
        if kind in STORE_RECORDS:
            STORE_RECORDS[kind](event, self._changes)
            return
        if kind == kinds.CREATED:
            self._create(event)
        elif kind == kinds.DELETED:
            self._delete(event)
            return
        else:
            apply = _EVENTS.get(kind)
            if apply is None:
                raise ValueError(f"no such kind of event: {kind!r}")
            execution = self._find(event["exec_id"])
            apply(execution, event, self._changes, self._lookup)
            execution.row["last_position"] = event["position"]
            if execution.ended:
                # The row of an ended execution says up to where its events reach, so it follows late ones.
                self._changes.touch(execution)
        if kind not in _WITHOUT_EVENT_ROW:
            self._changes.add("events", _event_row(event))

    def take_changes(self) -> Changes:
        """Hand over the changes; the next ones gather anew."""
        changes, self._changes = self._changes, Changes()
        return changes

    def settle(self, changes: Changes) -> None:
        """Forget what ended in these changes, now that it is written."""
        for (exec_id, name), call in changes.calls.items():
            execution = self._executions.get(exec_id)
            if execution is not None and call.table == "calls":
                execution.calls.pop(name, None)
                if execution.ended_calls is not None:
                    execution.ended_calls.add(name)
        for (exec_id, name), wait in changes.waits.items():
            execution = self._executions.get(exec_id)
            if execution is not None and wait.table == "waits":
                execution.waits.pop(name, None)
        for exec_id, execution in changes.executions.items():
            if execution.ended:
                self._executions.pop(exec_id, None)

    def open_rows(self) -> list[Row]:
        """Return the rows of the executions that have not ended."""
        return [execution.row for execution in self._executions.values()]

    def open_waits(self, exec_id: str) -> list[Row]:
        """Return the pending waits of an open execution."""
        waits = self._executions[exec_id].waits.values()
        return [wait.row for wait in waits if wait.row["status"] == "pending"]

    def _find(self, exec_id: str) -> Execution:
        execution = self._executions.get(exec_id)
        if execution is None and exec_id not in self._changes.deleted:
            execution = self._lookup.execution(exec_id)
            if execution is not None:
                self._executions[exec_id] = execution
        if execution is None:
            raise ValueError(f"no execution {exec_id!r}")
        return execution

    def _create(self, event: Event) -> None:
        exec_id, body, position = event["exec_id"], event["body"], event["position"]
        if not exec_id or exec_id in self._executions:
            raise ValueError(f"execution {exec_id!r} exists already" if exec_id else "an execution needs an id")
        row: Row = dict(
            EXECUTION,
            exec_id=exec_id,
            status="pending",
            epoch=0,
            inputs=body.get("inputs") or {},
            spec=body.get("spec"),
            replay=body.get("replay"),
            notebook=body.get("notebook"),
            interpreter=body.get("interpreter"),
            tags=strings(body.get("tags")),
            metadata=merged(None, body.get("metadata") or {}),
            created_at=event["at"],
            waits_pending=[],
            first_position=position,
            last_position=position,
        )
        for name in _AS_TOLD:
            row[name] = body.get(name)
        execution = Execution(Tracked(row), ended_calls=set(), saved=set(), jobs={})
        self._executions[exec_id] = execution
        self._changes.touch(execution)

    def _delete(self, event: Event) -> None:
        exec_id = event["exec_id"]
        # In a journal that was cleaned the deletion is all that is left of the execution.
        self._executions.pop(exec_id, None)
        self._changes.delete(exec_id)


def _claimed(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    row, body = execution.row, event["body"]
    row["epoch"] = int(event.get("epoch", row["epoch"] + 1))
    row["runner"], row["code"] = body.get("runner"), body.get("code")
    row["started_at"] = row["started_at"] or event["at"]
    row["ended_at"] = row["failure"] = row["failed_call"] = row["reason"] = None
    _enter(execution, "running", changes)
    interrupt_calls(execution, event, changes)


def _suspended(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    interrupt_calls(execution, event, changes)
    execution.row["runner"] = None
    _enter(execution, "waiting", changes)


def _completed(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    execution.row["output"] = event["body"].get("output")
    _end(execution, "completed", event, changes)


def _failed(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    execution.row["failure"] = event["body"].get("failure")
    execution.row["failed_call"] = event["body"].get("call")
    _end(execution, "failed", event, changes)


def _cancelled(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    execution.row["reason"] = event["body"].get("reason")
    _end(execution, "cancelled", event, changes, calls="cancelled")
    cancel_jobs(execution, event, changes, lookup)


def _interrupted(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    interrupt_calls(execution, event, changes)
    execution.row["runner"] = None
    execution.row["reason"] = event["body"].get("reason")
    _enter(execution, "interrupted", changes)


def _logged(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    execution.row["metadata"] = merged(execution.row["metadata"], event["body"]["metadata"])
    changes.touch(execution)


def _published(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    """Change nothing: a user's own event is only kept in `events`."""


def _end(execution: Execution, status: str, event: Event, changes: Changes, calls: str = "interrupted") -> None:
    # The execution ends first: what is still open in it then moves to the tables of ended rows.
    execution.row["runner"] = None
    execution.row["ended_at"] = event["at"]
    _enter(execution, status, changes)
    interrupt_calls(execution, event, changes, status=calls)
    abort_waits(execution, event, changes)


def _enter(execution: Execution, status: str, changes: Changes) -> None:
    execution.row["status"] = status
    changes.touch(execution)


def _event_row(event: Event) -> dict[str, Any]:
    body = event["body"]
    dropped = _DROPPED.get(event["kind"])
    return {
        "position": event["position"],
        "exec_id": event["exec_id"],
        "kind": event["kind"],
        "at": event["at"],
        "call": event.get("call"),
        "attempt": event.get("attempt"),
        "epoch": event.get("epoch"),
        "body": body if dropped is None else {key: value for key, value in body.items() if key not in dropped},
    }


_EVENTS: Final[dict[str, Apply]] = {
    kinds.CLAIMED: _claimed,
    kinds.SUSPENDED: _suspended,
    kinds.COMPLETED: _completed,
    kinds.FAILED: _failed,
    kinds.CANCELLED: _cancelled,
    kinds.INTERRUPTED: _interrupted,
    kinds.EXECUTION_LOGGED: _logged,
    kinds.PUBLISHED: _published,
    **CALL_EVENTS,
    **WAIT_EVENTS,
    **JOB_EVENTS,
    **RECORDS,
}

# The view `events` adds these from the tables of calls and logs.
_WITHOUT_EVENT_ROW: Final = frozenset(
    {
        kinds.CALL_STARTED,
        kinds.CALL_ATTEMPT_FAILED,
        kinds.CALL_COMPLETED,
        kinds.CALL_FAILED,
        kinds.CALL_REUSED,
        kinds.LOG_WRITTEN,
    }
)

# What another table has in full.
_DROPPED: Final = {
    kinds.CREATED: frozenset({"inputs", "spec", "metadata", "replay", "interpreter"}),
    kinds.COMPLETED: frozenset({"output"}),
    kinds.ARTIFACT_SAVED: frozenset({"value"}),
    kinds.LLM_CALLED: frozenset({"prompt", "response"}),
    kinds.JOB_CREATED: frozenset({"changes", "requirements"}),
}
