"""One test for each known limit of other implementations of this programming model, here overcome.

The number is that of the list of limits; the other tests of the runtime go into each of them further.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kitaru
import kitaru.errors as errors
from kitaru.runtime.engine import engine
from tests.conftest import until


@kitaru.checkpoint
def step(n):
    return n + 1


def run(body, *args, **kwargs):
    return kitaru.flow(cache=False)(body).run(*args, **kwargs)


def test_L1_a_killed_process_leaves_an_execution_that_can_be_resumed(kitaru_home, monkeypatch):
    code = (
        "import os, kitaru\n"
        "@kitaru.checkpoint\n"
        "def first(): return 20\n"
        "@kitaru.checkpoint\n"
        "def last(n):\n"
        "    if not os.path.exists(os.environ['MARK']):\n"
        "        open(os.environ['MARK'], 'w').close(); os.kill(os.getpid(), 9)\n"
        "    return n + 1\n"
        "@kitaru.flow(cache=False)\n"
        "def body(): return last(first())\n"
        "body.run().wait()\n"
    )
    monkeypatch.setenv("MARK", str(kitaru_home.parent / "mark"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (row,) = engine().store.read("executions")["items"]
    assert row["status"] == "interrupted"
    assert engine().resume(row["exec_id"]).wait(60) == 21


def test_L2_retry_runs_a_failed_checkpoint_again(calls_of):
    broken = [True]

    @kitaru.checkpoint
    def last(n):
        if broken[0]:
            raise ValueError("recorded once")
        return n

    @kitaru.flow(cache=False)
    def body():
        return last(step(1))

    handle = body.run()
    with pytest.raises(errors.KitaruUserCodeError):
        handle.wait(60)
    broken[0] = False
    assert engine().retry(handle.exec_id, body).wait(60) == 2
    assert len(calls_of(handle.exec_id)["step"]["attempts"]) == 1


def test_L3_retries_of_a_flow_are_honoured_locally():
    bodies = []

    @kitaru.flow(cache=False, retries=2)
    def body():
        bodies.append(1)
        if len(bodies) < 3:
            raise OSError
        return len(bodies)

    assert body.run().wait(60) == 3


def test_L4_run_returns_a_handle_at_once_even_of_a_flow_that_fails():
    gate = threading.Event()

    def body():
        gate.wait(60)
        raise ValueError("later")

    handle = run(body)
    assert handle.status == "running"
    gate.set()
    with pytest.raises(errors.KitaruUserCodeError) as caught:
        handle.wait(60)
    assert caught.value.exec_id == handle.exec_id


def test_L5_attempts_belong_to_one_call_with_backoff_filter_and_timeout(calls_of):
    tries = []

    @kitaru.checkpoint(retries=kitaru.Retry(attempts=3, initial=0, jitter=0, on=(OSError,)), timeout=20)
    def unsteady():
        tries.append(1)
        if len(tries) < 3:
            raise OSError
        return len(tries)

    handle = run(lambda: unsteady())
    assert handle.wait(60) == 3
    assert [row["status"] for row in calls_of(handle.exec_id)["unsteady"]["attempts"]] == ["failed"] * 2 + ["completed"]


def test_L6_a_running_flow_is_cancelled_and_can_be_taken_up_again():
    gate = threading.Event()

    @kitaru.flow(cache=False)
    def body():
        value = step(1)
        if not gate.is_set():
            kitaru.sleep(60)
        return value

    handle = body.run()
    until(lambda: engine().store.read("execution", exec_id=handle.exec_id)["calls"])
    handle.cancel()
    with pytest.raises(errors.KitaruCancelledError):
        handle.wait(60)
    gate.set()
    again = engine().retry(handle.exec_id, body)
    assert again.wait(60) == 2


def test_L7_an_answer_continues_the_flow_by_itself(asked, parked, answer):
    def body(stay: float):
        return kitaru.wait(schema=int, timeout=stay)

    for stay, ready in ((60.0, asked), (0.0, parked)):
        handle = run(body, stay)
        ready(handle.exec_id)
        answer(handle.exec_id, 5)
        assert handle.wait(60) == 5


def test_L8_a_question_has_a_deadline_with_a_default_and_replays_answer_in_advance():
    @kitaru.flow(cache=False)
    def body():
        return kitaru.wait(schema=str, name="ok", deadline=0.05, default="late")

    handle = body.run()
    assert handle.wait(60) == "late"
    assert body.replay(handle.exec_id, answers={"ok": "early"}).wait(60) == "early"


def test_L9_a_hundred_flows_run_at_once_while_others_look_on():
    barrier = threading.Barrier(101, timeout=60)

    @kitaru.flow(cache=False)
    def body(n: int):
        barrier.wait()
        return step(n)

    handles = [body.run(n) for n in range(100)]
    assert {handle.status for handle in handles} == {"running"}
    barrier.wait()
    assert [handle.wait(60) for handle in handles] == list(range(1, 101))


def test_L10_checkpoints_give_values_in_the_body():
    def body():
        value = step(1)
        return bool(value), value == 2, f"{value}", value + 1, [*range(value)]

    assert run(body).wait(60) == (True, True, "2", 3, [0, 1])


def test_L11_map_takes_plain_lists_and_empty_ones_and_result_is_the_value():
    def body():
        return step.map([1, 2]).result(), step.map([]).result(), step.submit(5).result()

    assert run(body).wait(60) == ([2, 3], [], 6)


def test_L12_containers_keep_their_types_and_futures_in_them_become_values():
    def body():
        return [step.submit(1)], {"k": step.submit(2)}, {1, 2}, (3,), frozenset({4})

    assert run(body).wait(60) == ([2], {"k": 3}, {1, 2}, (3,), frozenset({4}))


def test_L13_flows_are_async_and_checkpoints_take_any_arguments():
    @kitaru.checkpoint
    async def everything(*args, **kwargs):
        return args, kwargs

    async def body():
        return await everything(1, 2, x=3)

    assert run(body).wait(60) == ((1, 2), {"x": 3})
    with pytest.raises(errors.KitaruUsageError, match="generator"):

        @kitaru.checkpoint
        def numbers():
            yield 1


def test_L14_a_flow_runs_flows(recorded):
    @kitaru.flow(cache=False)
    def child(n: int):
        return step(n)

    def parent():
        return [child.run(1).wait(), child.run(2).wait()]

    handle = run(parent)
    assert handle.wait(60) == [2, 3]
    assert len(recorded(handle.exec_id)["children"]) == 2


def test_L15_names_that_are_used_twice_are_a_clear_error_or_numbered():
    with pytest.raises(errors.KitaruExecutionError, match="used twice"):
        run(lambda: [step(1, id="a"), step(2, id="a")]).wait(60)

    def body():
        kitaru.save("x", 1)
        kitaru.save("x", 2)

    handle = run(body)
    handle.wait(60)
    assert kitaru.load(handle.exec_id, "x") == 2


def test_L16_values_are_saved_in_the_body_and_loaded_anywhere_by_a_part_of_the_id():
    handle = run(lambda: kitaru.save("x", {"a": (1,)}))
    handle.wait(60)
    assert kitaru.load(handle.exec_id[:10], "x") == kitaru.load("latest", "x") == {"a": (1,)}


def test_L17_a_changed_helper_misses_and_run_without_cache_wins(tmp_path):
    counter = str(tmp_path / "count")

    def define(factor):
        def helper(n):
            return n * factor

        @kitaru.checkpoint(cache=True)
        def work(n, path):
            with open(path, "a") as file:
                file.write("x")
            return helper(n)

        @kitaru.flow
        def body(n: int):
            return work(n, counter)

        return body

    assert [define(2).run(3).wait(60), define(2).run(3).wait(60), define(5).run(3).wait(60)] == [6, 6, 15]
    assert os.path.getsize(counter) == 2
    define(5).run(3, cache=False).wait(60)
    assert os.path.getsize(counter) == 3


def test_L18_a_cache_hit_runs_nothing_and_says_from_where(calls_of):
    @kitaru.flow
    def body(n: int):
        return [step(i) for i in range(n)]

    first = body.run(30)
    second = body.run(30) if first.wait(60) else first
    assert second.wait(60) == first.wait()
    calls = calls_of(second.exec_id)
    assert {call["status"] for call in calls.values()} == {"reused"}
    assert {call["source_exec_id"] for call in calls.values()} == {first.exec_id}


def test_L19_overrides_reach_literals_every_call_and_the_last_one():
    @kitaru.checkpoint
    def scale(n, factor):
        return n * factor

    @kitaru.flow(cache=False)
    def body():
        return [scale(n, 2) for n in (1, 2, 3)]

    source = body.run()
    assert source.wait(60) == [2, 4, 6]
    literal = body.replay(source.exec_id, checkpoint_overrides={"scale": {"input": {"factor": 10}}})
    assert literal.wait(60) == [10, 20, 30]
    last = body.replay(source.exec_id, invocation_overrides={"scale_3": {"output": "last"}})
    assert last.wait(60) == [2, 4, "last"]


def test_L20_replays_and_runs_at_the_same_time_know_which_they_are():
    barrier = threading.Barrier(3, timeout=60)

    @kitaru.flow(cache=False)
    def body(wait: bool):
        if wait:
            barrier.wait()
        return kitaru.is_replay()

    source = body.run(False)
    assert source.wait(60) is False
    handles = [
        body.replay(source.exec_id, flow_overrides={"wait": True}),
        body.run(True),
        body.replay(source.exec_id, flow_overrides={"wait": True}),
    ]
    assert [handle.wait(60) for handle in handles] == [True, False, True]


def test_L21_a_divergence_names_the_call_and_the_argument():
    state = [1, True]

    @kitaru.checkpoint
    def last(n):
        if state[1]:
            raise ValueError
        return n

    @kitaru.flow(cache=False)
    def body():
        return last(step(state[0]))

    handle = body.run()
    with pytest.raises(errors.KitaruUserCodeError):
        handle.wait(60)
    state[:] = [7, False]
    with pytest.raises(errors.KitaruDivergenceError, match=r"Call 'step'.*argument 'n' was 1 and is 7"):
        engine().retry(handle.exec_id, body).wait(60)


def test_L22_a_failure_shows_the_users_traceback_first_and_none_of_our_frames(recorded):
    @kitaru.checkpoint
    def divide(n):
        return 1 / n

    handle = run(lambda: divide(0))
    with pytest.raises(errors.KitaruUserCodeError) as caught:
        handle.wait(60)
    shown = "".join(traceback.format_exception(caught.value))
    theirs = shown.split("The above exception was the direct cause")[0]
    failure = recorded(handle.exec_id)["execution"]["failure"]
    for text in (theirs, failure["traceback"]):
        assert "ZeroDivisionError: division by zero" in text
        assert "kitaru/runtime" not in text
        assert "return 1 / n" in text
    assert (failure["type"], failure["origin"]) == ("ZeroDivisionError", "user_code")


def test_L28_what_holds_a_token_does_not_show_it(monkeypatch):
    from kitaru.store.connect import current_target
    from kitaru.store.service.client import ServiceStore
    from kitaru.store.service.record import ServiceRecord

    token = "a-token-of-many-letters"
    monkeypatch.setenv("KITARU_SERVER_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KITARU_AUTH_TOKEN", token)
    holders = [
        kitaru.KitaruClient("http://127.0.0.1:9", token),
        current_target(),
        ServiceRecord(pid=1, started=0.0, host="127.0.0.1", port=9, token=token, kitaru="1"),
        ServiceStore.remote("http://127.0.0.1:9", token),
    ]
    assert [shown for holder in holders if token in (shown := f"{holder!r} {holder} {vars_of(holder)}")] == []


def test_L28_a_key_that_is_passed_to_a_checkpoint_is_in_no_record(recorded, monkeypatch):
    key = "sk-" + "a1B2" * 10
    monkeypatch.setenv("SHOP_KEY", key)
    monkeypatch.setenv("SHOP_PASSWORD", "open sesame")

    @kitaru.checkpoint
    def buy(what, credential, password):
        return len(credential + password)

    handle = run(lambda: buy("tea", os.environ["SHOP_KEY"], password=os.environ["SHOP_PASSWORD"]))
    assert handle.wait(60) == len(key + "open sesame")
    shown = str(recorded(handle.exec_id))
    assert "'tea'" in shown
    assert [secret for secret in (key, "open sesame") if secret in shown] == []


def vars_of(holder):
    return {name: repr(value) for name, value in getattr(holder, "__dict__", {}).items() if not name.startswith("_")}


def test_L29_isolated_is_a_process_of_its_own():
    @kitaru.checkpoint(runtime="isolated")
    def die():
        os._exit(7)

    @kitaru.checkpoint(runtime="isolated")
    def pid():
        return os.getpid()

    def body():
        other = pid()
        try:
            die()
        except errors.KitaruError as error:
            return other, str(error)

    other, message = run(body).wait(60)
    assert other != os.getpid()
    assert "exit code 7" in message


def test_L30_isolation_needs_no_stack_of_its_own_and_stacks_are_made_from_python():
    @kitaru.checkpoint(runtime="isolated", memory="1 GiB")
    def process():
        return os.getpid()

    @kitaru.checkpoint
    def wherever():
        return os.getpid()

    def body():
        return process(), wherever()

    assert kitaru.current_stack().kind == "local"
    isolated, inline = run(body).wait(60)
    assert isolated != os.getpid() == inline
    made = kitaru.create_stack("apart", kind="process", workers=1, memory="1 GiB", activate=False)
    assert (made.kind, made.workers, made.memory, made.is_active) == ("process", 1, 2**30, False)
    assert os.getpid() not in kitaru.flow(cache=False)(body).run(stack="apart").wait(60)


def test_L31_runs_on_different_stacks_go_on_at_once_and_change_nothing_around_them():
    barrier = threading.Barrier(2, timeout=60)
    kitaru.create_stack("mine", activate=False)
    before = dict(os.environ), kitaru.list_stacks()

    @kitaru.flow(cache=False)
    def body(n: int):
        barrier.wait()
        return step(n), kitaru.current_stack().name

    handles = [body.run(1, stack="local"), body.run(2, stack="mine")]
    assert [handle.wait(60) for handle in handles] == [(2, "local"), (3, "local")]
    recorded = [engine().store.read("execution", exec_id=handle.exec_id)["execution"]["stack"] for handle in handles]
    assert recorded == ["local", "mine"]
    assert (dict(os.environ), kitaru.list_stacks()) == before


def test_L33_nothing_is_to_be_set_up(kitaru_home):
    assert not kitaru_home.exists()
    assert run(lambda: step(1)).wait(60) == 2
    assert kitaru_home.exists()


def test_L35_flows_take_and_give_frames_and_arrays(parked, answer):
    @kitaru.flow(cache=False)
    def body(frame: pd.DataFrame, array: np.ndarray):
        kitaru.wait(timeout=0)
        return frame * 2, array + 1

    frame = pd.DataFrame({"a": [1, 2], "day": pd.to_datetime(["2026-01-01", "2026-01-02"])}).set_index("day")
    handle = body.run(frame, np.eye(2))
    parked(handle.exec_id)
    answer(handle.exec_id, None)
    doubled, added = handle.wait(60)
    pd.testing.assert_frame_equal(doubled, frame * 2)
    assert np.array_equal(added, np.eye(2) + 1)


def test_flows_run_under_a_live_event_loop():
    async def notebook():
        handle = run(lambda: step(1))
        return await handle, run(lambda: step(2)).wait(60)

    assert asyncio.run(notebook()) == (2, 3)
