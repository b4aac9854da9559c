from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from kitaru.jupyter.lanes import chosen, pack
from kitaru.jupyter.models import LanesQuery
from tests.jupyter import flows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jupyter.conftest import Ask

times = st.floats(0, 100, allow_nan=False)
calls = st.lists(st.tuples(times, times), max_size=60).map(
    lambda found: [
        {"name": str(index), "started_at": min(pair), "ended_at": max(pair)} for index, pair in enumerate(found)
    ]
)


@given(calls)
def test_no_two_calls_of_a_lane_overlap_and_none_is_lost(made: list[dict[str, Any]]) -> None:
    packed = pack(made)
    for lane in packed:
        assert all(one["ended_at"] <= other["started_at"] for one, other in pairwise(lane))
    assert sorted(call["name"] for lane in packed for call in lane) == sorted(call["name"] for call in made)


@given(calls)
def test_there_are_no_more_lanes_than_calls_that_ran_at_once(made: list[dict[str, Any]]) -> None:
    at_once = [sum(one["started_at"] <= call["started_at"] <= one["ended_at"] for one in made) for call in made]
    assert len(pack(made)) <= max(at_once, default=0)


def test_a_group_has_the_calls_from_its_first_on_of_its_checkpoint() -> None:
    made = [{"checkpoint": name, "sequence": place} for place, name in enumerate("aabaaab")]
    found = chosen(made, LanesQuery(checkpoint="a", first=3, count=2))
    assert [call["sequence"] for call in found] == [3, 4]


def test_calls_are_told_in_lanes_and_in_parts_of_the_time(ask: Ask, served: Path) -> None:
    execution = flows.many.run(30)
    execution.wait()
    told = ask(f"executions/{execution.exec_id}/lanes", checkpoint="square").json
    spans = [span for lane in told["lanes"] for span in lane]
    assert (told["total"], sum(span["calls"] for span in spans), told["hidden"]) == (30, 30, 0)
    assert {span["status"] for span in spans} == {"completed"}
    early = ask(f"executions/{execution.exec_id}/lanes", until=min(span["start"] for span in spans) - 1).json
    assert [span for lane in early["lanes"] for span in lane] == []
    assert early["total"] == 30


def test_calls_of_an_execution_are_read_from_one_on(ask: Ask, served: Path) -> None:
    execution = flows.many.run(8)
    execution.wait()
    told = ask(f"executions/{execution.exec_id}/calls", checkpoint="square", first=5).json
    assert ([call["sequence"] for call in told["items"]], told["total"]) == ([5, 6, 7], 3)
