from __future__ import annotations

import os
import random
import signal
import threading

import pytest

from tests.conftest import until
from tests.faults.conftest import RESUME

SEQUENTIAL = """
import os, sys, time
import kitaru

@kitaru.checkpoint
def step(n, marks):
    with open(os.path.join(marks, f"step-{n}"), "a") as file:
        file.write("x")
    time.sleep(0.004)
    return n

@kitaru.flow(cache=False)
def work(marks: str, steps: int):
    total = 0
    for n in range(steps):
        total += step(n, marks)
    return total

if __name__ == "__main__":
    handle = work.run(sys.argv[1], int(sys.argv[2]))
    print(handle.exec_id)
    print(handle.wait())
"""

FAN_OUT = SEQUENTIAL.replace(
    """    total = 0
    for n in range(steps):
        total += step(n, marks)
    return total
""",
    """    total = 0
    for start in range(0, steps, 10):
        total += sum(step.map(range(start, min(start + 10, steps)), marks=marks).result())
    return total
""",
)

WAITING = SEQUENTIAL.replace(
    "        total += step(n, marks)\n",
    "        total += step(n, marks)\n"
    "        if n % 20 == 10: total += kitaru.wait(schema=int, deadline=0.05, default=0)\n",
)


def finished(found) -> set[str]:
    return {
        f"step-{call['inputs']['n']['preview']['text']}" for call in found["calls"] if call["status"] == "completed"
    }


def kill_and_resume(text, kills, *, run, marks, execution, steps=80, by_module=False):
    """Kill the runner at random moments, again and again; nothing that finished is lost or runs twice."""
    chance = random.Random()
    script = run(str(marks), str(steps), text=text, name="killable.py")
    exec_id = script.line()
    safe: set[str] = set()
    before: dict[str, int] = {}
    killed = 0
    ending: int | None = 0
    for _ in range(kills):
        threading.Event().wait(chance.uniform(0.0, 0.35))
        if script.process.poll() is not None:
            break
        script.kill()
        killed += 1
        until(lambda: execution(exec_id)["execution"]["runner"] is None)
        found = execution(exec_id)
        status = found["execution"]["status"]
        assert status in ("interrupted", "completed", "waiting"), status
        assert safe <= finished(found)
        safe = finished(found)
        before = marks.counts()
        if status == "completed":
            ending = None  # killed between its last event and its end
            break
        script = resume(run, exec_id, by_module)
        epoch = found["execution"]["epoch"]
        until(lambda epoch=epoch: execution(exec_id)["execution"]["epoch"] > epoch)
        after = marks.counts()
        assert all(after[name] == before[name] for name in safe), "a finished step ran again"
    script.end(ending)
    until(lambda: execution(exec_id)["execution"]["status"] == "completed")
    found = execution(exec_id)
    counts = marks.counts()
    assert set(counts) == {f"step-{n}" for n in range(steps)}
    assert finished(found) == set(counts)
    assert all(1 <= count <= killed + 1 for count in counts.values())
    assert all(counts[name] == before[name] for name in safe)
    assert found["execution"]["output"]["inline"] == sum(range(steps))
    assert sum(counts.values()) - steps <= killed * 10, "more ran again than was in flight"


def resume(run, exec_id, by_module):
    if not by_module:
        return run("-c", RESUME, exec_id)
    code = (
        "import sys, killable\n"
        "from kitaru.runtime.engine import engine\n"
        f"engine().resume({exec_id!r}, killable.work).wait()\n"
    )
    return run("-c", code)


@pytest.mark.parametrize(("text", "kills"), [(SEQUENTIAL, 4), (FAN_OUT, 3), (WAITING, 3)])
def test_a_killed_runner_loses_and_repeats_nothing(text, kills, service_home, run, marks, execution):
    kill_and_resume(text, kills, run=run, marks=marks, execution=execution)


def test_a_flow_of_a_module_is_resumed_by_importing_it(service_home, run, marks, execution):
    kill_and_resume(SEQUENTIAL, 2, run=run, marks=marks, execution=execution, by_module=True)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("text", [SEQUENTIAL, FAN_OUT, WAITING])
def test_a_hundred_kills_lose_and_repeat_nothing(text, service_home, run, marks, execution):
    kill_and_resume(text, 100, run=run, marks=marks, execution=execution, steps=3000)


def test_a_killed_runner_is_seen_at_once_by_other_processes(service_home, run, marks, execution):
    script = run(str(marks), "100000", text=SEQUENTIAL)
    exec_id = script.line()
    assert execution(exec_id)["execution"]["status"] == "running"
    script.kill()
    until(lambda: execution(exec_id)["execution"]["status"] == "interrupted")
    reason = execution(exec_id)["execution"]["reason"]
    assert f"process {script.process.pid}" in reason


def test_a_machine_that_slept_goes_on_where_it_was(service_home, run, marks, execution):
    from kitaru.store.service.record import read_record

    script = run(str(marks), "60", text=SEQUENTIAL)
    exec_id = script.line()
    until(lambda: len(marks.counts()) > 20)
    asleep = [script.process.pid, read_record(service_home).pid]
    for pid in asleep:
        os.kill(pid, signal.SIGSTOP)
    threading.Event().wait(1.5)  # nobody does anything, while the clock goes on
    for pid in reversed(asleep):
        os.kill(pid, signal.SIGCONT)
    out, _ = script.end()
    found = execution(exec_id)
    assert int(out) == sum(range(60))
    assert (found["execution"]["status"], found["execution"]["epoch"]) == ("completed", 1)
    assert set(marks.counts().values()) == {1}


def test_the_wait_of_another_process_says_that_it_was_interrupted_and_how_to_go_on(service_home, run, marks):
    from kitaru.errors import KitaruExecutionError
    from kitaru.runtime.engine import engine
    from kitaru.runtime.handle import FlowHandle

    script = run(str(marks), "100000", text=SEQUENTIAL)
    exec_id = script.line()
    handle = FlowHandle(engine(), exec_id, "work")
    threading.Timer(0.2, script.process.kill).start()
    with pytest.raises(KitaruExecutionError, match=f"kitaru executions resume {exec_id}"):
        handle.wait(60)
    script.process.communicate(timeout=60)


def test_a_question_survives_its_runner_and_the_answer_is_taken_by_the_next(
    service_home, run, marks, execution, answer
):
    text = SEQUENTIAL.replace("    return total\n", "    return total + kitaru.wait(schema=int)\n")
    script = run(str(marks), "3", text=text)
    exec_id = script.line()
    until(lambda: execution(exec_id)["waits"])
    script.kill()
    until(lambda: execution(exec_id)["execution"]["runner"] is None)
    assert execution(exec_id)["execution"]["status"] == "waiting"
    answer(exec_id, 40)
    until(lambda: execution(exec_id)["execution"]["status"] == "completed")
    assert execution(exec_id)["execution"]["output"]["inline"] == 43
    assert marks.counts() == {"step-0": 1, "step-1": 1, "step-2": 1}


def test_one_of_two_processes_that_resume_wins_and_the_other_is_told(service_home, run, marks, execution, tmp_path):
    held = '    while n == 20 and os.path.exists("hold"):\n        time.sleep(0.01)\n    return n\n'
    (tmp_path / "hold").touch()
    script = run(str(marks), "30", text=SEQUENTIAL.replace("    return n\n", held))
    exec_id = script.line()
    until(lambda: "step-20" in marks.counts())
    script.kill()
    (tmp_path / "hold").unlink()
    until(lambda: execution(exec_id)["execution"]["status"] == "interrupted")
    code = (
        "import sys\n"
        "from kitaru.runtime.engine import engine\n"
        "from kitaru.errors import KitaruStateError\n"
        "here = engine()\n"
        "print('ready'); sys.stdout.flush(); sys.stdin.read()\n"
        "try:\n"
        f"    print('won', here.resume({exec_id!r}).wait())\n"
        "except KitaruStateError as error:\n"
        "    print('told', error)\n"
    )
    both = [run("-c", code) for _ in range(2)]
    outputs = sorted(script.end()[0].splitlines()[1].split()[0] for script in both)
    assert outputs == ["told", "won"]
    assert max(marks.counts().values()) <= 2
    assert execution(exec_id)["execution"]["epoch"] == 2


def test_a_child_flow_is_found_again_by_its_resumed_parent(service_home, run, marks, execution):
    text = SEQUENTIAL.replace(
        "if __name__",
        """@kitaru.flow(cache=False)
def parent(marks: str, steps: int):
    return [work.run(marks, steps).wait(), work.run(marks, 2).wait()]

if __name__""",
    ).replace("handle = work.run", "handle = parent.run")
    script = run(str(marks), "60", text=text)
    exec_id = script.line()
    until(lambda: len(marks.counts()) > 10)
    script.kill()
    run("-c", RESUME, exec_id).end()
    found = execution(exec_id)
    assert found["execution"]["status"] == "completed"
    assert [child["status"] for child in found["children"]] == ["completed", "completed"]
    assert sum(marks.counts().values()) <= 63
