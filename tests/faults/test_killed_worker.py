"""Workers, their processes and the service are killed while they do jobs: each is done once, and nothing twice."""

from __future__ import annotations

import os
import random
import signal
import threading

import pytest

from tests.conftest import until

STEPS = """
import os, time
import kitaru
from kitaru.errors import KitaruExecutionError

@kitaru.checkpoint
def step(n, marks, run):
    with open(os.path.join(marks, f"{run}-{n}"), "a") as file:
        file.write("x")
    time.sleep(0.02)
    return n

@kitaru.flow(cache=False)
def work(marks: str, run: int):
    total = 0
    for n in range(10):
        total += step(n, marks, run)
        if n == 0 and os.path.exists(os.path.join(marks, "..", "fails")):
            raise RuntimeError("not yet")
    return total

if __name__ == "__main__":
    import sys
    marks, count = sys.argv[1], int(sys.argv[2])
    handles = [work.run(marks, number) for number in range(count)]
    for handle in handles:
        try:
            handle.wait()
        except KitaruExecutionError:
            print(handle.exec_id)
"""
"""Executions that fail after their first step: jobs try them again."""

JOBS = 20
"""How many jobs are under way while something is killed."""


@pytest.fixture
def failed(service_home, run, marks, tmp_path):
    (tmp_path / "fails").touch()
    out, _ = run(str(marks), str(JOBS), text=STEPS, name="steps.py").end()
    (tmp_path / "fails").unlink()
    found = out.split()
    assert len(found) == JOBS
    return found


def processes_of(store) -> list[int]:
    rows = store.read("jobs", statuses=["running"], limit=100)["items"]
    return [row["runner"]["pid"] for row in rows if row["runner"]]


def open_jobs(store) -> list[dict[str, object]]:
    found: list[dict[str, object]] = store.read("jobs", statuses=["queued", "running"], limit=100)["items"]
    return found


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def post_all(failed, store) -> None:
    from kitaru.store.jobs.posting import job_created

    for exec_id in failed:
        head = store.read("head", exec_id=exec_id)["execution"]
        place = {"epoch": head["epoch"], "interpreter": head["interpreter"], "cwd": head["cwd"]}
        store.append([{"events": [job_created(exec_id, f"kj-{exec_id}", "retry", **place)]}])


def check(executions, marks, killed: int, store) -> None:
    counts = marks.counts()
    assert set(counts) == {f"{number}-{n}" for number in range(JOBS) for n in range(10)}
    assert sum(counts.values()) - len(counts) <= killed, "more ran again than was in flight"
    for exec_id in executions:
        found = store.read("execution", exec_id=exec_id)
        assert (found["execution"]["status"], found["execution"]["output"]["inline"]) == ("completed", 45)
        assert [call["status"] for call in found["calls"]] == ["completed"] * 10
        completions = store.read("events", exec_id=exec_id, kinds=["execution.completed"])
        assert len(completions) == 1
    assert {row["status"] for row in store.read("jobs", limit=100)["items"]} == {"completed"}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_processes_and_the_service_are_killed_and_every_job_is_done_once(service_home, marks, failed):
    from kitaru.store.connect import open_store
    from kitaru.store.service.record import read_record

    store, chance = open_store(), random.Random()
    post_all(failed, store)
    killed = 0
    for round_ in range(6):
        threading.Event().wait(chance.uniform(0.2, 0.8))
        running = processes_of(store)
        if running:
            kill(chance.choice(running))
            killed += 1
        record = read_record(service_home)
        if round_ in (1, 4) and record is not None:
            kill(record.pid)
    until(lambda: not open_jobs(store), 240)
    check(failed, marks, killed, store)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_invocations_are_accepted_and_run_once_while_processes_and_the_service_are_killed(
    service_home, run, marks, tmp_path
):
    """They are recorded when `invoke` returns, whatever dies then."""
    from kitaru.client import KitaruClient
    from kitaru.store.service.record import read_record

    (tmp_path / "steps.py").write_text(STEPS)
    run("-m", "kitaru", "deploy", "steps.py:work").end()
    client = KitaruClient()
    invoked = []
    for number in range(JOBS):
        given = {"inputs": {"marks": str(marks), "run": number}, "idempotency_key": str(number)}
        first, again = (client.deployments.invoke("work", **given) for _ in range(2))
        assert first.exec_id == again.exec_id
        invoked.append(first.exec_id)
        record = read_record(service_home)
        if number in (4, 12) and record is not None:
            kill(record.pid)
    killed, chance = 0, random.Random()
    for _ in range(4):
        running = until(lambda: processes_of(client.store) or not open_jobs(client.store))
        if running is not True:
            kill(chance.choice(running))
            killed += 1
    until(lambda: not open_jobs(client.store), 240)
    check(invoked, marks, killed, client.store)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_worker_is_killed_and_its_processes_do_their_jobs_to_the_end(service_home, run, marks, failed):
    """A service that others can reach has no worker of its own."""
    from kitaru.runtime.engine import close_engines
    from kitaru.store.connect import close_store, open_store
    from kitaru.store.service.process import start_service, stop_service

    close_engines()
    close_store()
    stop_service(service_home)
    start_service(service_home, token="a-token-that-others-were-given")
    workers = [run("-m", "kitaru", "worker", "--limit", "3") for _ in range(2)]
    store = open_store()
    post_all(failed, store)
    until(lambda: len(processes_of(store)) >= 2)
    before = dict.fromkeys(processes_of(store))
    workers[0].kill()
    until(lambda: not set(before) & set(processes_of(store)), 60)
    assert {row["attempts"] for row in store.read("jobs", statuses=["completed"], limit=100)["items"]} == {1}
    until(lambda: not open_jobs(store), 240)
    check(failed, marks, 0, store)
    workers[1].process.send_signal(signal.SIGINT)
    workers[1].end()
