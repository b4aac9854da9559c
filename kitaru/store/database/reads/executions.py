"""Reads of one execution: all that is shown of it, and what its runner needs to go on."""

from __future__ import annotations

from typing import Any, Final

from kitaru.errors import KitaruNotFoundError
from kitaru.store.database.query import Query
from kitaru.store.database.reads.registry import find_execution, named, reach
from kitaru.store.database.rows import Row

_IN: Final = "position BETWEEN ? AND ? AND exec_id = ?"

_TO_MATCH: Final = (
    "name, checkpoint, type, sequence, status, concurrent, input_digest, inputs, opaque, parents, code_id, cache_key, "
    "output, attempts, failure, reason, source_exec_id, source_call, why, first_position, position"
)


@named("execution")
def execution(query: Query, exec_id: str) -> dict[str, Any]:
    """Return an execution with its calls, waits, artifacts and children."""
    row = find_execution(query, exec_id)
    within = [*reach(row), exec_id]
    calls = query.rows(f"FROM internal.all_calls WHERE {_IN} ORDER BY sequence, first_position", within)  # noqa: S608
    past = query.rows(f"FROM internal.attempts WHERE {_IN} ORDER BY attempt, position", within)  # noqa: S608
    children = (
        "SELECT exec_id, flow, status, parent_call FROM internal.all_executions WHERE parent_exec_id = ? "
        "ORDER BY first_position"
    )
    return {
        "execution": with_duration(row),
        "calls": _with_attempts(calls, past),
        "waits": query.rows(f"FROM internal.all_waits WHERE {_IN} ORDER BY first_position", within),  # noqa: S608
        "artifacts": query.rows(f"FROM internal.all_artifacts WHERE {_IN} ORDER BY position", within),  # noqa: S608
        "children": query.rows(children, [exec_id]),
    }


@named("history")
def history(query: Query, exec_id: str) -> dict[str, Any]:
    """Return what a runner needs to match calls against what is recorded."""
    row = find_execution(query, exec_id)
    within = [*reach(row), exec_id]
    calls = query.rows(
        f"SELECT {_TO_MATCH} FROM internal.all_calls WHERE {_IN} ORDER BY first_position",  # noqa: S608
        within,
    )
    values = f"SELECT name, call, value, position FROM internal.recorded_values WHERE {_IN} ORDER BY position"  # noqa: S608
    return {
        "execution": row,
        "calls": [_matchable(call) for call in calls],
        "waits": query.rows(f"FROM internal.all_waits WHERE {_IN} ORDER BY first_position", within),  # noqa: S608
        "values": query.rows(values, within),
    }


@named("call_output")
def call_output(query: Query, exec_id: str, call: str) -> Row | None:
    """Return the output of a call as a ValueRecord; None if it has none yet."""
    row = find_execution(query, exec_id)
    found = query.first(
        f"SELECT output FROM internal.all_calls WHERE {_IN} AND name = ?",  # noqa: S608
        [*reach(row), exec_id, call],
    )
    if found is None:
        raise KitaruNotFoundError(f"Execution {exec_id} has no call {call!r}. `kitaru executions get` lists its calls.")
    output: Row | None = found["output"]
    return output


def with_duration(row: Row) -> Row:
    """Add how long an execution took, in seconds, or None while it has not ended."""
    started, ended = row["started_at"], row["ended_at"]
    row["duration"] = None if started is None or ended is None else ended - started
    return row


def _matchable(call: Row) -> Row:
    position, status = call.pop("position"), call["status"]
    call["end_position"] = None if status in ("running", "interrupted") else position
    reuse = {name: call.pop(name) for name in ("reason", "source_exec_id", "source_call", "why")}
    call["reuse"] = reuse if status == "reused" else None
    return call


def _with_attempts(calls: list[Row], past: list[Row]) -> list[Row]:
    attempts: dict[str, list[Row]] = {}
    for row in past:
        attempts.setdefault(row.pop("call"), []).append(row)
        del row["exec_id"]
    for call in calls:
        call["call_id"] = f"{call['exec_id']}/{call['name']}"
        mine = attempts.get(call["name"], [])
        started_at = call.pop("attempt_started_at")
        call["attempt_count"] = call.pop("attempts")
        if started_at is not None:
            mine.append(
                {
                    "attempt": call["attempt_count"],
                    "status": call["status"],
                    "started_at": started_at,
                    "ended_at": call["ended_at"],
                    "failure": call["failure"],
                    "retry_in": None,
                    "position": call["position"],
                }
            )
        call["attempts"] = mine
    return calls
