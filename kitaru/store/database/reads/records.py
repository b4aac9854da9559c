"""Reads of what an execution left behind: waits, artifacts, snapshots, logs, events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError, KitaruStateError
from kitaru.store.artifact_rows import artifact_rows
from kitaru.store.database.reads.executions import saved_of
from kitaru.store.database.reads.listings import resolve
from kitaru.store.database.reads.registry import REACH, find_execution, named, positive, reach, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

_LOG: Final = 'position, line, call, attempt, "at", stream, level, text, logger, file, file_line'


@named("waits")
def waits(query: Query, exec_id: str | None = None, status: str | None = "pending") -> list[Row]:
    """Return waits with their execution's flow, oldest first."""
    table = "internal.waits_open" if status == "pending" else "internal.all_waits"
    return query.rows(
        f"SELECT w.*, e.flow, e.status AS execution_status, e.notebook FROM {table} AS w "  # noqa: S608
        "JOIN internal.all_executions AS e USING (exec_id) "
        "WHERE ($1 IS NULL OR exec_id = $1) AND ($2 IS NULL OR w.status = $2) ORDER BY w.first_position",
        [exec_id, status],
    )


@named("artifacts")
def artifacts(
    query: Query,
    exec_id: str | None = None,
    name: str | None = None,
    kind: str | None = None,
    call: str | None = None,
    limit: int = 1000,
) -> list[Row]:
    """Return artifacts: of one execution in their order, else the newest first."""
    wanted = {"name": name, "kind": kind, "call": call}
    given = {column: value for column, value in wanted.items() if value is not None}
    positive("limit", limit)
    if exec_id is not None:
        rows = _artifacts_of(query, find_execution(query, exec_id, REACH))
        return [row for row in rows if all(row[column] == value for column, value in given.items())][:limit]
    where = " AND ".join(f"{column} = ?" for column in given) or "true"
    return query.rows(
        f"FROM internal.all_artifacts WHERE {where} ORDER BY position DESC LIMIT ?",
        [*given.values(), limit],
    )


@named("artifact")
def artifact(query: Query, artifact_id: str) -> Row:
    """Return one artifact by its id, or by ``"<beginning of the execution's id>/<name or call>"``."""
    begin, _, rest = artifact_id.partition("/")
    exec_ids = resolve(query, begin)
    if len(exec_ids) != 1 and begin not in exec_ids:
        raise _not_one("execution", artifact_id, exec_ids)
    exec_id = exec_ids[0]
    rows = _artifacts_of(query, find_execution(query, exec_id, REACH))
    exact = [row for row in rows if row["artifact_id"] == f"{exec_id}/{rest}"]
    saved = [row for row in rows if row["save_type"] == "manual" and row["name"] == rest]
    outputs = [row for row in rows if row["save_type"] == "output" and row["call"] == rest]
    found = exact or saved or outputs
    if len(found) != 1:
        raise _not_one("artifact", artifact_id, [row["artifact_id"] for row in found or rows[:20]], bool(found))
    return found[0]


@named("snapshot")
def snapshot(query: Query, snapshot_id: str) -> Row:
    """Return a snapshot with its source and code."""
    row = query.first("FROM internal.snapshots WHERE snapshot_id = ?", [snapshot_id])
    if row is None:
        raise KitaruNotFoundError(f"There is no snapshot {snapshot_id!r} in this store.")
    return row


@named("snapshots")
def snapshots(query: Query, flow: str | None = None) -> list[Row]:
    """Return snapshots without their code, the newest first."""
    return query.rows(
        "SELECT * EXCLUDE (code, source) FROM internal.snapshots WHERE $1 IS NULL OR flow = $1 ORDER BY position DESC",
        [flow],
    )


@named("logs")
def logs(
    query: Query,
    exec_id: str,
    call: str | None = None,
    after: int | None = None,
    limit: int = 1000,
    tail: bool = False,
) -> list[Row]:
    """Return captured lines in their order: those after the position `after`, or the last ones.

    Lines of one position are never parted, so a few more than `limit` may come.
    """
    low, high = reach(find_execution(query, exec_id, REACH))
    low = low if after is None else max(low, after + 1)
    order = "DESC" if tail else "ASC"
    rows = query.rows(
        f"SELECT {_LOG}, rank() OVER (ORDER BY position {order}) AS before FROM internal.logs "  # noqa: S608
        "WHERE position BETWEEN $1 AND $2 AND exec_id = $3 AND ($4 IS NULL OR call = $4) "
        "QUALIFY before <= $5 ORDER BY position, line",
        [low, high, exec_id, call, positive("limit", limit)],
    )
    for row in rows:
        del row["before"]
    return rows


@named("events")
def events(
    query: Query, exec_id: str, kinds: Sequence[str] | None = None, after: int | None = None, limit: int = 1000
) -> list[Row]:
    """Return what happened in an execution, in its order."""
    low, high = reach(find_execution(query, exec_id, REACH))
    return query.rows(
        "FROM internal.all_events WHERE position BETWEEN $1 AND $2 AND exec_id = $3 "
        "AND ($4 IS NULL OR list_contains($4::VARCHAR[], kind)) ORDER BY position LIMIT $5",
        [
            low if after is None else max(low, after + 1),
            high,
            exec_id,
            None if kinds is None else list(kinds),
            positive("limit", limit),
        ],
    )


def _artifacts_of(query: Query, execution: Row) -> list[Row]:
    calls = rows_of(query, execution, "calls", "exec_id, name, output, ended_at, first_position, position")
    return artifact_rows(saved_of(query, execution), calls)


def _not_one(what: str, wanted: str, found: list[str], several: bool = True) -> KitaruStateError:
    if found and several:
        return KitaruStateError(f"{wanted!r} may mean more than one {what}: {', '.join(found)}. Give the whole id.")
    known = f" There are: {', '.join(found)}." if found else ""
    return KitaruNotFoundError(f"There is no {what} that {wanted!r} names.{known}")


def describe_quarantine(query: Query) -> list[dict[str, Any]]:
    """Return the events that could not be applied."""
    return query.rows("SELECT position, kind, exec_id, error FROM internal.quarantine ORDER BY position")
