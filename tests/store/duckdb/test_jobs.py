"""Jobs in the store: one process has each, and a job whose process dies is queued again."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruUsageError
from kitaru.store.duckdb.liveness import MOST_ATTEMPTS
from kitaru.store.jobs.posting import job_created
from kitaru.store.runner import process_start, runner_identity
from tests.store.duckdb.store_events import E1, E2, ended, event, open_store, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru.store.duckdb import DuckDBStore
    from kitaru.store.events import Runner
    from kitaru.store.protocol import Batch

J = "kj-1"


@pytest.fixture
def store(kitaru_home: Path) -> Iterator[DuckDBStore]:
    with open_store(kitaru_home) as store:
        store.append([started(), started(E2)])
        yield store


def posted(job_id: str = J, exec_id: str = E1, kind: str = "retry", **more: Any) -> Batch:
    return {"events": [job_created(exec_id, job_id, kind, **more)]}


def of_job(kind: str, job_id: str = J, exec_id: str = E1, **body: Any) -> Batch:
    return {"events": [event(f"job.{kind}", exec_id, body={"job_id": job_id, **body})]}


def claim(attempt: int = 1, runner: Runner | None = None, **more: Any) -> Batch:
    return of_job("claimed", attempt=attempt, runner=runner or runner_identity(), worker="w", **more)


def verdicts(store: DuckDBStore, *batches: Batch) -> list[str]:
    return [ack.get("refused", {"code": "accepted"})["code"] for ack in store.append(batches)]


def job(store: DuckDBStore, job_id: str = J) -> dict[str, Any]:
    row: dict[str, Any] = store.read("job", job_id=job_id)
    return row


def test_of_two_workers_that_take_a_job_one_gets_it(store: DuckDBStore) -> None:
    assert verdicts(store, posted(), claim(), claim()) == ["accepted", "accepted", "conflict"]
    assert (job(store)["status"], job(store)["attempts"], job(store)["worker"]) == ("running", 1, "w")


def test_a_job_is_asked_for_once(store: DuckDBStore) -> None:
    assert verdicts(store, posted(), posted()) == ["accepted", "conflict"]


def test_who_lost_a_job_has_no_say_in_it_any_more(store: DuckDBStore) -> None:
    over = of_job("ended", attempt=1, outcome="completed")
    assert verdicts(store, posted(), claim(), of_job("released", attempt=1), over) == [*["accepted"] * 3, "stale"]
    assert verdicts(store, claim(2), over) == ["accepted", "stale"]
    assert verdicts(store, of_job("ended", attempt=2, outcome="completed")) == ["accepted"]
    assert (job(store)["status"], job(store)["attempts"]) == ("completed", 2)


def test_a_job_that_has_ended_or_was_cancelled_is_not_taken(store: DuckDBStore) -> None:
    assert verdicts(store, posted(), of_job("cancelled"), claim(), of_job("cancelled")) == [
        "accepted",
        "accepted",
        "conflict",
        "conflict",
    ]


def test_a_cancelled_execution_takes_its_jobs_along_but_not_those_that_replay_it(store: DuckDBStore) -> None:
    store.append([posted(), posted("kj-2", kind="replay", target="kr-new")])
    store.append([{"events": [event("execution.cancelled", body={"reason": "enough"})]}])
    assert [job(store, name)["status"] for name in (J, "kj-2")] == ["cancelled", "queued"]
    assert verdicts(store, claim()) == ["conflict"]


def test_jobs_about_an_execution_that_has_ended_are_known_after_a_restart(
    store: DuckDBStore, kitaru_home: Path
) -> None:
    store.append([ended(), posted(kind="replay", target="kr-new")])
    store.close()
    with open_store(kitaru_home) as again:
        assert verdicts(again, claim(), claim()) == ["accepted", "conflict"]
        assert [row["job_id"] for row in again.read("jobs", exec_id="kr-new")["items"]] == [J]


def test_deleting_an_execution_deletes_its_jobs(store: DuckDBStore) -> None:
    store.append([posted(), posted("kj-2", E2), ended()])
    store.append([{"events": [event("execution.deleted", body={"by": "me"})]}])
    assert [row["job_id"] for row in store.read("jobs")["items"]] == ["kj-2"]
    assert verdicts(store, claim()) == ["missing"]


@pytest.fixture
def dead() -> Runner:
    """A process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    runner: Any = {**runner_identity(), "runner_id": "dead", "pid": process.pid}
    runner["started"] = process_start(process.pid)
    process.communicate(b"\n")
    return runner  # type: ignore[no-any-return]


def test_a_job_whose_process_died_is_queued_again(store: DuckDBStore, dead: Runner) -> None:
    store.append([posted(), claim(runner=dead)])
    store._reaper.check()
    assert (job(store)["status"], job(store)["runner"]) == ("queued", None)
    assert f"process {dead['pid']}" in job(store)["reason"]
    assert verdicts(store, claim(2)) == ["accepted"]


def test_a_job_that_kills_its_process_again_and_again_is_given_up(store: DuckDBStore, dead: Runner) -> None:
    store.append([posted()])
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert verdicts(store, claim(attempt, runner=dead)) == ["accepted"]
        store._reaper.check()
    assert job(store)["status"] == "failed"
    assert f"begun {MOST_ATTEMPTS} times" in job(store)["error"]["message"]


def test_an_invocation_that_never_began_fails_with_its_job(store: DuckDBStore, dead: Runner) -> None:
    created = event("execution.created", "kr-invoked", body={"flow": "f", "inputs": {}})
    store.append([{"events": [created, job_created("kr-invoked", J, "invoke")]}])
    for attempt in range(1, MOST_ATTEMPTS + 1):
        store.append([of_job("claimed", exec_id="kr-invoked", attempt=attempt, runner=dead)])
        store._reaper.check()
    execution = store.read("head", exec_id="kr-invoked")["execution"]
    assert (execution["status"], "each time its process died" in execution["failure"]["message"]) == ("failed", True)


def test_an_event_of_a_job_must_name_the_job(store: DuckDBStore) -> None:
    with pytest.raises(KitaruUsageError, match="job_id"):
        store.append([{"events": [event("job.claimed", body={"attempt": 1})]}])


def test_jobs_are_asked_for_in_sql_without_what_was_passed_along(store: DuckDBStore) -> None:
    import pyarrow as pa

    store.append([ended(), posted(kind="replay", target="kr-new", changes={"flow_overrides": {"key": "secret"}})])
    with pa.ipc.open_stream(store.sql("SELECT * FROM jobs")) as stream:
        (row,) = stream.read_all().to_pylist()
    assert (row["kind"], row["status"], row["exec_id"], row["original_exec_id"]) == ("replay", "queued", "kr-new", E1)
    assert "secret" not in str(row)
    with pa.ipc.open_stream(store.sql("SELECT body FROM events WHERE kind = 'job.created'")) as stream:
        assert "secret" not in str(stream.read_all().to_pylist())
