"""How often a live view is painted."""

from __future__ import annotations

from kitaru.notebook.pace import LONGEST, LONGEST_IF_LARGE, SHORTEST, Pace


def test_a_view_that_costs_next_to_nothing_is_painted_as_often_as_anybody_can_follow() -> None:
    assert Pace().rest(0.001) == SHORTEST


def test_the_more_a_painting_costs_the_longer_it_rests() -> None:
    assert SHORTEST < Pace().rest(0.02) < Pace().rest(0.05) < Pace().rest(10.0) == LONGEST


def test_beside_many_calls_it_takes_a_share_of_what_they_take_and_still_comes() -> None:
    assert 1.0 <= Pace().rest(0.001, large=True) <= Pace().rest(1.0, large=True) == LONGEST_IF_LARGE
