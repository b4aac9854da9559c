"""Which rows a view shows: fan-outs and long loops become one row, a long list loses its middle.

Only what is shown is made into views: the work for an execution of many thousand calls is one pass over its rows.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, Final

from kitaru.views.model import CallView, GroupView
from kitaru.views.parts import call_view

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kitaru.views.record import Record, Row

FOLDED_CONCURRENT: Final = 5
"""More neighbours of one checkpoint than this are folded if they ran side by side,"""
FOLDED_ALIKE: Final = 20
"""and more than this however they ran."""
SAMPLE: Final = 5
MOST_ROWS: Final = 100

Segment = tuple[int, int]


def segments(calls: Sequence[Row], cuts: Sequence[int] = ()) -> list[Segment]:
    """Part the calls into rows: one call each, or neighbours that are folded; nothing reaches across a cut."""
    found: list[Segment] = []
    start = 0
    for end in _ends(calls, cuts):
        if _is_folded(calls, start, end):
            found.append((start, end))
        else:
            found.extend((index, index + 1) for index in range(start, end))
        start = end
    return found


def windowed(items: list[Segment], most: int) -> tuple[list[Segment], list[Segment], int]:
    """Keep the first and the last of many; return both and how many are left out between them."""
    if len(items) <= most:
        return items, [], 0
    first = most // 4
    return items[:first], items[len(items) - (most - first) :], len(items) - most


def place_of(position: int, starts: Sequence[int]) -> int:
    """How many calls began before a journal position, their beginnings being sorted."""
    return bisect_left(starts, position)


def shown(record: Record, chosen: Sequence[Segment]) -> list[Row]:
    """Return the calls that are shown of some segments."""
    found: list[Row] = []
    for start, end in chosen:
        calls = record.calls[start:end]
        found += calls if end - start == 1 else _sample(calls)
    return found


def row_of(record: Record, segment: Segment) -> CallView | GroupView:
    """Make the row of a segment."""
    start, end = segment
    if end - start == 1:
        return _call(record, record.calls[start])
    return group_of(record, record.calls[start:end])


def group_of(record: Record, calls: Sequence[Row]) -> GroupView:
    """Fold calls of one checkpoint into one row, with a few of them."""
    counts: dict[str, int] = {}
    ends: list[float] = []
    for call in calls:
        status = call["status"]
        counts[status] = counts.get(status, 0) + 1
        if call["ended_at"] is not None:
            ends.append(call["ended_at"])
    begun = [call["started_at"] for call in calls if call["started_at"] is not None]
    started = min(begun, default=None)
    ended = max(ends, default=None) if not counts.get("running") else None
    tokens = [call["total_tokens"] for call in calls if call["total_tokens"] is not None]
    costs = [call["cost_usd"] for call in calls if call["cost_usd"] is not None]
    return GroupView(
        checkpoint=calls[0]["checkpoint"],
        type=calls[0]["type"],
        sequence=calls[0]["sequence"],
        total=len(calls),
        completed=counts.get("completed", 0),
        running=counts.get("running", 0),
        failed=counts.get("failed", 0),
        reused=counts.get("reused", 0),
        started_at=started,
        ended_at=ended,
        duration=None if started is None or ended is None else ended - started,
        tokens=sum(tokens) if tokens else None,
        cost=sum(costs) if costs else None,
        calls=[_call(record, call) for call in _sample(calls)],
    )


def _call(record: Record, row: Row) -> CallView:
    attempt, text = record.streams.get(row["name"], (None, None))
    return call_view(row, full=False, stream=text if attempt == row["attempts"] else None)


def _sample(calls: Sequence[Row]) -> list[Row]:
    """Those that failed or run, then the newest."""
    chosen: dict[str, Row] = {}
    for status in ("failed", "running"):
        fitting = (call for call in calls if call["status"] == status)
        for call in islice(fitting, SAMPLE - len(chosen)):
            chosen[call["name"]] = call
    for call in reversed(calls):
        if len(chosen) >= SAMPLE:
            break
        chosen.setdefault(call["name"], call)
    return sorted(chosen.values(), key=lambda call: int(call["sequence"]))


def _ends(calls: Sequence[Row], cuts: Sequence[int]) -> Iterator[int]:
    """Where neighbours of one checkpoint end."""
    at = set(cuts)
    before = None
    for index, call in enumerate(calls):
        checkpoint = call["checkpoint"]
        if index and (checkpoint != before or index in at):
            yield index
        before = checkpoint
    if calls:
        yield len(calls)


def _is_folded(calls: Sequence[Row], start: int, end: int) -> bool:
    size = end - start
    if size > FOLDED_ALIKE:
        return True
    return size > FOLDED_CONCURRENT and sum(bool(call["concurrent"]) for call in calls[start:end]) > FOLDED_CONCURRENT
