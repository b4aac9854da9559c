from __future__ import annotations

import logging
import math
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kitaru
from kitaru.errors import KitaruContextError, KitaruExecutionError, KitaruUsageError
from kitaru.runtime.engine import engine
from kitaru.runtime.reporting import plain, publish


def run(body, *args):
    handle = kitaru.flow(cache=False)(body).run(*args)
    handle.wait(60)
    return handle


def test_facts_of_a_call_and_of_the_execution_are_kept_apart_and_merged(recorded):
    @kitaru.checkpoint
    def work():
        kitaru.log(cost={"tokens": 1}, stage="draft")
        kitaru.log(cost={"usd": 0.5}, stage="final")

    def body():
        kitaru.log(topic="cats", seen={"a": 1})
        work()
        kitaru.log(seen={"b": 2})

    found = recorded(run(body).exec_id)
    assert found["execution"]["metadata"] == {"topic": "cats", "seen": {"a": 1, "b": 2}}
    assert found["calls"][0]["metadata"] == {"cost": {"tokens": 1, "usd": 0.5}, "stage": "final"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values | st.sets(st.integers()) | st.tuples(st.integers(), st.binary()))
def test_whatever_is_logged_becomes_plain_data(value):
    import orjson

    shown = plain(value)
    assert plain(shown) == shown
    assert plain(orjson.loads(orjson.dumps(shown))) == shown


def test_a_value_that_contains_itself_is_logged_as_text():
    loop: list = []
    loop.append(loop)
    assert "..." in str(plain(loop))


def test_progress_and_events_are_recorded_in_order(recorded):
    @kitaru.checkpoint
    def work():
        kitaru.progress("half", percent=0.5, file="a.txt")
        publish("page.fetched", {"url": "u"}, message="one")
        publish("page.fetched", index=7)
        kitaru.progress("done", percent=1)

    handle = run(lambda: work())
    recorded(handle.exec_id)
    events = engine().store.read("events", exec_id=handle.exec_id, kinds=["progress", "event.published"])
    assert [event["body"]["index"] for event in events] == [0, 1, 7, 8]
    assert events[0]["body"]["fields"] == {"file": "a.txt"}
    assert len({event["body"]["correlation_id"] for event in events}) == 1
    assert events[1]["body"]["payload"] == {"url": "u"}


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: kitaru.progress(" "), "message is empty"),
        (lambda: kitaru.progress("x", percent=1.1), "from 0 to 1"),
        (lambda: kitaru.progress("x", percent=math.nan), "from 0 to 1"),
        (lambda: publish(""), "without line breaks"),
        (lambda: publish("a\nb"), "without line breaks"),
        (lambda: publish("end"), "none of"),
        (lambda: (publish("a", index=3), publish("a", index=1)), "next index"),
    ],
)
def test_wrong_progress_and_events_are_refused(call, problem):
    @kitaru.checkpoint
    def work():
        with pytest.raises(KitaruUsageError, match=problem):
            call()

    run(lambda: work())


def test_progress_belongs_to_a_checkpoint():
    def body():
        kitaru.progress("x")

    with pytest.raises(KitaruExecutionError, match="outside of a checkpoint"):
        run(body)
    for primitive in (lambda: kitaru.log(a=1), lambda: kitaru.progress("x"), kitaru.idempotency_key):
        with pytest.raises(KitaruContextError):
            primitive()


def test_the_current_execution_is_known_everywhere_in_it():
    @kitaru.checkpoint
    def inside():
        return kitaru.current_execution_id()

    @kitaru.checkpoint(runtime="isolated")
    def apart():
        return kitaru.current_execution_id()

    def body():
        return [kitaru.current_execution_id(), inside(), inside.submit().result(), apart()]

    handle = kitaru.flow(cache=False)(body).run()
    assert set(handle.wait(60)) == {handle.exec_id}
    assert kitaru.current_execution_id() is None


def test_the_idempotency_key_is_the_same_over_attempts_and_differs_between_calls():
    keys: dict[str, list[str]] = {"a": [], "b": []}

    @kitaru.checkpoint(retries=kitaru.Retry(attempts=3, initial=0, jitter=0))
    def pay(who):
        keys[who].append(kitaru.idempotency_key())
        if len(keys[who]) < 3:
            raise OSError

    run(lambda: [pay("a"), pay("b")])
    assert len(set(keys["a"])) == len(set(keys["b"])) == 1
    assert keys["a"][0] != keys["b"][0]


def test_output_of_each_call_is_its_own_even_at_the_same_time(recorded, capsys):
    barrier = threading.Barrier(4, timeout=60)

    @kitaru.checkpoint
    def talk(n):
        barrier.wait()
        print("line", n)
        print("error", n, file=sys.stderr)
        logging.getLogger("mine").warning("logged %s", n)

    handle = run(lambda: talk.map(range(4)).result())
    recorded(handle.exec_id)
    lines = engine().store.read("logs", exec_id=handle.exec_id)
    by_call: dict[str, set[str]] = {}
    for line in lines:
        by_call.setdefault(line["call"], set()).add(line["text"])
    inputs = {call["name"]: call["inputs"]["n"]["preview"]["text"] for call in recorded(handle.exec_id)["calls"]}
    assert by_call == {name: {f"line {n}", f"error {n}", f"logged {n}"} for name, n in inputs.items()}
    assert sorted(capsys.readouterr().out.split("\n"))[1:] == [f"line {n}" for n in range(4)]
