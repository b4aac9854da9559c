"""Two executions side by side: the client's comparison, with what is known of each value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.jupyter.models import CallDiff, DiffView, ValueChange
from kitaru.views.build import execution_summary
from kitaru.views.parts import value_view

if TYPE_CHECKING:
    from kitaru.client import KitaruClient, differences
    from kitaru.views.model import ValueView

MOST_CALLS: Final = 500
"""Calls that are the same in both are left out beyond this."""

Row = dict[str, Any]


def compare(client: KitaruClient, before: str, after: str) -> DiffView:
    """Compare two executions; nothing is unpickled."""
    (compared,) = client.diff(before, after).compared
    old, new = (client.store.read("execution", exec_id=exec_id) for exec_id in (before, after))
    was, now = ({call["name"]: call for call in side["calls"]} for side in (old, new))
    shown = _bounded(compared.calls)
    return DiffView(
        before=execution_summary(old["execution"]),
        after=execution_summary(new["execution"]),
        inputs=_inputs(compared.inputs, old["execution"], new["execution"]),
        output=_output(compared.output, old["execution"], new["execution"]),
        calls=[_call(call, was, now) for call in shown],
        hidden=len(compared.calls) - len(shown),
        duration_delta=compared.duration_delta,
        token_delta=compared.token_delta,
        cost_delta=compared.cost_delta,
    )


def _bounded(calls: list[differences.CallDiff]) -> list[differences.CallDiff]:
    if len(calls) <= MOST_CALLS:
        return calls
    changed = [call for call in calls if not call.is_same][:MOST_CALLS]
    room, kept = MOST_CALLS - len(changed), {id(call) for call in changed}
    for call in calls:
        if room and call.is_same:
            kept.add(id(call))
            room -= 1
    return [call for call in calls if id(call) in kept]


def _call(call: differences.CallDiff, was: dict[str, Row], now: dict[str, Row]) -> CallDiff:
    before, after = _name(call.original_call_id), _name(call.other_call_id)
    old, new = was.get(before or "", {}), now.get(after or "", {})
    return CallDiff(
        name=call.name,
        checkpoint=call.checkpoint,
        before=before,
        after=after,
        before_status=call.original_status,
        after_status=call.other_status,
        same=call.is_same,
        ran=call.ran,
        why=call.why,
        inputs=_inputs(call.inputs, old, new),
        output=_output(call.output, old, new),
        duration_delta=call.duration_delta,
        token_delta=call.token_delta,
        cost_delta=call.cost_delta,
    )


def _inputs(changes: list[differences.ValueChange], old: Row, new: Row) -> list[ValueChange]:
    was, now = old.get("inputs") or {}, new.get("inputs") or {}
    return [_change(change, _described(was.get(change.name)), _described(now.get(change.name))) for change in changes]


def _output(change: differences.ValueChange | None, old: Row, new: Row) -> ValueChange | None:
    if change is None:
        return None
    return _change(change, _stored(old), _stored(new))


def _stored(row: Row) -> ValueView | None:
    artifact_id = f"{row['exec_id']}/{row['name']}/output" if "name" in row else None
    return _described(row.get("output"), artifact_id)


def _described(record: Row | None, artifact_id: str | None = None) -> ValueView | None:
    return value_view(record, artifact_id) if record else None


def _change(change: differences.ValueChange, before: ValueView | None, after: ValueView | None) -> ValueChange:
    return ValueChange(name=change.name, before=before, after=after, text_diff=change.text_diff)


def _name(call_id: str | None) -> str | None:
    return None if call_id is None else call_id.partition("/")[2]
