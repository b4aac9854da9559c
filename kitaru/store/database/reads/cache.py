"""Reads of recorded results by what produced them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from kitaru.store.database.reads.registry import named, positive

if TYPE_CHECKING:
    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row


@named("cache")
def cache(query: Query, code_id: str, limit: int = 1000, since: int | None = None) -> dict[str, Any]:
    """Return the newest entry of some cache keys of one piece of code, and whether these are all.

    They are the keys recorded last, or those recorded from the position `since` on.
    """
    positive("limit", limit)
    if since is not None:
        return _recorded_since(query, code_id, limit, since)
    rows = query.rows(
        'SELECT cache_key, exec_id, call, "at", output FROM internal.cache_entries WHERE code_id = ? '
        "ORDER BY position DESC LIMIT ?",
        [code_id, limit + 1],
    )
    return {"entries": _newest(rows[:limit]), "complete": len(rows) <= limit}


def _recorded_since(query: Query, code_id: str, limit: int, since: int) -> dict[str, Any]:
    rows = query.rows(
        'SELECT cache_key, exec_id, call, "at", output FROM internal.cache_entries WHERE code_id = ? '
        "AND key_hash IN (SELECT key_hash FROM internal.cache_entries WHERE code_id = ? AND position >= ? "
        "ORDER BY position LIMIT ?) ORDER BY position DESC",
        [code_id, code_id, since, limit],
    )
    return {"entries": _newest(rows), "complete": False}


def _newest(rows: list[Row]) -> list[Row]:
    newest: dict[str, Row] = {}
    for row in rows:
        newest.setdefault(row["cache_key"], row)
    return list(newest.values())


@named("cache_hashes")
def cache_hashes(query: Query, code_id: str, limit: int = 500_000) -> list[int] | None:
    """Return the CRC-32 of every cache key of one piece of code in order, or None if there are more than `limit`.

    Whoever has them knows of most keys that nothing is recorded for them, without asking.
    """
    positive("limit", limit)
    row = query.first(
        "SELECT list_sort(list(DISTINCT key_hash)) AS hashes FROM internal.cache_entries WHERE code_id = ? "
        "HAVING count(*) <= ?",
        [code_id, limit],
    )
    return None if row is None else row["hashes"] or []


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
    if row["output"] is None:
        call = query.first(
            "SELECT output FROM internal.all_calls WHERE position >= ? AND exec_id = ? AND name = ? AND cache_key = ?",
            [row["position"], row["exec_id"], row["call"], cache_key],
        )
        row["output"] = call and call["output"]
    return row if row["output"] is not None else None


def _position(row: Row) -> int:
    position: int = row["position"]
    return position
