"""Reads over many executions: lists, and ids from their beginnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruUsageError
from kitaru.store.database.reads.executions import with_duration
from kitaru.store.database.reads.registry import named, positive

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

_SUMMARY: Final = (
    "exec_id, flow, status, epoch, snapshot_id, stack, parent_exec_id, parent_call, original_exec_id, notebook, tags, "
    "metadata, created_at, started_at, ended_at, reason, failure, failed_call, waits_pending, calls, "
    "reused, failed, llm_calls, input_tokens, output_tokens, total_tokens, cost_usd, deployment_version, invoked_by, "
    "invoked_via, first_position"
)

_PARTS: Final = ("executions", "executions_open")

_ORDERS: Final = {
    "started_at": "coalesce(started_at, created_at)",
    "created_at": "created_at",
    "ended_at": "ended_at",
    "duration": "ended_at - started_at",
    "cost": "cost_usd",
    "tokens": "total_tokens",
    "calls": "calls",
    "flow": "flow",
    "status": "status",
}

_TEXT: Final = (
    "contains(lower(concat_ws(' ', exec_id, flow, notebook, failure->>'$.message', failed_call, invoked_by, "
    "array_to_string(tags, ' '), metadata::VARCHAR)), lower(?))"
)


@named("executions")
def executions(
    query: Query,
    flow: str | None = None,
    statuses: Sequence[str] | None = None,
    since: float | None = None,
    until: float | None = None,
    text: str | None = None,
    notebook: str | None = None,
    parent: str | None = None,
    original: str | None = None,
    originals_only: bool = False,
    tags: Sequence[str] | None = None,
    deployment_version: int | None = None,
    order: str = "-started_at",
    limit: int = 50,
    offset: int = 0,
) -> dict[str, Any]:
    """Return summaries of the executions that fit, and how many fit in all."""
    where, values = conditions(flow=flow, statuses=statuses, since=since, until=until, tags=tags)
    for clause, value in (
        ("notebook = ?", notebook),
        ("parent_exec_id = ?", parent),
        ("original_exec_id = ?", original),
        ("deployment_version = ?", deployment_version),
        (_TEXT, text),
    ):
        if value is not None:
            where.append(clause)
            values.append(value)
    if originals_only:
        where.append("original_exec_id IS NULL")
    fitting = " AND ".join(where) or "true"
    column, direction = _order(order)
    selected = " UNION ALL ".join(
        f"SELECT '{part}' AS part, rowid AS row, {column} AS rank, first_position FROM internal.{part} WHERE {fitting}"  # noqa: S608
        for part in _PARTS
    )

    def page(limit: int, offset: int) -> list[Row]:
        return query.rows(
            f"SELECT part, row, count(*) OVER () AS total FROM ({selected}) "  # noqa: S608
            f"ORDER BY rank {direction} NULLS LAST, first_position DESC LIMIT ? OFFSET ?",
            [*values, *values, limit, offset],
        )

    chosen = page(positive("limit", limit), positive("offset", offset, least=0))
    counted = chosen or (page(1, 0) if offset else [])
    return {"items": _summaries(query, chosen), "total": counted[0]["total"] if counted else 0}


def _summaries(query: Query, chosen: Sequence[Row]) -> list[Row]:
    """Return summaries of the rows that were chosen: to sort these many columns takes longer than to look them up."""
    found: dict[tuple[str, int], Row] = {}
    for part in _PARTS:
        numbers = ", ".join(str(row["row"]) for row in chosen if row["part"] == part)
        if numbers:
            rows = query.rows(f"SELECT rowid, {_SUMMARY} FROM internal.{part} WHERE rowid IN ({numbers})")  # noqa: S608
            found |= {(part, row.pop("rowid")): with_duration(row) for row in rows}
    return [found[row["part"], row["row"]] for row in chosen]


@named("resolve")
def resolve(query: Query, prefix: str) -> list[str]:
    """Return up to ten ids of executions that begin so, the exact one first."""
    begin = prefix if prefix.startswith("kr-") else f"kr-{prefix}"
    rows = query.rows(
        "SELECT exec_id FROM internal.all_executions WHERE starts_with(exec_id, ?) OR exec_id = ? "
        "ORDER BY exec_id NOT IN (?, ?), first_position DESC LIMIT 10",
        [begin, prefix, begin, prefix],
    )
    return [row["exec_id"] for row in rows]


def conditions(
    *,
    flow: str | None,
    statuses: Sequence[str] | None,
    since: float | None,
    until: float | None,
    tags: Sequence[str] | None = None,
    stack: str | None = None,
    of: str = "",
) -> tuple[list[str], list[Any]]:
    """Return the conditions that several reads share, and their values; `of` goes before each column."""
    began = f"coalesce({of}started_at, {of}created_at)"
    clauses = (
        (f"{of}flow = ?", flow),
        (f"{of}stack = ?", stack),
        (f"list_contains(?::VARCHAR[], {of}status)", _several("statuses", statuses)),
        (f"{began} >= ?", since),
        (f"{began} < ?", until),
        (f"list_has_all({of}tags, ?::VARCHAR[])", _several("tags", tags)),
    )
    given = [(clause, value) for clause, value in clauses if value is not None]
    return [clause for clause, _ in given], [value for _, value in given]


def _several(name: str, values: Iterable[str] | None) -> list[str] | None:
    if isinstance(values, str):
        raise KitaruUsageError(f"{name} must be a list of texts, for example [{values!r}].")
    return None if values is None else [str(value) for value in values]


def _order(order: str) -> tuple[str, str]:
    column = _ORDERS.get(order.removeprefix("-"))
    if column is None:
        raise KitaruUsageError(
            f"Executions cannot be ordered by {order!r}. Choose one of {', '.join(_ORDERS)}; "
            "a leading - means descending."
        )
    return column, "DESC" if order.startswith("-") else "ASC"
