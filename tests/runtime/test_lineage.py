"""Which calls a call depends on: told where an object or a future tells it, and never guessed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import kitaru
from kitaru.errors import KitaruExecutionError
from kitaru.runtime import lineage
from kitaru.runtime.engine import engine


@dataclasses.dataclass
class Report:
    title: str


@kitaru.checkpoint
def make(value: Any) -> Any:
    return value


@kitaru.checkpoint
def notes(topic: str) -> str:
    return f"notes on {topic}"


@kitaru.checkpoint
def take(value: Any, other: Any = None) -> Any:
    return None


@pytest.fixture
def parents(calls_of):
    """Run a body; return the parents of each of its calls."""

    def run(body):
        handle = kitaru.flow(cache=False)(body).run()
        handle.wait(60)
        return {name: call["parents"] for name, call in calls_of(handle.exec_id).items()}

    return run


def test_a_value_that_is_passed_on_tells_which_call_returned_it(parents):
    def body():
        cats, dogs = notes("cats"), notes("dogs")
        take(cats, dogs)
        take(dogs)
        take([cats])

    assert parents(body) == {
        "notes": [],
        "notes_2": [],
        "take": ["notes", "notes_2"],
        "take_2": ["notes_2"],
        "take_3": ["notes"],
    }


@pytest.mark.parametrize(
    "value", [["a", 1], {"a": 1}, {1, 2}, bytearray(b"ab"), Report("cats")], ids=lambda value: type(value).__name__
)
def test_objects_that_are_made_anew_each_time_tell_it(value, parents):
    def body():
        take(make(value))

    assert parents(body)["take"] == ["make"]


SHARED = [0, 7, 256, 10**30, -1.5, True, None, "", "a", "a_name", "é", b"", b"bytes", (), (1, 2), int, len,
          frozenset(), range(3)]  # fmt: skip


@pytest.mark.parametrize("value", SHARED, ids=repr)
def test_objects_that_everybody_shares_tell_nothing(value, parents):
    def body():
        take(make(value))

    assert parents(body)["take"] == []


def test_a_constant_of_the_code_tells_nothing(parents):
    @kitaru.checkpoint
    def look():
        return "nothing found"

    def body():
        look()
        take("nothing found")

    assert parents(body)["take"] == []


def test_neighbours_of_a_map_over_numbers_are_not_taken_for_each_others_sources(parents):
    @kitaru.checkpoint
    def work(n: int) -> int:
        return n + 1

    found = parents(lambda: work.map(range(20)).result())
    assert len(found) == 20
    assert set(map(tuple, found.values())) == {()}


def test_calls_of_a_loop_that_only_follow_each_other_do_not_depend_on_each_other(parents):
    assert parents(lambda: [take(n) for n in range(3)] and None) == {"take": [], "take_2": [], "take_3": []}


def test_futures_that_are_arguments_or_come_first_tell_it_whatever_their_values_are(parents):
    def body():
        one, two, many = make.submit(1), make.submit("x"), make.map([3, 4])
        take(one)
        take([many, {"two": two}])
        take(None, after=one)
        take(one, after=[one, two])

    found = parents(body)
    assert found["take"] == ["make"]
    assert found["take_2"] == ["make_3", "make_4", "make_2"]
    assert found["take_3"] == ["make"]
    assert found["take_4"] == ["make", "make_2"]


def test_recorded_values_tell_it_too(calls_of):
    broken = [True]

    @kitaru.flow(cache=False)
    def body():
        text = notes("cats")
        if broken[0]:
            raise ValueError
        take(text)

    handle = body.run()
    with pytest.raises(KitaruExecutionError):
        handle.wait(60)
    broken[0] = False
    engine().retry(handle.exec_id, body).wait(60)
    assert calls_of(handle.exec_id)["take"]["parents"] == ["notes"]
    again = body.replay(handle.exec_id, at="take")
    again.wait(60)
    assert calls_of(again.exec_id)["take"]["parents"] == ["notes"]


def test_an_object_in_the_place_of_one_that_is_gone_is_not_taken_for_it():
    returned = lineage.Returned()
    for number in range(200):
        report = Report(str(number))
        assert returned.calls_of([report]) == []
        returned.note(f"call_{number}", report, 10)
        assert returned.calls_of([report]) == [f"call_{number}"]
        del report


def test_only_the_latest_values_are_known_and_large_ones_are_not_held():
    returned = lineage.Returned()
    values = [[number] for number in range(lineage.MOST + 1)]
    for number, value in enumerate(values):
        returned.note(f"call_{number}", value, 10)
    assert returned.calls_of([values[0]]) == []
    assert returned.calls_of([values[1], values[-1]]) == ["call_1", f"call_{lineage.MOST}"]
    returned.note("large", values, lineage.LARGEST + 1)
    assert "large" not in returned.calls_of([values])
