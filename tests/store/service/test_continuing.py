"""The service goes on with executions that were answered and that nobody runs: with real processes throughout."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.store import events as kinds
from kitaru.store.duckdb import DuckDBStore
from kitaru.store.service.client import ServiceStore
from kitaru.store.service.continuing import Continuing
from kitaru.store.service.process import start_service, stop_service
from kitaru.store.service.record import read_record
from tests.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.store.protocol import Store

ROOT = Path(__file__).resolve().parents[3]

SCRIPT = """
import sys
from pathlib import Path
from kitaru.runtime.flow import flow
from kitaru.runtime.waiting import wait

@flow
def asking(seconds):
    options = {"deadline": seconds, "default": "silence"} if seconds else {}
    said = wait(schema=str, name="said", **options)
    Path("said.txt").write_text(said)
    return said

if __name__ == "__main__":
    print(asking.run(float(sys.argv[1])).exec_id)
"""


@pytest.fixture
def home(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("KITARU_STORE")
    monkeypatch.setenv("KITARU_SERVICE_IDLE", "60")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield kitaru_home
    stop_service(kitaru_home)


@pytest.fixture
def ask(home: Path, tmp_path: Path) -> Callable[..., str]:
    """Run the script to its end, which leaves its question open; return the execution."""

    def run(deadline: float = 0) -> str:
        program = tmp_path / "asking.py"
        program.write_text(SCRIPT)
        command = [sys.executable, str(program), str(deadline)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    return run


def test_a_service_that_nobody_asks_stays_for_a_deadline_and_continues_an_execution_whose_script_has_ended(
    ask: Callable[..., str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITARU_SERVICE_IDLE", "0.2")
    for seconds in (1.0, 5.0, 20.0):  # on a slow machine it may pass before the script has ended
        exec_id = ask(seconds)
        record = read_record(home)
        assert record is None or record.wait_until_gone(60)
        with DuckDBStore(home) as store:
            assert store.read("history", exec_id=exec_id)["execution"]["status"] == "completed"
            claims = len(store.read("events", exec_id=exec_id, kinds=[kinds.CLAIMED]))
        if claims == 2:
            break
    assert claims == 2
    assert (tmp_path / "said.txt").read_text() == "silence"
    assert (home / "runners" / f"{exec_id}.log").exists()


def test_an_answer_continues_it_whoever_wrote_it_with_the_rights_of_the_user_and_not_of_the_service(
    ask: Callable[..., str], home: Path, tmp_path: Path
) -> None:
    before = os.umask(0o022)
    try:
        exec_id = ask()
    finally:
        os.umask(before)
    with_service(home, lambda store: answer(store, exec_id))
    assert completed(home, exec_id)
    assert (tmp_path / "said.txt").read_text() == "hello"
    assert stat.S_IMODE((tmp_path / "said.txt").stat().st_mode) == 0o644


def test_a_service_that_is_killed_right_after_the_answer_loses_no_runner(ask: Callable[..., str], home: Path) -> None:
    exec_id = ask()
    record = read_record(home)
    assert record is not None

    def answer_and_kill(store: Store) -> None:
        answer(store, exec_id)
        os.kill(record.pid, signal.SIGKILL)

    with_service(home, answer_and_kill)
    assert completed(home, exec_id)


def test_a_service_that_starts_continues_what_was_answered_without_it(ask: Callable[..., str], home: Path) -> None:
    exec_id = ask()
    stop_service(home)
    with DuckDBStore(home) as store:
        answer(store, exec_id)
    assert completed(home, exec_id)


def test_an_answer_of_long_ago_starts_nothing(tmp_path: Path) -> None:
    with DuckDBStore(tmp_path / "home") as store:
        park(store, "kr-1", tmp_path)
        answer(store, "kr-1", at=time.time() - 7200)
        Continuing(store).look()
        assert jobs_of(store, "kr-1") == []
        assert [row["exec_id"] for row in store.read("answered")] == ["kr-1"]


def test_a_service_that_others_can_reach_starts_nothing(home: Path, tmp_path: Path) -> None:
    with DuckDBStore(home) as store:
        park(store, "kr-1", tmp_path)
    start_service(home, token="a-token-that-others-were-given")
    with_service(home, lambda store: answer(store, "kr-1"))
    assert with_service(home, lambda store: store.health())["continues"] is False
    stop_service(home)
    with DuckDBStore(home) as store:
        assert [row["exec_id"] for row in store.read("answered")] == ["kr-1"]


def test_a_job_is_asked_for_once_for_each_time_that_an_execution_lost_its_runner(tmp_path: Path) -> None:
    with DuckDBStore(tmp_path / "home") as store:
        continuing = Continuing(store)
        continuing.start()
        park_answered(store, "kr-1", tmp_path)
        (job,) = until(lambda: jobs_of(store, "kr-1"))
        assert (job["kind"], job["interpreter"], job["cwd"], job["epoch"]) == ("resume", str(tmp_path), "/", 1)
        assert job["after"] > job["created_at"]
        continuing.look()
        store.append([{"events": [event("kr-1", kinds.JOB_CANCELLED, job_id=job["job_id"])]}])
        continuing.look()
        assert len(jobs_of(store, "kr-1")) == 1
        store.append([{"events": [event("kr-1", kinds.CLAIMED, epoch=2, runner=None)]}])
        store.append([{"events": [event("kr-1", kinds.SUSPENDED, epoch=2, wait="said")]}])
        assert len(until(lambda: jobs_of(store, "kr-1")[1:])) == 1
        continuing.close()


def test_the_watcher_survives_a_failure_of_the_store(tmp_path: Path) -> None:
    store = Failing(tmp_path / "home")
    with store:
        continuing = Continuing(store)
        continuing.start()
        store.failures = 1
        park_answered(store, "kr-1", tmp_path)
        assert until(lambda: jobs_of(store, "kr-1"))
        continuing.close()


class Failing(DuckDBStore):
    failures = 0

    def read(self, name: str, /, **parameters: Any) -> Any:
        if self.failures and name == "answered":
            self.failures -= 1
            raise OSError("the disk is gone for a moment")
        return super().read(name, **parameters)


def jobs_of(store: Store, exec_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.read("jobs", exec_id=exec_id)["items"]
    return found


def event(exec_id: str, kind: str, *, at: float | None = None, epoch: int | None = None, **body: Any) -> Any:
    claim = {} if epoch is None else {"epoch": epoch}
    return {"kind": kind, "at": at or time.time(), "exec_id": exec_id, "body": body} | claim


def answer(store: Store, exec_id: str, wait: str = "said", at: float | None = None) -> None:
    answered = event(exec_id, kinds.WAIT_ANSWERED, at=at, wait=wait, value="hello", by="test", source="input")
    (ack,) = store.append([{"events": [answered]}])
    assert "refused" not in ack


def park_answered(store: Store, exec_id: str, interpreter: Path) -> None:
    park(store, exec_id, interpreter)
    answer(store, exec_id)


def park(store: Store, exec_id: str, interpreter: Path) -> None:
    asked = [
        event(exec_id, kinds.CREATED, flow="f", interpreter=str(interpreter), cwd="/"),
        event(exec_id, kinds.CLAIMED, epoch=1, runner=None),
        event(exec_id, kinds.WAIT_CREATED, wait="said"),
        event(exec_id, kinds.SUSPENDED, wait="said"),
    ]
    store.append([{"events": asked}])


def with_service(home: Path, work: Callable[[ServiceStore], Any]) -> Any:
    store = ServiceStore.local(home)
    try:
        return work(store)
    finally:
        store.close()


def completed(home: Path, exec_id: str) -> bool:
    """Wait for the end of an execution; it fails at any other end."""

    def follow(store: ServiceStore) -> bool:
        def ended() -> str | None:
            status: str = store.read("history", exec_id=exec_id)["execution"]["status"]
            return status if status in kinds.ENDED else None

        return bool(until(ended) == "completed")

    return bool(with_service(home, follow))
