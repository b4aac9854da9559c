"""Reads of one execution: all that is shown of it, and what its runner needs to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError
from kitaru.store.database.reads.registry import REACH, beginning, find_execution, named, positive, reach, rows_of
from kitaru.store.events import ENDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

_IN: Final = "position BETWEEN ? AND ? AND exec_id = ?"

_CHILDREN: Final = "SELECT exec_id, flow, status, parent_call, first_position FROM internal.{} WHERE parent_exec_id = ?"

_BESIDES: Final = (
    "SELECT 'waits' AS part FROM internal.waits WHERE position BETWEEN $1 AND $2 AND exec_id = $3 UNION "
    "SELECT 'saved' FROM internal.artifacts WHERE position BETWEEN $1 AND $2 AND exec_id = $3 UNION "
    "SELECT 'children' FROM internal.executions WHERE parent_exec_id = $3 UNION "
    "SELECT 'children' FROM internal.executions_open WHERE parent_exec_id = $3"
)
"""Which of these an execution has at all: one statement instead of up to five, each of which plans for long."""

_OPEN_BESIDES: Final = "SELECT 'waits' AS part FROM internal.waits_open WHERE exec_id = $3 UNION " + _BESIDES  # noqa: S608

_ANSWERED: Final = (
    "SELECT exec_id, epoch, cwd, interpreter, (SELECT array_to_string(requirements, chr(10)) FROM "
    "internal.deployments AS d WHERE d.flow = e.flow AND d.version = e.deployment_version) AS requirements "
    "FROM internal.executions_open AS e WHERE ($1 IS NULL OR exec_id = $1) "
    "AND status = 'waiting' AND runner IS NULL AND len(waits_pending) = 0 AND (exists("
    "FROM internal.all_waits AS w WHERE w.exec_id = e.exec_id AND w.status = 'answered' AND w.ended_at >= $2) "
    "OR exists(FROM internal.executions AS c WHERE c.parent_exec_id = e.exec_id AND c.ended_at >= $2)) AND NOT exists("
    "FROM internal.executions_open AS c WHERE c.parent_exec_id = e.exec_id AND c.status = 'waiting') AND NOT exists("
    "FROM internal.all_jobs AS j WHERE j.target = e.exec_id AND j.kind = 'resume' AND j.epoch = e.epoch) "
    "ORDER BY first_position"
)

_SAVED_BY_BODY: Final = (
    f"SELECT name, kind, value->>'digest' AS digest FROM internal.artifacts WHERE {_IN} AND call IS NULL"  # noqa: S608
)

_TO_MATCH: Final = (
    "name, checkpoint, type, sequence, status, concurrent, input_digest, inputs, opaque, parents, code_id, cache_key, "
    "output, attempts, failure, reason, source_exec_id, source_call, why, first_position, position"
)


_TO_SHOW: Final = (
    "exec_id, name, checkpoint, type, runtime, sequence, status, attempts, concurrent, inputs, parents, code_id, "
    "cache_key, output, failure, started_at, attempt_started_at, ended_at, duration, reason, source_exec_id, "
    "source_call, why, metadata, progress, llm_calls, input_tokens, output_tokens, total_tokens, cost_usd, "
    "first_position, position"
)
"""Everything but what only matching needs: each long column is read from blocks of its own."""

_TO_PLACE: Final = "name, checkpoint, sequence, status, started_at, ended_at, first_position"

_PAST: Final = (
    f"FROM internal.attempts WHERE {_IN} AND call IN (SELECT unnest(?::VARCHAR[])) ORDER BY attempt, position"
)


@named("execution")
def execution(query: Query, exec_id: str) -> dict[str, Any]:
    """Return an execution with its calls, waits, children and what was saved in it; see also `artifact_rows`."""
    row = find_execution(query, exec_id)
    calls = rows_of(query, row, "calls", _TO_SHOW)
    return besides_calls(query, row) | {"calls": _whole(query, row, sorted(calls, key=_place))}


def besides_calls(query: Query, row: Row) -> dict[str, Any]:
    """Return an execution with what belongs to it, but for its calls."""
    exec_id = row["exec_id"]
    besides = query.rows(_BESIDES if row["status"] in ENDED else _OPEN_BESIDES, [*reach(row), exec_id])
    has = {found["part"] for found in besides}
    return {
        "execution": with_duration(row),
        "waits": rows_of(query, row, "waits") if "waits" in has else [],
        "saved": saved_of(query, row) if "saved" in has else [],
        "children": _children(query, exec_id) if "children" in has else [],
    }


def in_full(query: Query, row: Row, positions: Sequence[int]) -> list[Row]:
    """Return the calls that began at some positions."""
    found = query.rows(
        f"SELECT {_TO_SHOW} FROM internal.all_calls WHERE {_IN} AND first_position IN (SELECT unnest(?::BIGINT[]))",  # noqa: S608
        [*reach(row), row["exec_id"], list(positions)],
    )
    return _whole(query, row, found)


@named("head")
def head(query: Query, exec_id: str) -> dict[str, Any]:
    """Return an execution with its waits, and with its children if it waits: all that tells where it stands."""
    row = find_execution(query, exec_id)
    children = _children(query, exec_id) if row["status"] == "waiting" else []
    row["requirements"] = None if row["deployment_version"] is None else _requirements(query, row)
    return {"execution": with_duration(row), "waits": rows_of(query, row, "waits"), "children": children}


@named("calls")
def calls(
    query: Query,
    exec_id: str,
    name: str | None = None,
    checkpoint: str | None = None,
    statuses: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    first: int | None = None,
    limit: int = 100,
    offset: int = 0,
) -> dict[str, Any]:
    """Return a part of an execution's calls in their order, from the `first` of the body's on, and how many fit."""
    row = find_execution(query, exec_id, REACH)
    where, values = f"WHERE {_IN}", [*reach(row), exec_id]
    for clause, wanted in (
        ("name = ?", name),
        ("checkpoint = ?", checkpoint),
        ("sequence >= ?", first),
        ("list_contains(?::VARCHAR[], status)", None if statuses is None else list(statuses)),
        ("list_contains(?::VARCHAR[], name)", None if names is None else list(names)),
    ):
        if wanted is not None:
            where += f" AND {clause}"
            values.append(wanted)
    page = [positive("limit", limit), positive("offset", offset, least=0)]
    total = query.rows(f"SELECT count(*) AS n FROM internal.all_calls {where}", values)[0]["n"]  # noqa: S608
    items = query.rows(
        f"SELECT {_TO_SHOW} FROM internal.all_calls {where} ORDER BY sequence, first_position LIMIT ? OFFSET ?",  # noqa: S608
        [*values, *page],
    )
    return {"items": _whole(query, row, items), "total": total}


@named("spans")
def spans(query: Query, exec_id: str) -> list[Row]:
    """Return when each call ran and how it ended, in the order of the body: what a timeline of thousands needs."""
    row = find_execution(query, exec_id)
    return sorted(rows_of(query, row, "calls", _TO_PLACE), key=_place)


@named("history")
def history(query: Query, exec_id: str) -> dict[str, Any]:
    """Return what a runner needs to match calls against what is recorded."""
    row = find_execution(query, exec_id)
    values = f"SELECT name, call, value, position FROM internal.recorded_values WHERE {_IN} ORDER BY position"  # noqa: S608
    return {
        "execution": row,
        "calls": [_matchable(call) for call in rows_of(query, row, "calls", _TO_MATCH)],
        "waits": rows_of(query, row, "waits"),
        "values": query.rows(values, [*reach(row), exec_id]),
        "saved": query.rows(_SAVED_BY_BODY, [*reach(row), exec_id]),
    }


@named("answered")
def answered(query: Query, exec_id: str | None = None, since: float = 0.0) -> list[Row]:
    """Return the executions that nobody runs or is asked to, though what they waited for came, at `since` or later.

    They waited for answers, or for executions that they started and that waited for answers.
    """
    return query.rows(_ANSWERED, [exec_id, since])


@named("call_output")
def call_output(query: Query, exec_id: str, call: str) -> Row | None:
    """Return the output of a call as a ValueRecord; None if it has none yet."""
    row = find_execution(query, exec_id, REACH)
    found = rows_of(query, row, "calls", "output, first_position", name=call)
    if not found:
        raise KitaruNotFoundError(f"Execution {exec_id} has no call {call!r}. `kitaru executions get` lists its calls.")
    output: Row | None = found[0]["output"]
    return output


def _requirements(query: Query, execution: Row) -> str | None:
    """Return the locked requirements of the deployment that an execution was invoked by, one a line."""
    rows = query.rows(
        "SELECT array_to_string(requirements, chr(10)) AS lines FROM internal.deployments "
        "WHERE flow = ? AND version = ?",
        [execution["flow"], execution["deployment_version"]],
    )
    return (rows[0]["lines"] or None) if rows else None


def with_duration(row: Row) -> Row:
    """Add how long an execution took, in seconds, or None while it has not ended."""
    started, ended = row["started_at"], row["ended_at"]
    row["duration"] = None if started is None or ended is None else ended - started
    return row


def _children(query: Query, exec_id: str) -> list[Row]:
    # Two narrow questions take a third of the time that planning the union of both tables takes.
    rows = [row for part in ("executions", "executions_open") for row in query.rows(_CHILDREN.format(part), [exec_id])]
    rows.sort(key=beginning)
    for row in rows:
        del row["first_position"]
    return rows


def saved_of(query: Query, execution: Row) -> list[Row]:
    """Return what was saved by hand in an execution."""
    values = [*reach(execution), execution["exec_id"]]
    return query.rows(f"FROM internal.artifacts WHERE {_IN} ORDER BY position", values)


def _place(call: Row) -> tuple[int, int]:
    return call["sequence"], call["first_position"]


def _matchable(call: Row) -> Row:
    position, status = call.pop("position"), call["status"]
    call["end_position"] = None if status in ("running", "interrupted") else position
    reuse = {name: call.pop(name) for name in ("reason", "source_exec_id", "source_call", "why")}
    call["reuse"] = reuse if status == "reused" else None
    return call


def _whole(query: Query, row: Row, calls: list[Row]) -> list[Row]:
    """Add their attempts to calls."""
    # Most calls have no attempt that another followed: their own rows tell everything.
    again = [call["name"] for call in calls if call["attempts"] > (call["attempt_started_at"] is not None)]
    past = query.rows(_PAST, [*reach(row), row["exec_id"], again]) if again else []
    return _with_attempts(calls, past)


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
