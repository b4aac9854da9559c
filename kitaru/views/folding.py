"""Which rows a view shows: fan-outs and long loops become one row, a long list loses its middle.

The store does the same, by its columns, for executions of many calls: see its read ``outline``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from kitaru.views.model import CallView, GroupView
from kitaru.views.parts import call_view
from kitaru.views.record import FOLDING, Outline, in_order

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kitaru.views.record import Record, Row


def outline_of(record: Record, alone: Collection[str], most: int) -> Outline:
    """Make rows of the calls of a record, unless the store has done so.

    Parameters
    ----------
    record
        What is known.
    alone
        Names of calls that are not folded.
    most
        More rows than this lose those in the middle.
    """
    if record.outline is not None:
        return record.outline
    calls = record.calls
    begun = sorted([call["first_position"] for call in calls]) if record.waits else []
    places = [bisect_left(begun, wait["first_position"]) for wait in record.waits]
    lone = [index for index, call in enumerate(calls) if call["name"] in alone] if alone else []
    parts = list(_parts(calls, {*places, *lone, *(index + 1 for index in lone)}))
    hidden = max(0, len(parts) - most)
    chosen = [*parts[: most // 4], *parts[len(parts) - (most - most // 4) :]] if hidden else parts
    rows = [_row(calls[start:end], start) for start, end in chosen]
    return Outline(rows, hidden, Counter([call["status"] for call in calls]), places)


def row_view(record: Record, row: Row) -> CallView | GroupView:
    """Make the view of one call, or of neighbours that are folded."""
    calls = [_call(record, call) for call in row["calls"]]
    if row["total"] == 1:
        return calls[0]
    counts, started = row["counts"], row["started_at"]
    ended = None if counts.get("running") else row["ended_at"]
    return GroupView(
        checkpoint=row["checkpoint"],
        type=row["type"],
        sequence=row["sequence"],
        total=row["total"],
        completed=counts.get("completed", 0),
        running=counts.get("running", 0),
        failed=counts.get("failed", 0),
        reused=counts.get("reused", 0),
        started_at=started,
        ended_at=ended,
        duration=None if started is None or ended is None else ended - started,
        tokens=row["total_tokens"],
        cost=row["cost_usd"],
        calls=calls,
    )


def gap_of(rows: Sequence[Row]) -> range:
    """Return the places that are left out between rows."""
    for before, after in pairwise(rows):
        end = before["start"] + before["total"]
        if after["start"] != end:
            return range(end, after["start"])
    return range(0)


def _parts(calls: Sequence[Row], cuts: Collection[int]) -> Iterator[tuple[int, int]]:
    """Part the calls into rows: one call each, or neighbours that are folded; nothing reaches across a cut."""
    start = 0
    for end in _ends(calls, cuts):
        if _is_folded(calls[start:end]):
            yield start, end
        else:
            yield from ((index, index + 1) for index in range(start, end))
        start = end


def _ends(calls: Sequence[Row], cuts: Collection[int]) -> Iterator[int]:
    """Where neighbours of one checkpoint end."""
    before = None
    for index, call in enumerate(calls):
        checkpoint = call["checkpoint"]
        if index and (checkpoint != before or index in cuts):
            yield index
        before = checkpoint
    if calls:
        yield len(calls)


def _is_folded(calls: Sequence[Row]) -> bool:
    beside = sum(bool(call["concurrent"]) for call in calls)
    return len(calls) > FOLDING["folded_alike"] or beside > FOLDING["folded_concurrent"]


def _row(calls: Sequence[Row], start: int) -> Row:
    def known(column: str) -> list[float]:
        return [call[column] for call in calls if call[column] is not None]

    tokens, cost = known("total_tokens"), known("cost_usd")
    return {
        "start": start,
        "total": len(calls),
        "counts": Counter([call["status"] for call in calls]),
        "checkpoint": calls[0]["checkpoint"],
        "type": calls[0]["type"],
        "sequence": calls[0]["sequence"],
        "started_at": min(known("started_at"), default=None),
        "ended_at": max(known("ended_at"), default=None),
        "total_tokens": sum(tokens) if tokens else None,
        "cost_usd": sum(cost) if cost else None,
        "calls": _sample(calls),
    }


def _call(record: Record, row: Row) -> CallView:
    attempt, text = record.streams.get(row["name"], (None, None))
    return call_view(row, full=False, stream=text if attempt == row["attempts"] else None)


def _sample(calls: Sequence[Row]) -> list[Row]:
    """Those that failed or run, then the newest."""
    chosen: dict[str, Row] = {}
    most = FOLDING["sample"]
    for status in ("failed", "running"):
        fitting = (call for call in calls if call["status"] == status)
        for call in islice(fitting, most - len(chosen)):
            chosen[call["name"]] = call
    for call in reversed(calls):
        if len(chosen) >= most:
            break
        chosen.setdefault(call["name"], call)
    return in_order(chosen.values())
