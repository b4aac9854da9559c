"""Reads of recorded results by what produced them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from kitaru.store.database.reads.registry import named, positive

if TYPE_CHECKING:
    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row


@named("cache")
def cache(query: Query, code_id: str, limit: int = 1000) -> dict[str, Any]:
    """Return the newest entry of each cache key of one piece of code, and whether these are all."""
    positive("limit", limit)
    rows = query.rows(
        'SELECT cache_key, exec_id, call, "at", output FROM internal.cache_entries WHERE code_id = ? '
        "ORDER BY position DESC LIMIT ?",
        [code_id, limit + 1],
    )
    newest: dict[str, Row] = {}
    for row in rows[:limit]:
        newest.setdefault(row["cache_key"], row)
    return {"entries": list(newest.values()), "complete": len(rows) <= limit}


@named("cache_entry")
def cache_entry(query: Query, cache_key: str) -> Row | None:
    """Return the newest entry of a cache key with its output, or None."""
    # First the rows that may fit, by four bytes each, then only those: reading every key takes thrice as long.
    fitting = query.rows("SELECT rowid FROM internal.cache_entries WHERE key_hash = ?", [crc32(cache_key.encode())])
    if not fitting:
        return None
    numbers = ", ".join(str(row["rowid"]) for row in fitting)
    rows = query.rows(
        'SELECT cache_key, code_id, exec_id, call, "at", output, position FROM internal.cache_entries '  # noqa: S608
        f"WHERE rowid IN ({numbers}) AND cache_key = ?",
        [cache_key],
    )
    if not rows:
        return None
    row = max(rows, key=_position)
    position = row.pop("position")
    if row["output"] is None:
        call = query.first(
            "SELECT output FROM internal.all_calls WHERE position >= ? AND exec_id = ? AND name = ? AND cache_key = ?",
            [position, row["exec_id"], row["call"], cache_key],
        )
        row["output"] = call and call["output"]
    return row if row["output"] is not None else None


def _position(row: Row) -> int:
    position: int = row["position"]
    return position
