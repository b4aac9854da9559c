from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kitaru.runtime.matching import Matcher, RecordedCall

OUTPUT = object()


def record(calls: list[tuple[str, str]], *, concurrent: bool = True, finished: int | None = None) -> list[RecordedCall]:
    """Record calls of (checkpoint, inputs) as a first run of a body does; the first `finished` have ended."""
    names = Matcher()
    rows = []
    for number, (checkpoint, inputs) in enumerate(calls):
        name = names.match(checkpoint, inputs).name
        done = finished is None or number < finished
        rows.append(
            RecordedCall(
                name,
                checkpoint,
                number,
                "completed" if done else "interrupted",
                concurrent,
                inputs,
                {},
                {"of": (checkpoint, inputs)} if done else None,  # type: ignore[typeddict-item]
            )
        )
    return rows


calls = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("123456")), max_size=25)


@given(calls)
def test_names_are_unique_and_count_up(made):
    names = [row.name for row in record(made)]
    assert len(set(names)) == len(names)
    of_a = sum(checkpoint == "a" for checkpoint, _ in made)
    assert [name for name in names if name.split("_")[0] == "a"][:3] == ["a", "a_2", "a_3"][:of_a]


@given(st.data(), calls)
def test_a_permuted_fan_out_takes_exactly_its_own_outputs(data, made):
    rows = record(made)
    matcher = Matcher(rows)
    for checkpoint, inputs in data.draw(st.permutations(made)):
        found = matcher.match(checkpoint, inputs)
        assert found.recorded is not None
        assert (found.recorded.checkpoint, found.recorded.input_digest) == (checkpoint, inputs)
    assert matcher.unused() == []


@given(calls, calls, st.booleans())
@settings(max_examples=300)
def test_no_call_ever_takes_an_output_of_other_inputs_and_none_is_handed_out_twice(before, now, concurrent):
    matcher = Matcher(record(before, concurrent=concurrent))
    taken, names = [], []
    for checkpoint, inputs in now:
        found = matcher.match(checkpoint, inputs)
        if found.diverged:
            continue
        names.append(found.name)
        if found.recorded is not None and found.recorded.finished:
            assert (found.recorded.checkpoint, found.recorded.input_digest) == (checkpoint, inputs)
            taken.append(found.recorded.name)
    assert len(set(taken)) == len(taken)
    assert len(set(names)) == len(names)


@given(calls, st.integers(0, 25))
def test_the_same_body_after_a_crash_takes_what_finished_under_the_same_names(made, finished):
    rows = record(made, concurrent=False, finished=finished)
    matcher = Matcher(rows)
    for row in rows:
        found = matcher.match(row.checkpoint, row.input_digest)
        assert found.name == row.name
        assert not found.diverged


@given(calls, st.tuples(st.sampled_from("ab"), st.just("changed")), st.integers(0, 24))
def test_a_changed_sequential_call_diverges_at_its_place(made, changed, place):
    place = min(place, len(made))
    rows = record(made, concurrent=False)
    matcher = Matcher(rows)
    for checkpoint, inputs in made[:place]:
        assert matcher.match(checkpoint, inputs).recorded is not None
    found = matcher.match(*changed)
    expected = [row for row in rows[place:] if row.checkpoint == changed[0]]
    assert found.diverged == bool(expected)
    if expected:
        assert found.name == expected[0].name


@given(calls, calls)
def test_rerun_keeps_names_and_replaces_nothing_silently(before, now):
    matcher = Matcher(record(before, concurrent=False), on_divergence="rerun")
    names = []
    for checkpoint, inputs in now:
        found = matcher.match(checkpoint, inputs)
        names.append(found.name)
        if found.recorded is not None and found.recorded.finished:
            assert found.recorded.input_digest == inputs
    assert len(set(names)) == len(names)


@given(calls, st.sampled_from(["a", "a_2", "b_2", "own"]), st.integers(0, 24))
def test_explicit_and_automatic_names_never_meet(made, explicit, place):
    matcher = Matcher()
    names = []
    for number, (checkpoint, inputs) in enumerate(made):
        if number == place and not matcher.is_taken(explicit):
            names.append(matcher.match(checkpoint, inputs, name=explicit).name)
        else:
            names.append(matcher.match(checkpoint, inputs).name)
    assert len(set(names)) == len(names)


def test_an_explicit_name_takes_its_own_record_whatever_the_order():
    rows = [
        RecordedCall("left", "a", 0, "completed", False, "1", {}, OUTPUT, explicit=True),  # type: ignore[arg-type]
        RecordedCall("a", "a", 1, "completed", False, "1", {}, OUTPUT),  # type: ignore[arg-type]
    ]
    matcher = Matcher(rows)
    assert matcher.match("a", "1").name == "a"
    assert matcher.match("a", "1", name="left").name == "left"


def test_reuse_takes_the_recorded_call_in_spite_of_other_inputs():
    matcher = Matcher(record([("a", "1")], concurrent=False), on_divergence="reuse")
    found = matcher.match("a", "2")
    assert found.recorded is not None
    assert found.recorded.input_digest == "1"


def test_an_unfinished_call_goes_on_counting_its_attempts():
    (row,) = record([("a", "1")], finished=0)
    row.attempts = 2
    found = Matcher([row]).match("a", "1")
    assert found.recorded is not None
    assert (found.recorded.attempts, found.recorded.finished) == (2, False)
