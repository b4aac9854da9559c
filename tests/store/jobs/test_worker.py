"""Workers and their processes, with a store of their own and programs that stand for interpreters."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruUsageError
from kitaru.store import events as kinds
from kitaru.store.duckdb import DuckDBStore
from kitaru.store.jobs.posting import job_created
from kitaru.store.jobs.worker import Worker
from tests.conftest import until
from tests.store.duckdb.store_events import event, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAKE = f"""\
#!{sys.executable} -S
import json, os, sys, time
out = os.environ["RECORDED"]
me = {{"runner_id": f"fake-{{os.getpid()}}", "host": "fake", "pid": os.getpid(), "started": 0.0, "lease": 600}}
print(json.dumps(me), flush=True)
line = sys.stdin.readline()
if line:
    order = json.loads(line)
    with open(out, "a") as file:
        file.write(order["job_id"] + "\\n")
    for _ in range(1200):
        if not os.path.exists(out + ".hold") or os.path.exists(out + ".go-" + order["job_id"]):
            break
        time.sleep(0.05)
"""
"""Stands for an interpreter: it notes which job it was given, and has it while there is a file that holds it.

It ends jobs no more than a process does that was killed. As if on another machine, that is seen after its lease only.
"""


class Scene:
    def __init__(self, store: DuckDBStore, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.recorded = folder / "recorded"
        self.workers: list[Worker] = []

    def worker(self, **options: Any) -> Worker:
        environment = {"RECORDED": str(self.recorded), "PATH": ""}
        worker = Worker(self.store, environment, **options)
        self.workers.append(worker)
        worker.start()
        return worker

    def program(self, name: str = "python", text: str = FAKE) -> str:
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        path.chmod(0o700)
        return str(path)

    def post(self, *names: str, **more: Any) -> None:
        for name in names:
            exec_id = f"kr-{name}"
            created = job_created(exec_id, f"kj-{name}", "resume", **{"epoch": 1, **more})
            self.store.append([started(exec_id), {"events": [created]}])

    def hold(self) -> None:
        (self.folder / "recorded.hold").touch()

    def let_go(self, name: str) -> None:
        (self.folder / f"recorded.go-kj-{name}").touch()

    def begun(self, count: int) -> list[str]:
        def look() -> list[str] | None:
            found = self.recorded.read_text().split() if self.recorded.exists() else []
            return found if len(found) >= count else None

        return list(until(look))

    def status(self, name: str) -> dict[str, Any]:
        row: dict[str, Any] = self.store.read("job", job_id=f"kj-{name}")
        return row


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with DuckDBStore(tmp_path / "home") as store:
        scene = Scene(store, tmp_path)
        yield scene
        (tmp_path / "recorded.hold").unlink(missing_ok=True)
        for worker in scene.workers:
            worker.close()


def test_a_worker_gives_each_job_to_a_process_of_its_own_in_their_order(scene: Scene) -> None:
    scene.post("a", "b", "c", interpreter=scene.program())
    scene.worker(limit=1)
    assert scene.begun(3) == ["kj-a", "kj-b", "kj-c"]
    claims = scene.store.read("events", exec_id="kr-a", kinds=[kinds.JOB_CLAIMED])
    assert claims[0]["body"]["runner"]["pid"] > 0
    assert "pid" in claims[0]["body"]["worker"]


def test_two_workers_do_each_job_once(scene: Scene) -> None:
    names = [f"n{number}" for number in range(12)]
    scene.post(*names, interpreter=scene.program())
    scene.worker(limit=3)
    scene.worker(limit=3)
    assert sorted(scene.begun(12)) == sorted(f"kj-{name}" for name in names)
    assert {scene.status(name)["attempts"] for name in names} == {1}


def test_a_bounded_number_of_jobs_is_done_at_once(scene: Scene) -> None:
    scene.hold()
    scene.post(*"abcdef", interpreter=scene.program())
    scene.worker(limit=4)
    assert len(scene.begun(4)) == 4
    assert [scene.status(name)["status"] for name in "abcdef"] == ["running"] * 4 + ["queued"] * 2
    scene.let_go("b")
    assert scene.begun(5)[4] == "kj-e"


def test_processes_that_never_get_ready_keep_no_others_waiting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitaru.store.jobs.worker._SLOW", 0.2)
    stuck = scene.program("stuck", "#!/bin/sh\nread line\n")
    scene.post(*(f"stuck{number}" for number in range(4)), interpreter=stuck)
    scene.post("fine", interpreter=scene.program())
    scene.worker()
    assert scene.begun(1) == ["kj-fine"]


def test_a_job_that_is_for_later_waits_while_others_are_done(scene: Scene) -> None:
    python = scene.program()
    scene.worker()
    for grace in (1.5, 6.0, 25.0):  # on a slow machine it may pass before the other job is there
        scene.post(f"later-{grace}", interpreter=python, grace=grace)
        scene.post(f"now-{grace}", interpreter=python)
        begun = scene.begun(2)[-2:]
        if begun[0] == f"kj-now-{grace}":
            break
        scene.recorded.unlink()
    assert begun == [f"kj-now-{grace}", f"kj-later-{grace}"]


def test_a_job_is_not_begun_whose_execution_went_on_by_itself(scene: Scene) -> None:
    python = scene.program()
    scene.post("taken", interpreter=python, grace=0.3)
    scene.store.append([{"events": [event(kinds.CLAIMED, "kr-taken", epoch=2, body={"runner": None})]}])
    scene.post("next", interpreter=python)
    scene.worker()
    assert until(lambda: scene.status("taken")["status"] == "completed")
    assert "went on meanwhile" in scene.status("taken")["reason"]
    assert scene.begun(1) == ["kj-next"]


def test_interpreters_that_do_not_start_fail_their_jobs_and_keep_no_other_waiting(scene: Scene) -> None:
    broken = scene.program("broken", "it is a file, and no more")
    mute = scene.program("mute", f"#!{sys.executable} -S\nraise SystemExit('no module named kitaru')\n")
    scene.post("gone", interpreter=str(scene.folder / "gone"))
    scene.post("broken", interpreter=broken)
    scene.post("mute", interpreter=mute)
    scene.post("good", interpreter=scene.program())
    scene.worker(limit=2)
    assert scene.begun(1) == ["kj-good"]
    for name, said in (("gone", "No such file"), ("broken", "did not start"), ("mute", "no module named kitaru")):
        row = until(lambda name=name: row if (row := scene.status(name))["status"] == "failed" else None)
        assert said in row["error"]["message"]
        assert f"started with {scene.folder / name}" in row["error"]["message"]


def test_jobs_of_another_machine_are_left_to_its_workers(scene: Scene) -> None:
    python = scene.program()
    scene.post("far", interpreter=python, host="another-machine")
    scene.post("here", interpreter=python)
    scene.worker()
    assert scene.begun(1) == ["kj-here"]
    assert scene.status("far")["status"] == "queued"


def test_the_process_of_a_cancelled_job_is_told_to_stop(scene: Scene) -> None:
    scene.hold()
    scene.post("a", interpreter=scene.program())
    worker = scene.worker()
    scene.begun(1)
    scene.store.append([{"events": [event(kinds.JOB_CANCELLED, "kr-a", body={"job_id": "kj-a"})]}])
    assert worker.wait_until_idle(60)


def test_a_worker_that_is_told_to_stop_queues_its_jobs_for_others(scene: Scene) -> None:
    scene.hold()
    scene.post("a", interpreter=scene.program())
    worker = scene.worker()
    scene.begun(1)
    assert worker.drain() == 1
    worker.stop_jobs()
    assert worker.wait_until_idle(60)
    row = scene.status("a")
    assert (row["status"], row["attempts"]) == ("queued", 1)
    assert "was told to stop" in row["reason"]
    (scene.folder / "recorded.hold").unlink()
    scene.worker()
    assert scene.begun(2) == ["kj-a", "kj-a"]


def test_a_worker_is_idle_when_nothing_is_left_to_do(scene: Scene) -> None:
    worker = scene.worker()
    assert worker.wait_until_idle(60)
    scene.post("a", interpreter=scene.program())
    until(lambda: scene.begun(1))
    assert worker.wait_until_idle(60)


def test_the_worker_survives_a_failure_of_the_store(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from kitaru.errors import KitaruStoreError

    read, failures = scene.store.read, iter([True])

    def failing(name: str, /, **parameters: Any) -> Any:
        if name == "jobs" and next(failures, False):
            raise KitaruStoreError("the disk is gone for a moment")
        return read(name, **parameters)

    monkeypatch.setattr(scene.store, "read", failing)
    scene.post("a", interpreter=scene.program())
    scene.worker()
    assert scene.begun(1) == ["kj-a"]


def test_a_limit_is_a_number_of_jobs(scene: Scene) -> None:
    with pytest.raises(KitaruUsageError, match="1 or more"):
        Worker(scene.store, {}, limit=0)
