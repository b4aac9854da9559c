from __future__ import annotations

import threading

import pytest

import kitaru
from kitaru.errors import KitaruExecutionError
from kitaru.runtime.engine import engine


@kitaru.checkpoint
def same(x):
    return x


def test_what_differs_on_every_run_is_the_same_in_a_resumed_body(parked, answer):
    seen = []

    @kitaru.flow(cache=False)
    def body():
        drawn = (kitaru.now(), kitaru.uuid4(), kitaru.random(), kitaru.random())
        seen.append(drawn)
        kitaru.wait(timeout=0)
        return same(drawn)

    handle = body.run()
    parked(handle.exec_id)
    answer(handle.exec_id, None)
    assert handle.wait(60) == seen[0] == seen[1]
    assert seen[0][2] != seen[0][3]


def test_a_retried_body_sees_the_same_too():
    seen = []

    @kitaru.flow(cache=False, retries=1)
    def body():
        seen.append(kitaru.uuid4())
        if len(seen) == 1:
            raise OSError

    body.run().wait(60)
    assert seen[0] == seen[1]


def test_two_executions_differ():
    @kitaru.flow(cache=False)
    def body():
        return kitaru.uuid4()

    assert body.run().wait(60) != body.run().wait(60)


def test_a_replay_takes_what_was_drawn():
    @kitaru.flow(cache=False)
    def body():
        return same(kitaru.random()), kitaru.random()

    source = body.run()
    assert body.replay(source.exec_id if source.wait(60) else "").wait(60) == source.wait()


def test_inside_of_a_checkpoint_nothing_is_recorded(recorded):
    @kitaru.checkpoint
    def draw():
        return kitaru.random(), kitaru.now().tzname(), kitaru.uuid4().version

    @kitaru.flow(cache=False)
    def body():
        return draw()

    handle = body.run()
    assert handle.wait(60)[1:] == ("UTC", 4)
    values = engine().store.read("history", exec_id=handle.exec_id)["values"]
    assert values == []


def test_a_sleep_that_is_over_is_not_slept_again():
    tries = []

    @kitaru.flow(cache=False)
    def body():
        kitaru.sleep(0.3)
        tries.append(1)
        if len(tries) == 1:
            raise OSError
        return "rested"

    handle = body.run()
    with pytest.raises(KitaruExecutionError):
        handle.wait(60)
    ends = {row["name"]: row["value"] for row in engine().store.read("history", exec_id=handle.exec_id)["values"]}
    assert engine().retry(handle.exec_id, body).wait(60) == "rested"
    again = {row["name"]: row["value"] for row in engine().store.read("history", exec_id=handle.exec_id)["values"]}
    assert ends == again
    assert list(ends) == ["sleep_1"]


def test_sleeping_in_async_code_lets_others_run():
    import asyncio

    @kitaru.flow(cache=False)
    async def body():
        order = []

        async def nap(name, seconds):
            await kitaru.sleep.aio(seconds)
            order.append(name)

        long, short = asyncio.create_task(nap("long", 600)), asyncio.create_task(nap("short", 0.01))
        await short
        long.cancel()
        return order

    assert body.run().wait(60) == ["short"]


def test_whoever_cancels_a_flow_wakes_it_from_a_sleep_in_async_code():
    import asyncio

    asleep = threading.Event()

    @kitaru.flow(cache=False)
    async def body():
        asyncio.get_running_loop().call_later(0, asleep.set)
        await kitaru.sleep.aio(600)

    handle = body.run()
    assert asleep.wait(60)
    handle.cancel()
    engine().runs[handle.exec_id].join(60)
    assert not engine().runs[handle.exec_id]._thread.is_alive()


def test_outside_of_a_flow_they_are_plain_functions():
    assert 0 <= kitaru.random() < 1
    assert kitaru.uuid4() != kitaru.uuid4()
    kitaru.sleep(0)
