"""Runners that die, and questions whose deadline passes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.store.duckdb import DuckDBStore, liveness
from kitaru.store.duckdb.deadlines import Deadlines
from kitaru.store.runner import is_alive, process_start, runner_identity
from tests.store.duckdb.store_events import E1, answered, asked, ended, event, open_store, started, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru.store.events import Runner
    from kitaru.store.protocol import Batch


@pytest.fixture
def store(kitaru_home: Path) -> Iterator[DuckDBStore]:
    with open_store(kitaru_home) as store:
        yield store


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def runner_of(process: subprocess.Popen[bytes]) -> Runner:
    return {**runner_identity(kind="kernel"), "runner_id": "other", "pid": process.pid,
            "started": process_start(process.pid) or 0.0}  # fmt: skip


def elsewhere(lease: float) -> Runner:
    return {**runner_identity(lease=lease), "runner_id": "far", "host": "another-machine"}


def test_a_killed_runner_is_seen_even_before_anybody_has_reaped_its_process(
    store: DuckDBStore, sleeper: subprocess.Popen[bytes]
) -> None:
    store.append([started(runner=runner_of(sleeper))])
    store._reaper.check()
    assert status_of(store) == "running"
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    store._reaper.check()
    execution = store.read("execution", exec_id=E1)["execution"]
    assert execution["status"] == "interrupted"
    assert f"process {sleeper.pid}" in execution["reason"]


def test_who_takes_an_execution_up_sees_that_its_runner_died_this_moment(
    store: DuckDBStore, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kitaru.store.duckdb.liveness._READ_INTERVAL", 3600.0)
    store.append([started(runner=runner_of(sleeper))])
    assert status_of(store) == "running"
    sleeper.kill()
    sleeper.wait()
    assert store.read("history", exec_id=E1)["execution"]["status"] == "interrupted"


def test_death_is_recorded_without_anybody_asking(store: DuckDBStore, sleeper: subprocess.Popen[bytes]) -> None:
    feed = iter(store.watch(kinds=["execution.interrupted"]))
    store.append([started(runner=runner_of(sleeper))])
    sleeper.kill()
    sleeper.wait()
    assert next(feed)["epoch"] == 1


def test_death_while_a_question_is_pending_leaves_the_execution_waiting_and_answerable(
    store: DuckDBStore, sleeper: subprocess.Popen[bytes]
) -> None:
    store.append([started(runner=runner_of(sleeper)), asked()])
    sleeper.kill()
    sleeper.wait()
    store._reaper.check()
    assert status_of(store) == "waiting"
    assert store.read("history", exec_id=E1)["execution"]["runner"] is None
    assert "refused" not in store.append([answered()])[0]


def test_the_own_process_and_ended_executions_are_left_alone(store: DuckDBStore) -> None:
    store.append([started()])
    store._reaper.check()
    assert status_of(store) == "running"
    store.append([ended()])
    store._reaper.check()
    assert status_of(store) == "completed"


def test_a_process_that_got_the_same_number_is_not_the_runner(sleeper: subprocess.Popen[bytes]) -> None:
    runner = runner_of(sleeper)
    assert is_alive(runner)
    assert not is_alive({**runner, "started": runner["started"] - 3600})


def test_runners_that_died_while_the_store_was_closed_are_found(
    kitaru_home: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    with open_store(kitaru_home) as store:
        store.append([started(runner=runner_of(sleeper))])
    sleeper.kill()
    sleeper.wait()
    with open_store(kitaru_home) as store:
        assert status_of(store) == "interrupted"


def test_a_remote_runner_lives_as_long_as_it_beats(store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(liveness.time, "monotonic", lambda: now)
    store.append([started(runner=elsewhere(lease=30))])
    store._reaper.check()
    now += 29
    store.beat("far")
    store._reaper.check()
    now += 29
    store._reaper.check()
    assert status_of(store) == "running"
    now += 2
    store._reaper.check()
    assert status_of(store) == "interrupted"


def test_a_remote_runner_gets_a_whole_lease_after_the_store_was_down(
    kitaru_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(kitaru_home) as store:
        store.append([started(runner=elsewhere(lease=30))])
    now = 5.0
    monkeypatch.setattr(liveness.time, "monotonic", lambda: now)
    with open_store(kitaru_home) as store:
        store._reaper.check()
        now += 29
        store._reaper.check()
        assert status_of(store) == "running"


def test_a_runner_that_was_taken_over_meanwhile_is_not_interrupted_again(
    store: DuckDBStore, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append([started(runner=runner_of(sleeper))])
    sleeper.kill()
    sleeper.wait()
    losses = [liveness._loss(guard) for guard in store._guards.open_executions()]
    claim = {
        "events": [event("execution.claimed", body={"runner": runner_identity()}, epoch=2)],
        "expect": {"exec_id": E1, "epoch": 1},
    }
    store.append([claim])  # type: ignore[list-item]
    assert "refused" in store.append(losses)[0]
    assert status_of(store) == "running"


def test_an_overdue_question_is_answered_with_its_default(store: DuckDBStore) -> None:
    feed = iter(store.watch(kinds=["wait.answered"]))
    store.append([started(), asked(deadline=time.time() + 0.05, default={"go": False})])
    assert next(feed)["body"] == {"wait": "ok", "value": {"go": False}, "by": "deadline", "source": "deadline"}
    assert status_of(store) == "running"


def test_a_deadline_that_passed_while_the_store_was_closed_is_kept(kitaru_home: Path) -> None:
    with open_store(kitaru_home) as store:
        store.append([started(), asked(deadline=time.time() + 3600, default=7)])
    with open_store(kitaru_home) as store:
        deadlines = Deadlines(store._guards.open_executions, store._default_of, store.append)
        deadlines.check()
        assert status_of(store) == "waiting"
        (guard,) = store._guards.open_executions()
        guard.waits["ok"].deadline = time.time() - 1
        deadlines.check()
        assert store.read("execution", exec_id=E1)["waits"][0]["value"] == 7


def test_clocks_that_jump_neither_lose_nor_double_an_answer(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended: list[Batch] = []

    def append(batches: Any) -> Any:
        appended.extend(batches)
        return store.append(batches)

    deadlines = Deadlines(store._guards.open_executions, store._default_of, append)
    start = time.time()
    store.append([started(), asked(deadline=start + 3600, default=1)])
    for jump, answers in ((0, 0), (-86_400, 0), (3599, 0), (3601, 1), (-86_400, 1), (7200, 1)):
        monkeypatch.setattr("kitaru.store.duckdb.deadlines.time.time", lambda jump=jump: start + jump)
        deadlines.check()
        assert len(appended) == answers
    assert "refused" in store.append(appended)[0]


def test_a_deadline_loses_against_an_answer_that_came_first(store: DuckDBStore) -> None:
    store.append([started(), asked(deadline=time.time() + 3600, default=1)])
    overdue = store._deadlines._answer(E1, "ok", time.time())
    store.append([answered(answer="mine")])
    assert "refused" in store.append([overdue])[0]
    assert store.read("execution", exec_id=E1)["waits"][0]["value"] == "mine"
