"""What the events of a call do: one row for each call, whatever number of attempts it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from kitaru.store import events as kinds
from kitaru.store.database.rows import CALL, Row
from kitaru.store.database.state import UNFINISHED_CALL, Changes, Execution, Lookup, Tracked, merged, strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.store.events import Event

_CACHED_INLINE: Final = 1024
"""Bytes up to which an output is copied to its cache entry, so that a hit needs one lookup."""


def find_call(execution: Execution, name: str, lookup: Lookup) -> Tracked | None:
    """Return the row of a call, in memory or not, or None if there is none."""
    call = execution.calls.get(name)
    if call is not None:
        return call
    if execution.ended_calls is None:
        execution.ended_calls = lookup.ended_calls(execution.row)
    if name not in execution.ended_calls:
        return None
    call = lookup.call(execution.row, name)
    if call is not None:
        execution.calls[name] = call
    return call


def interrupt_calls(execution: Execution, event: Event, changes: Changes, status: str = "interrupted") -> None:
    """End the running calls of a runner that went away, or of an execution that ended."""
    for call in execution.calls.values():
        row = call.row
        if row["status"] == "running":
            row["status"], row["ended_at"] = status, event["at"]
            row["position"] = event["position"]
            changes.touch_call(call)
        elif row["status"] == "interrupted" and execution.ended:
            changes.touch_call(call)


def _started(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    call = _find_or_add(execution, event, changes, lookup)
    row = call.row
    _keep_attempt(row, changes)
    _describe(row, event["body"])
    # A start that arrives after its execution ended comes from a thread that nobody waits for.
    _enter(execution, call, "interrupted" if execution.ended else "running", event, changes)
    row["attempts"] += 1
    row["attempt_started_at"] = event["at"]
    row["started_at"] = row["started_at"] or event["at"]
    row["output"] = row["failure"] = row["ended_at"] = row["duration"] = None
    row["reason"] = row["source_exec_id"] = row["source_call"] = row["why"] = None


def _attempt_failed(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    call, body = _known(execution, event, lookup), event["body"]
    row = call.row
    row["failure"] = body.get("failure")
    changes.add("attempts", _attempt_row(row, "failed", event["at"], event["position"], body.get("retry_in")))
    row["attempt_started_at"] = None
    _enter(execution, call, row["status"], event, changes)


def _ended(status: str) -> Callable[[Execution, Event, Changes, Lookup], None]:
    def apply(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
        call, body = _known(execution, event, lookup), event["body"]
        row = call.row
        _enter(execution, call, status, event, changes)
        row["output"], row["failure"] = body.get("output"), body.get("failure")
        row["ended_at"], row["duration"] = event["at"], body.get("duration")
        if row["attempt_started_at"] is None:
            row["attempt_started_at"] = body.get("started_at") or event["at"]
        if status == "completed" and row["cache_key"]:
            changes.add("cache_entries", _cache_row(row))

    return apply


def _reused(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    call, body = _find_or_add(execution, event, changes, lookup), event["body"]
    row = call.row
    _keep_attempt(row, changes)
    _describe(row, body)
    _enter(execution, call, "reused", event, changes)
    row["output"], row["failure"], row["attempt_started_at"] = body.get("output"), None, None
    row["started_at"] = row["started_at"] or event["at"]
    row["ended_at"], row["duration"] = event["at"], 0.0
    for name in ("reason", "source_exec_id", "source_call", "why"):
        row[name] = body.get(name)


def _logged(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    call = _known(execution, event, lookup)
    call.row["metadata"] = merged(call.row["metadata"], event["body"]["metadata"])
    changes.touch_call(call)


def _progress(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> None:
    name = event.get("call")
    call = find_call(execution, name, lookup) if name else None
    if call is not None:
        call.row["progress"] = event["body"]
        changes.touch_call(call)


def _find_or_add(execution: Execution, event: Event, changes: Changes, lookup: Lookup) -> Tracked:
    name = event["call"]
    if not name or not isinstance(name, str):
        raise ValueError("an event of a call needs the call's name")
    call = find_call(execution, name, lookup)
    if call is not None:
        return call
    row: Row = dict(CALL, exec_id=event["exec_id"], name=name, attempts=0, first_position=event["position"])
    call = execution.calls[name] = Tracked(row)
    execution.row["calls"] += 1
    return call


def _known(execution: Execution, event: Event, lookup: Lookup) -> Tracked:
    name = event["call"]
    call = find_call(execution, name, lookup) if name else None
    if call is None:
        raise ValueError(f"execution {event['exec_id']} has no call {name!r}")
    return call


def _describe(row: Row, body: dict[str, Any]) -> None:
    row["checkpoint"] = body["checkpoint"]
    row["type"], row["runtime"] = body.get("type"), body.get("runtime")
    row["sequence"], row["concurrent"] = int(body["sequence"]), bool(body.get("concurrent"))
    row["input_digest"], row["inputs"] = body.get("input_digest"), body.get("inputs") or {}
    row["code_id"], row["cache_key"] = body.get("code_id"), body.get("cache_key")
    row["parents"], row["opaque"] = strings(body.get("parents")), strings(body.get("opaque"))


def _enter(execution: Execution, call: Tracked, status: str, event: Event, changes: Changes) -> None:
    own, row = execution.row, call.row
    old = row["status"]
    if old != status:
        if old == "failed" or old == "reused":
            own[old] -= 1
        if status == "failed" or status == "reused":
            own[status] += 1
    row["status"] = status
    row["position"] = event["position"]
    changes.touch_call(call)
    changes.touch(execution)


def _keep_attempt(row: Row, changes: Changes) -> None:
    """Write down the last attempt of a call that is tried again: the call's own row tells of the newest only."""
    if row["attempt_started_at"] is not None:
        status = "interrupted" if row["status"] == "running" else row["status"]
        changes.add("attempts", _attempt_row(row, status, row["ended_at"], row["position"], None))


def _attempt_row(row: Row, status: str, ended_at: float | None, position: int, retry_in: float | None) -> Row:
    return {
        "exec_id": row["exec_id"],
        "call": row["name"],
        "attempt": row["attempts"],
        "status": status,
        "started_at": row["attempt_started_at"],
        "ended_at": ended_at,
        "failure": row["failure"],
        "retry_in": retry_in,
        "position": position,
    }


def _cache_row(row: Row) -> Row:
    output = row["output"]
    small = output is not None and "inline" in output and output["size"] <= _CACHED_INLINE
    return {
        "key_hash": crc32(row["cache_key"].encode()),
        "code_id": row["code_id"],
        "cache_key": row["cache_key"],
        "checkpoint": row["checkpoint"],
        "exec_id": row["exec_id"],
        "call": row["name"],
        "at": row["ended_at"],
        "output": output if small else None,
        "position": row["position"],
    }


def is_open(execution: Execution, call: Row) -> bool:
    """Whether a call's row may still change without anybody reopening its execution."""
    return not execution.ended and call["status"] in UNFINISHED_CALL


CALL_EVENTS: Final = {
    kinds.CALL_STARTED: _started,
    kinds.CALL_ATTEMPT_FAILED: _attempt_failed,
    kinds.CALL_COMPLETED: _ended("completed"),
    kinds.CALL_FAILED: _ended("failed"),
    kinds.CALL_REUSED: _reused,
    kinds.CALL_LOGGED: _logged,
    kinds.PROGRESS: _progress,
}
