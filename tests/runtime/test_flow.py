from __future__ import annotations

import datetime as dt

import pytest
from pydantic import BaseModel

import kitaru
from kitaru import flow
from kitaru.errors import KitaruSerializationError, KitaruUsageError
from kitaru.runtime.engine import engine


class Order(BaseModel):
    day: dt.date


def test_a_flow_is_not_called_but_run():
    @flow
    def body(n: int) -> int:
        return n

    with pytest.raises(KitaruUsageError, match=r"body\.run\("):
        body(1)
    assert body.__name__ == "body"
    assert "flow body" in repr(body)


def test_arguments_are_bound_as_python_does_and_fitted_to_their_annotations():
    class Unknown: ...

    @flow(cache=False)
    def body(n: int, *rest, order: Order | None = None, flag=False, own: Unknown | None = None, **more):
        return n, rest, order, flag, more

    assert body.run("5", 1, 2, flag=True, x=3).wait(60) == (5, (1, 2), None, True, {"x": 3})
    assert body.run(1, order={"day": "2026-01-02"}).wait(60)[2] == Order(day=dt.date(2026, 1, 2))


@pytest.mark.parametrize(
    ("args", "kwargs", "problem"),
    [
        ((), {}, "missing a required argument"),
        ((1, 2), {}, "too many positional"),
        ((1,), {"y": 2}, "unexpected keyword"),
        (("x",), {}, "n='x' does not fit"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_before_anything_is_recorded(args, kwargs, problem):
    @flow(cache=False)
    def body(n: int):
        return n

    with pytest.raises(KitaruUsageError, match=problem) as caught:
        body.run(*args, **kwargs)
    assert "body(n: " in str(caught.value)
    assert engine().store.read("executions")["total"] == 0


def test_an_argument_that_cannot_be_stored_is_named():
    import threading

    @flow(cache=False)
    def body(lock):
        return 1

    with pytest.raises(KitaruSerializationError, match="lock"):
        body.run(threading.Lock())


def test_a_resumed_body_gets_its_arguments_as_they_were_given(parked, answer):
    items = [1]

    @flow(cache=False)
    def body(values: list):
        values.append(2)
        kitaru.wait(timeout=0)
        return values

    handle = body.run(items)
    parked(handle.exec_id)
    answer(handle.exec_id, None)
    assert handle.wait(60) == [1, 2]


@pytest.mark.parametrize("options", [{"retries": -1}, {"retries": True}])
def test_options_without_meaning_are_refused(options):
    with pytest.raises(KitaruUsageError):
        flow(**options)(lambda: 1)


def test_names_are_made_safe():
    assert flow(name="2 words!")(lambda: 1).name == "flow_2_words_"


def test_results_keep_their_types():
    @flow(cache=False)
    def body():
        return {"set": {1, 2}, "tuple": (1, (2,)), "date": dt.date(2026, 1, 2), "none": None, "bytes": b"x", 3: 4}

    assert body.run().wait(60) == {
        "set": {1, 2},
        "tuple": (1, (2,)),
        "date": dt.date(2026, 1, 2),
        "none": None,
        "bytes": b"x",
        3: 4,
    }
