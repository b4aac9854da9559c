"""Why a call ran, or did not: the comparison with the newest earlier result of the same checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru.client.client import KitaruClient

    Row = Mapping[str, Any]


def explain(client: KitaruClient, exec_id: str, call: str) -> str:
    """Say in one sentence why a call ran or was reused; see `KitaruClient.executions.explain`."""
    found = client.store.read("explanation", exec_id=client.executions.resolve(exec_id), call=call)
    row = found["call"]
    if row["status"] == "reused":
        return f"{call} was reused: {row['why']}."
    return f"{call} ran: {_cause(found, row)}."


def _cause(found: Row, row: Row) -> str:
    if found["original_exec_id"]:
        return (
            f"a replay takes results from its source, {found['original_exec_id']}, as far as it is asked to and while "
            "the inputs are the recorded ones; the comparison of the two tells what changed"
        )
    if row["opaque"]:
        return f"the content of {', '.join(row['opaque'])} cannot be digested, so no other result is known to fit"
    if not row["cache_key"]:
        return "the reuse of results was off for it"
    nearest = found["nearest"]
    if nearest is None:
        return f"no earlier result of {row['checkpoint']} is recorded"
    named = f"call {nearest['name']!r} of {nearest['exec_id']}"
    if nearest["code_id"] != row["code_id"]:
        return f"its code is not that of {named}{_edits(found['codes'])}"
    if nearest["cache_key"] != row["cache_key"]:
        return f"its inputs are not those of {named}{_changes(nearest, row)}"
    return f"the result of {named} was not to be had: it was purged, too old, or not finished when this execution began"


def _edits(codes: Sequence[Mapping[str, str]]) -> str:
    from kitaru.code import changed_parts

    edits = changed_parts(*codes) if codes else []
    return f": {'; '.join(edits)}" if edits else ""


def _changes(before: Row, row: Row) -> str:
    from kitaru.runtime.calls import changes_of

    changed = changes_of(before["inputs"] or {}, row["inputs"] or {})
    return f": {'; '.join(changed)}" if changed else " (or what the checkpoint depends on)"
