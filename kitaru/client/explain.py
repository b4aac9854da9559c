"""Why a call ran, or did not: the comparison with the newest earlier result of the same checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.client.client import KitaruClient

NEAREST = """
    SELECT exec_id, name, code_id, cache_key FROM checkpoints
    WHERE checkpoint = $checkpoint AND status = 'completed' AND exec_id <> $exec_id AND epoch(started_at) < $started
    ORDER BY coalesce(cache_key = $cache_key, false) DESC, code_id = $code_id DESC, started_at DESC LIMIT 1
"""


def explain(client: KitaruClient, exec_id: str, call: str) -> str:
    """Say in one sentence why a call ran or was reused; see `KitaruClient.executions.explain`."""
    found = client.store.read("execution", exec_id=client.executions.resolve(exec_id))
    row = next((row for row in found["calls"] if row["name"] == call), None)
    if row is None:
        names = ", ".join(row["name"] for row in found["calls"]) or "none"
        raise KitaruNotFoundError(f"Execution {exec_id} has no call {call!r}; its calls are: {names}.")
    if row["status"] == "reused":
        return f"{call} was reused: {row['why']}."
    return f"{call} ran: {_cause(client, found['execution'], row)}."


def _cause(client: KitaruClient, head: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    if head.get("original_exec_id"):
        return (
            f"a replay takes results from its source, {head['original_exec_id']}, as far as it is asked to and while "
            "the inputs are the recorded ones; the comparison of the two tells what changed"
        )
    if row.get("opaque"):
        return f"the content of {', '.join(row['opaque'])} cannot be digested, so no other result is known to fit"
    if not row.get("cache_key"):
        return "the reuse of results was off for it"
    nearest = _nearest(client, row, head["exec_id"])
    if nearest is None:
        return f"no earlier result of {row['checkpoint']} is recorded"
    if nearest["code_id"] != row["code_id"]:
        return (
            f"its code is not that of call {nearest['name']!r} of {nearest['exec_id']}{_edits(client, head, nearest)}"
        )
    if nearest["cache_key"] != row["cache_key"]:
        changed = _changes(client, row, nearest)
        return f"its inputs are not those of call {nearest['name']!r} of {nearest['exec_id']}{changed}"
    return (
        f"the result of call {nearest['name']!r} of {nearest['exec_id']} was not to be had: it was purged, too old, or "
        "not finished when this execution began"
    )


def _nearest(client: KitaruClient, row: Mapping[str, Any], exec_id: str) -> dict[str, Any] | None:
    asked = {name: row[name] for name in ("checkpoint", "cache_key", "code_id")}
    table = client.sql(NEAREST, asked | {"exec_id": exec_id, "started": row["started_at"]}, as_="arrow")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows[0] if rows else None


def _edits(client: KitaruClient, head: Mapping[str, Any], nearest: Mapping[str, Any]) -> str:
    from kitaru.code import changed_parts

    before = client.store.read("head", exec_id=nearest["exec_id"])["execution"]
    if before["flow"] != head["flow"]:
        return ""
    old, new = (
        client.store.read("snapshot", snapshot_id=one["snapshot_id"]).get("identity") or {} for one in (before, head)
    )
    edits = changed_parts(old, new)
    return f": {'; '.join(edits)}" if edits else ""


def _changes(client: KitaruClient, row: Mapping[str, Any], nearest: Mapping[str, Any]) -> str:
    from kitaru.runtime.calls import changes_of

    calls = client.store.read("execution", exec_id=nearest["exec_id"])["calls"]
    before = next(call for call in calls if call["name"] == nearest["name"])
    changed = changes_of(before["inputs"] or {}, row["inputs"] or {})
    return f": {'; '.join(changed)}" if changed else " (or what the checkpoint depends on)"
