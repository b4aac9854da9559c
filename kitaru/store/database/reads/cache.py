"""Reads of recorded results by what produced them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from kitaru.store.database.reads.registry import named, positive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row


@named("cache_keys")
def cache_keys(query: Query, code_id: str, limit: int = 500_000, wanted: Sequence[int] | None = None) -> dict[str, Any]:
    """Return what tells of most cache keys of one piece of code that nothing is recorded for them.

    ``recorded`` has the CRC-32 of each key with a result, in order; it is None if there are more than `limit` results:
    then ``found`` has those of `wanted` that are among them. ``begun`` has those of calls that have not ended.
    """
    (told,) = query.rows(
        "SELECT list_sort(list(DISTINCT key_hash)) AS hashes, count(*) AS n FROM "
        "(SELECT key_hash FROM internal.cache_entries WHERE code_id = ? LIMIT ?)",
        [code_id, positive("limit", limit) + 1],
    )
    whole = told["n"] <= limit
    begun = query.rows(
        "SELECT cache_key FROM internal.calls_open WHERE code_id = ? AND cache_key IS NOT NULL", [code_id]
    )
    return {
        "recorded": (told["hashes"] or []) if whole else None,
        "found": [] if whole or not wanted else _among(query, code_id, wanted),
        "begun": [crc32(row["cache_key"].encode()) for row in begun],
    }


def _among(query: Query, code_id: str, wanted: Sequence[int]) -> list[int]:
    numbers = ", ".join([str(int(number)) for number in wanted])
    rows = query.rows(
        f"SELECT DISTINCT key_hash FROM internal.cache_entries WHERE key_hash IN ({numbers}) AND code_id = ?",  # noqa: S608
        [code_id],
    )
    return sorted([row["key_hash"] for row in rows])


@named("cache")
def cache(query: Query, cache_key: str, limit: int = 1) -> list[Row]:
    """Return the newest entry of a cache key, and those of keys that were recorded next: they are likely to be needed.

    The first one has its output; the others only where it is small. With no entry of the key there is none at all.
    """
    entry = cache_entry(query, cache_key)
    if entry is None or positive("limit", limit) == 1:
        return [] if entry is None else [entry]
    following = query.rows(
        'SELECT cache_key, exec_id, call, "at", output FROM internal.cache_entries WHERE code_id = $1 '
        "AND key_hash IN (SELECT key_hash FROM internal.cache_entries WHERE code_id = $1 AND position > $2 "
        "ORDER BY position LIMIT $3) ORDER BY position DESC",
        [entry["code_id"], entry["position"], limit - 1],
    )
    newest: dict[str, Row] = {cache_key: entry}
    for row in following:
        newest.setdefault(row["cache_key"], row)
    return list(newest.values())


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
