"""Why a call ran: what is recorded of it, and the earlier result of its checkpoint that is most like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from kitaru.errors import KitaruNotFoundError
from kitaru.store.database.reads.registry import REACH, find_execution, named, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

_OF_EXECUTION: Final = f"{REACH}, flow, snapshot_id, original_exec_id"

_COLUMNS: Final = "name, checkpoint, status, opaque, code_id, cache_key, inputs, why, first_position, position"

_EARLIER: Final = (
    "SELECT exec_id, name, code_id, cache_key, inputs FROM internal.calls WHERE checkpoint = $1 "
    "AND status = 'completed' AND exec_id <> $2 AND first_position < $3 AND position >= $4"
)

_NEWEST: Final = "ORDER BY first_position DESC LIMIT 1"

_PURGED: Final = (
    "SELECT (SELECT count(*) FROM internal.cache_entries) < "
    "(SELECT count(cache_key) FROM internal.calls WHERE status = 'completed') AS purged"
)

_REACHES: Final = (20_000, 1_000_000, 2**62)
"""How many positions are looked back, one after the other: the newest result is seldom far away."""


@named("explanation")
def explanation(query: Query, exec_id: str, call: str) -> dict[str, Any]:
    """Return a call, the earlier result that is most like it, and the code of both flows where it differs.

    Most like it is a result of the same key, else the newest one of the same code, else the newest one.
    """
    execution = find_execution(query, exec_id, _OF_EXECUTION)
    found = rows_of(query, execution, "calls", _COLUMNS, name=call)
    if not found:
        names = ", ".join(row["name"] for row in rows_of(query, execution, "calls", "name, first_position")) or "none"
        raise KitaruNotFoundError(f"Execution {exec_id} has no call {call!r}; its calls are: {names}.")
    row = found[-1]
    nearest = _nearest(query, execution, row) if row["cache_key"] else None
    return {
        "call": row,
        "original_exec_id": execution["original_exec_id"],
        "nearest": nearest,
        "codes": _codes(query, execution, nearest) if nearest and nearest["code_id"] != row["code_id"] else [],
    }


def _nearest(query: Query, execution: Row, call: Row) -> Row | None:
    asked = [call["checkpoint"], execution["exec_id"], call["first_position"]]
    same = _of_same_key(query, asked, call)
    return same or _newest(query, asked, execution["first_position"], call)


def _of_same_key(query: Query, asked: Sequence[Any], call: Row) -> Row | None:
    entries = query.rows(
        "SELECT position FROM internal.cache_entries WHERE key_hash = ?", [crc32(call["cache_key"].encode())]
    )
    among = ", ".join(str(entry["position"]) for entry in entries if entry["position"] != call["position"])
    if among:
        found = query.first(
            f"{_EARLIER} AND position IN ({among}) AND cache_key = $5 {_NEWEST}", [*asked, 0, call["cache_key"]]
        )
        if found is not None:
            return found
    # To read the keys of all calls takes long: only where some were purged that is the way to find them.
    if query.rows(_PURGED)[0]["purged"]:
        return query.first(f"{_EARLIER} AND cache_key = $5 {_NEWEST}", [*asked, 0, call["cache_key"]])
    return None


def _newest(query: Query, asked: Sequence[Any], began: int, call: Row) -> Row | None:
    """Return the newest result of the same code, or else of any; the newest ones are looked through first."""
    nearest = None
    for reach in _REACHES:
        order = "ORDER BY code_id = $5 DESC, first_position DESC LIMIT 1"
        nearest = query.first(f"{_EARLIER} {order}", [*asked, began - reach, call["code_id"]])
        if nearest is not None and nearest["code_id"] == call["code_id"]:
            break
    return nearest


def _codes(query: Query, execution: Row, nearest: Row) -> list[Any]:
    """Return what the flow of the earlier result and this one consist of, if they are the same flow."""
    before = find_execution(query, nearest["exec_id"], _OF_EXECUTION)
    if before["flow"] != execution["flow"]:
        return []
    rows = query.rows(
        "SELECT snapshot_id, identity FROM internal.snapshots WHERE snapshot_id IN (?, ?)",
        [before["snapshot_id"], execution["snapshot_id"]],
    )
    identities = {row["snapshot_id"]: row["identity"] or {} for row in rows}
    return [identities.get(one["snapshot_id"], {}) for one in (before, execution)]
