"""Calls packed into lanes: a timeline of thousands of calls that shows how many ran at once."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Final

from kitaru.jupyter.models import LanesQuery, LanesView, SpanView

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kitaru.jupyter.endpoints import Request

    Call = dict[str, Any]

MOST_LANES: Final = 200
RESOLUTION: Final = 200
"""Parts of the time in sight that can be told apart."""
_WORST: Final = ("failed", "cancelled", "interrupted", "running", "pending", "completed", "reused")


def lanes(request: Request[LanesQuery, None]) -> LanesView:
    """Pack calls into lanes."""
    asked = request.query
    exec_id = request.client.executions.resolve(request.path["exec_id"])
    found = chosen(request.client.store.read("spans", exec_id=exec_id), asked)
    calls = [call for call in found if call["started_at"] is not None]
    packed = pack(calls)
    spans = [_bounded(lane, asked.since, asked.until) for lane in packed[:MOST_LANES]]
    return LanesView(lanes=_merged(spans), total=len(calls), hidden=max(0, len(packed) - MOST_LANES))


def chosen(calls: Sequence[Call], asked: LanesQuery) -> list[Call]:
    """Take the calls of a checkpoint, or those of one of its groups; they are in the order of the body."""
    fitting = [
        call
        for call in calls
        if (asked.checkpoint is None or call["checkpoint"] == asked.checkpoint)
        and (asked.first is None or call["sequence"] >= asked.first)
    ]
    return fitting if asked.count is None else fitting[: asked.count]


def pack(calls: Iterable[Call]) -> list[list[Call]]:
    """Put each call into the lane that was free first, so that there are as many lanes as calls ran at once.

    Examples
    --------
    >>> times = [("a", 0, 2), ("b", 1, 3), ("c", 2, 4), ("d", 5, None)]
    >>> calls = [{"name": name, "started_at": start, "ended_at": end} for name, start, end in times]
    >>> [[call["name"] for call in lane] for lane in pack(calls)]
    [['a', 'c', 'd'], ['b']]
    """
    packed: list[list[Call]] = []
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    for call in sorted(calls, key=lambda one: (one["started_at"], one["name"])):
        while busy and busy[0][0] <= call["started_at"]:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(packed)
        if lane == len(packed):
            packed.append([])
        packed[lane].append(call)
        heapq.heappush(busy, (float("inf") if call["ended_at"] is None else call["ended_at"], lane))
    return packed


def _bounded(lane: list[Call], since: float | None, until: float | None) -> list[SpanView]:
    return [
        SpanView(start=call["started_at"], end=call["ended_at"], status=call["status"], name=call["name"])
        for call in lane
        if (until is None or call["started_at"] <= until)
        and (since is None or call["ended_at"] is None or call["ended_at"] >= since)
    ]


def _merged(lanes: list[list[SpanView]]) -> list[list[SpanView]]:
    """Tell neighbours together that are nearer than what can be seen: the answer is bounded, however many there are."""
    spans = [span for lane in lanes for span in lane]
    if not spans:
        return lanes
    begin = min(span.start for span in spans)
    end = max(span.start if span.end is None else span.end for span in spans)
    least = (end - begin) / RESOLUTION
    return [_merge(lane, least) for lane in lanes]


def _merge(lane: list[SpanView], least: float) -> list[SpanView]:
    found: list[SpanView] = []
    for span in lane:
        last = found[-1] if found else None
        if last is not None and last.end is not None and span.end is not None and span.end - last.start < least:
            status = min(last.status, span.status, key=_rank)
            found[-1] = last.model_copy(update={"end": span.end, "status": status, "calls": last.calls + 1})
        else:
            found.append(span)
    return found


def _rank(status: str) -> int:
    return _WORST.index(status) if status in _WORST else len(_WORST)
