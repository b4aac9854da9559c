"""Schedules: invoked when they are due, once, and made up for as asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.store.duckdb import DuckDBStore
from kitaru.store.service.activity import reason_to_stay
from kitaru.store.service.scheduling import MOST_MISSED, Scheduling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGIN = 1_800_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    with DuckDBStore(tmp_path / "home") as opened:
        parameters = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
        deployed = {
            "flow": "f", "version": 1, "snapshot_id": "s", "parameters": parameters, "interpreter": "/none",
            "cwd": "/", "import_path": "", "stack": "local", "settings": {"stack": "local"},
        }  # fmt: skip
        tagged = {"flow": "f", "version": 1, "tag": "default", "exclusive": True}
        write(opened, "deployment.created", deployed)
        write(opened, "deployment.tagged", tagged)
        yield opened


def write(store: DuckDBStore, kind: str, body: dict[str, Any], at: float = BEGIN) -> dict[str, Any]:
    (ack,) = store.append([{"events": [{"kind": kind, "at": at, "exec_id": "", "body": body}]}])
    return dict(ack)


def create(store: DuckDBStore, name: str = "s", *, at: float = BEGIN, **body: Any) -> dict[str, Any]:
    told = {"schedule": name, "flow": "f", "inputs": {"n": 1}, "every": 60.0, "timezone": "UTC", "missed": "latest"}
    return write(store, "schedule.created", told | body, at)


def invoked(store: DuckDBStore) -> list[str]:
    found = store.read("executions", flow="f", order="created_at", limit=500)["items"]
    return [row["exec_id"] for row in found]


def turn(store: DuckDBStore, now: float) -> float:
    scheduling = Scheduling(store)
    try:
        return scheduling.turn(now)
    finally:
        scheduling.close()


def test_nothing_is_invoked_before_its_time_and_one_run_after_it(store: DuckDBStore) -> None:
    create(store)
    assert turn(store, BEGIN + 50) == 10.0
    assert invoked(store) == []
    turn(store, BEGIN + 60)
    (exec_id,) = invoked(store)
    turn(store, BEGIN + 61)
    assert invoked(store) == [exec_id]
    row = store.read("schedule", name="s")
    assert (row["last_due"], row["last_exec_id"], row["last_error"]) == (BEGIN + 60, exec_id, None)
    head = store.read("head", exec_id=exec_id)["execution"]
    assert (head["status"], head["deployment_version"]) == ("pending", 1)
    assert (head["invoked_by"], head["invoked_via"]) == ("s", "schedule")
    assert head["inputs"]["n"]["inline"] == 1


def test_a_service_that_dies_between_the_run_and_its_record_runs_it_once(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(store)
    with monkeypatch.context() as patch:
        patch.setattr(Scheduling, "_record", lambda *_: None)
        turn(store, BEGIN + 60)
    turn(store, BEGIN + 61)
    assert len(invoked(store)) == 1


@pytest.mark.parametrize(("missed", "runs"), [("latest", 1), ("all", 5), ("skip", 0)])
def test_what_was_missed_is_made_up_for_as_the_schedule_says(store: DuckDBStore, missed: str, runs: int) -> None:
    create(store, missed=missed, every=3600.0)
    turn(store, BEGIN + 5 * 3600 + 1800)
    assert len(invoked(store)) == runs
    row = store.read("schedule", name="s")
    assert row["last_due"] == BEGIN + 5 * 3600
    assert bool(row["last_error"]) == (missed == "skip")


def test_no_more_is_made_up_for_than_is_sensible(store: DuckDBStore) -> None:
    create(store, missed="all", every=1.0)
    turn(store, BEGIN + 1_000)
    assert len(invoked(store)) == MOST_MISSED


def test_a_paused_schedule_rests_and_makes_up_for_nothing(store: DuckDBStore) -> None:
    create(store, missed="all")
    write(store, "schedule.paused", {"schedule": "s", "paused": True})
    turn(store, BEGIN + 300)
    assert invoked(store) == []
    assert reason_to_stay(store) is None
    write(store, "schedule.paused", {"schedule": "s", "paused": False}, at=BEGIN + 301)
    turn(store, BEGIN + 330)
    assert invoked(store) == []
    turn(store, BEGIN + 360)
    assert len(invoked(store)) == 1


def test_the_service_stays_for_a_schedule(store: DuckDBStore) -> None:
    create(store, "nightly")
    assert reason_to_stay(store) == "schedule nightly is to be kept"


def test_what_cannot_be_invoked_is_told_and_tried_at_the_next_time(store: DuckDBStore) -> None:
    create(store, inputs={"n": "x"})
    turn(store, BEGIN + 60)
    row = store.read("schedule", name="s")
    assert "$.n: 'x' is not of type 'integer'" in row["last_error"]
    assert (row["last_exec_id"], row["last_due"], invoked(store)) == (None, BEGIN + 60, [])


def test_a_name_is_given_once_and_is_free_after_a_deletion(store: DuckDBStore, tmp_path: Path) -> None:
    create(store)
    assert "There is a schedule s already" in create(store)["refused"]["message"]
    store.close()
    with DuckDBStore(tmp_path / "home") as again:
        assert create(again)["refused"]["code"] == "conflict"
        write(again, "schedule.deleted", {"schedule": "s"})
        assert write(again, "schedule.deleted", {"schedule": "s"})["refused"]["code"] == "missing"
        assert again.read("schedules") == []
        assert "refused" not in create(again)


def test_a_schedule_is_noticed_by_a_service_that_runs(store: DuckDBStore) -> None:
    scheduling = Scheduling(store)
    scheduling.start()
    watch = store.watch(kinds=["schedule.fired"])
    try:
        create(store, every=3600.0, at=time.time() - 3601)
        fired = next(iter(watch))
    finally:
        watch.close()
        scheduling.close()
    assert fired["body"]["exec_id"] == invoked(store)[0]
