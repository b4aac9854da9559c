from __future__ import annotations

import threading

import pytest

import kitaru
from kitaru.errors import KitaruContextError, KitaruExecutionError
from kitaru.runtime.engine import engine
from kitaru.runtime.stopping import stop_all
from tests.conftest import until


@kitaru.checkpoint
def step(x):
    return x + 1


@kitaru.flow(cache=False)
def child(n: int) -> int:
    return step(n)


def test_a_flow_runs_other_flows_at_the_same_time(recorded):
    @kitaru.flow(cache=False)
    def parent(n: int) -> list[int]:
        handles = [child.run(n + i) for i in range(3)]
        return [handle.wait() for handle in handles]

    handle = parent.run(1)
    assert handle.wait(60) == [2, 3, 4]
    found = recorded(handle.exec_id)
    assert sorted(item["parent_call"] for item in found["children"]) == ["child", "child_2", "child_3"]
    assert {item["status"] for item in found["children"]} == {"completed"}


def test_an_async_flow_awaits_its_children():
    import asyncio

    @kitaru.flow(cache=False)
    async def parent() -> list[int]:
        return await asyncio.gather(child.run(1), child.run(2))

    assert parent.run().wait(60) == [2, 3]


def test_a_retried_parent_finds_its_child_and_does_not_start_another(recorded):
    state = {"broken": True}
    ids = []

    @kitaru.flow(cache=False)
    def parent() -> int:
        handle = child.run(1)
        ids.append(handle.exec_id)
        value = handle.wait()
        if state["broken"]:
            raise ValueError("later")
        return value

    handle = parent.run()
    with pytest.raises(KitaruExecutionError, match="later"):
        handle.wait(60)
    state["broken"] = False
    assert engine().retry(handle.exec_id, parent).wait(60) == 2
    assert ids[0] == ids[1]
    assert len(recorded(handle.exec_id)["children"]) == 1


def test_the_failure_of_a_child_reaches_the_parent_as_an_execution_error():
    @kitaru.flow(cache=False)
    def broken() -> None:
        raise KeyError("inside")

    @kitaru.flow(cache=False)
    def parent() -> str:
        try:
            broken.run().wait()
        except KitaruExecutionError as error:
            return type(error.__cause__).__name__
        return "no error"

    assert parent.run().wait(60) == "KeyError"


def test_a_parent_waiting_for_a_child_that_waits_for_a_human_goes_on_with_the_answer(parked, answer, recorded):
    @kitaru.flow(cache=False)
    def asking() -> int:
        return kitaru.wait(schema=int, timeout=0)

    @kitaru.flow(cache=False)
    def parent() -> int:
        return asking.run().wait() + 1

    handle = parent.run()
    until(lambda: recorded(handle.exec_id)["children"])
    child_id = recorded(handle.exec_id)["children"][0]["exec_id"]
    parked(child_id)
    assert engine().runs[handle.exec_id].done.done() is False
    with pytest.raises(TimeoutError):
        engine().runs[handle.exec_id].done.result(0.3)
    answer(child_id, 4)
    assert handle.wait(60) == 5


def test_a_flow_is_not_started_inside_of_a_checkpoint():
    @kitaru.checkpoint
    def inner():
        return child.run(1).wait()

    @kitaru.flow(cache=False)
    def parent():
        return inner()

    with pytest.raises(KitaruExecutionError, match="started inside of checkpoint 'inner'") as caught:
        parent.run().wait(60)
    assert isinstance(caught.value.__cause__, KitaruContextError)


def test_a_child_of_another_parent_is_never_taken_for_ones_own():
    @kitaru.flow
    def parent(n: int) -> str:
        handle = child.run(n)
        handle.wait()
        return handle.exec_id

    first, second = parent.run(1, cache=True).wait(60), parent.run(1, cache=True).wait(60)
    assert first != second


@pytest.mark.parametrize("retries", [0, 1])
def test_a_child_that_failed_runs_again_with_its_parent(recorded, retries):
    broken, ran = [True], []

    @kitaru.checkpoint
    def fragile() -> int:
        ran.append(1)
        if broken[0]:
            broken[0] = False
            raise OSError("once")
        return 7

    @kitaru.flow(cache=False)
    def part() -> int:
        return fragile()

    @kitaru.flow(cache=False, retries=retries)
    def whole() -> int:
        return part.run().wait()

    handle = whole.run()
    if not retries:
        with pytest.raises(KitaruExecutionError):
            handle.wait(60)
        handle = engine().retry(handle.exec_id, whole)
    assert handle.wait(60) == 7
    assert len(ran) == 2
    (child,) = recorded(handle.exec_id)["children"]
    assert child["status"] == "completed"


def test_who_cancels_a_flow_cancels_the_flows_that_it_started(any_store, recorded):
    begun, gate = threading.Event(), threading.Event()

    @kitaru.flow(cache=False)
    def grandchild() -> None:
        begun.set()
        gate.wait(60)
        step(1)

    @kitaru.flow(cache=False)
    def middle() -> None:
        grandchild.run().wait()

    @kitaru.flow(cache=False)
    def eldest() -> None:
        middle.run().wait()

    handle = eldest.run()
    assert begun.wait(60)
    handle.cancel("not needed")
    gate.set()
    exec_id, found = handle.exec_id, []
    while children := recorded(exec_id)["children"]:
        found.append(children[0]["status"])
        exec_id = children[0]["exec_id"]
    assert found == ["cancelled", "cancelled"]
    assert recorded(exec_id)["calls"] == []
    assert recorded(exec_id)["execution"]["reason"].endswith("which started it, was cancelled")


def test_whoever_waits_for_a_flow_that_asks_while_the_process_stops_waits_too(recorded, monkeypatch):
    begun, gate = threading.Event(), threading.Event()
    interrupt = engine().interrupt

    def slowly(run, reason):
        if run.execution.parent is None:  # the child asks in the moment in which its parent would be interrupted
            gate.set()
            until(lambda: not child_of(recorded, run.execution.exec_id)[1].alive)
        interrupt(run, reason)

    @kitaru.flow(cache=False)
    def asks() -> int:
        begun.set()
        gate.wait(60)
        return kitaru.wait(schema=int)

    @kitaru.flow(cache=False)
    def parent() -> int:
        return asks.run().wait()

    handle = parent.run()
    assert begun.wait(60)
    child, _ = child_of(recorded, handle.exec_id)
    monkeypatch.setattr(engine(), "interrupt", slowly)
    stop_all(engine(), "its kernel ended")
    assert {recorded(exec_id)["execution"]["status"] for exec_id in (handle.exec_id, child)} in (
        {"waiting"},
        {"interrupted"},
    )


def test_a_flow_whose_child_is_interrupted_because_the_process_stops_is_interrupted_too(recorded, monkeypatch):
    begun, gate = threading.Event(), threading.Event()
    interrupt = engine().interrupt

    def children_only(run, reason):
        if run.execution.parent is not None:
            interrupt(run, reason)

    @kitaru.flow(cache=False)
    def works() -> int:
        begun.set()
        gate.wait(60)
        return step(1)

    @kitaru.flow(cache=False)
    def parent() -> int:
        return works.run().wait()

    handle = parent.run()
    assert begun.wait(60)
    monkeypatch.setattr(engine(), "interrupt", children_only)
    stop_all(engine(), "its kernel ended")
    gate.set()
    engine().runs[handle.exec_id].join(60)
    found = recorded(handle.exec_id)["execution"]
    assert (found["status"], found["reason"]) == ("interrupted", "its kernel ended")


def child_of(recorded, exec_id):
    (child,) = recorded(exec_id)["children"]
    return child["exec_id"], engine().runs[child["exec_id"]]
