"""Several processes at once, a service that dies under them, and a runner that was given up for dead."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import pytest

from tests.conftest import until

HEAD = """
import os, sys, time
import kitaru

@kitaru.checkpoint
def step(n, marks):
    with open(os.path.join(marks, f"step-{n}"), "a") as file:
        file.write("x")
    time.sleep(0.005)
    return n

@kitaru.flow(cache=False)
def work(marks: str, start: int, steps: int):
    return sum(step(n, marks) for n in range(start, start + steps))
"""

LOAD = (
    HEAD
    + """
start, steps, flows = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
handles = [work.run(sys.argv[1], start + i * steps, steps) for i in range(flows)]
print(*[handle.exec_id for handle in handles])
expected = [sum(range(start + i * steps, start + (i + 1) * steps)) for i in range(flows)]
print([handle.wait() for handle in handles] == expected)
"""
)


def service_pid(home) -> int:
    from kitaru.store.service.process import service_status

    status = service_status(home)
    return 0 if status is None else status["pid"]


def test_eight_processes_run_flows_at_once_on_one_home(service_home, run, marks, execution):
    scripts = [run(str(marks), str(1000 * number), "10", "3", text=LOAD) for number in range(8)]
    exec_ids = [exec_id for script in scripts for exec_id in script.line().split()]
    ends = [script.end() for script in scripts]
    assert [out for out, _ in ends] == ["True\n"] * 8, ends
    assert set(marks.counts().values()) == {1}
    assert len(marks.counts()) == 240
    assert {execution(exec_id)["execution"]["status"] for exec_id in exec_ids} == {"completed"}


def kill_the_service(home, script, times):
    chance = random.Random()
    for _ in range(times):
        threading.Event().wait(chance.uniform(0.1, 0.5))
        if script.process.poll() is not None:
            return
        if pid := service_pid(home):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("times", [3, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])])
def test_killing_the_service_under_load_loses_and_doubles_nothing(times, service_home, run, marks, execution):
    steps = 60 if times < 10 else 3000
    scripts = [run(str(marks), str(100_000 * number), str(steps), "2", text=LOAD) for number in range(2)]
    exec_ids = [exec_id for script in scripts for exec_id in script.line().split()]
    kill_the_service(service_home, scripts[0], times)
    assert [script.end(timeout=900)[0] for script in scripts] == ["True\n"] * 2
    assert set(marks.counts().values()) == {1}
    assert len(marks.counts()) == 4 * steps
    for exec_id in exec_ids:
        found = execution(exec_id)
        assert found["execution"]["status"] == "completed"
        assert [call["status"] for call in found["calls"]] == ["completed"] * steps
        assert [len(call["attempts"]) for call in found["calls"]] == [1] * steps


def test_an_answer_reaches_a_runner_whose_service_was_killed(service_home, run, marks, execution, answer):
    script = run(
        text=HEAD
        + """
@kitaru.flow(cache=False)
def ask():
    return kitaru.wait(schema=int)

handle = ask.run()
print(handle.exec_id)
print(handle.wait())
"""
    )
    exec_id = script.line()
    until(lambda: execution(exec_id)["waits"])
    os.kill(service_pid(service_home), signal.SIGKILL)
    answer(exec_id, 17)
    assert script.end()[0] == "17\n"


def test_a_runner_that_was_taken_over_stops_and_what_it_does_late_is_refused(
    service_home, run, marks, execution, tmp_path
):
    script = run(
        str(marks),
        text=HEAD
        + """
@kitaru.checkpoint
def slow():
    while not os.path.exists("go"):
        time.sleep(0.01)
    return "late"

@kitaru.flow(cache=False)
def sleepy(marks: str):
    try:
        value = slow()
    except Exception:
        value = "swallowed"
    return step(1, marks), value

handle = sleepy.run(sys.argv[1])
print(handle.exec_id)
handle._engine.runs[handle.exec_id].join()
""",
    )
    exec_id = script.line()
    until(lambda: execution(exec_id)["calls"])
    script.process.send_signal(signal.SIGSTOP)
    take_over(exec_id, epoch=2)
    (tmp_path / "go").touch()
    script.process.send_signal(signal.SIGCONT)
    _, err = script.end(status=None)
    assert f"{exec_id} of sleepy stopped here" in err
    assert "claim" in err or "taken over" in err
    assert marks.counts() == {}, err
    found = execution(exec_id)
    assert (found["execution"]["status"], found["execution"]["epoch"]) == ("running", 2)
    assert found["calls"][0]["output"] is None


def take_over(exec_id: str, epoch: int) -> None:
    from kitaru.store.connect import open_store
    from kitaru.store.runner import runner_identity

    event = {
        "kind": "execution.claimed",
        "at": time.time(),
        "exec_id": exec_id,
        "epoch": epoch,
        "body": {"runner": runner_identity(), "code": "recorded"},
    }
    (ack,) = open_store().append([{"events": [event], "expect": {"exec_id": exec_id, "epoch": epoch - 1}}])
    assert "refused" not in ack
