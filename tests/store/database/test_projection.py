"""What each kind of event does to an execution, its calls and its waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.store.database.histories import (
    E1,
    E2,
    answered,
    apply,
    attempt_failed,
    claimed,
    completed,
    created,
    event,
    failed,
    failure,
    filled,
    reused,
    started,
    value,
    wait_created,
)

if TYPE_CHECKING:
    from kitaru.store.database import Database


def status(database: Database, exec_id: str = E1) -> str:
    guard = database.guard_state(exec_id)
    assert guard is not None
    return str(guard["status"])


def calls(database: Database, exec_id: str = E1) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = database.read("execution", exec_id=exec_id)["calls"]
    return found


def own_row(database: Database) -> dict[str, Any]:
    row: dict[str, Any] = database.read("execution", exec_id=E1)["execution"]
    return row


def test_an_execution_is_pending_until_a_runner_claims_it() -> None:
    database = filled(created())
    assert (status(database), own_row(database)["started_at"]) == ("pending", None)
    apply(database, claimed(at=105.0))
    row = own_row(database)
    assert (row["status"], row["started_at"], row["epoch"]) == ("running", 105.0, 1)
    assert row["runner"] == {"runner_id": "r1"}


@pytest.mark.parametrize(
    ("kind", "body", "ended"),
    [("completed", {"output": value()}, True), ("failed", {"failure": failure(), "call": "a"}, True),
     ("cancelled", {"reason": "enough"}, True), ("interrupted", {"reason": "kernel died"}, False)],
)  # fmt: skip
def test_an_execution_that_stops_has_no_runner(kind: str, body: dict[str, Any], ended: bool) -> None:
    database = filled(created(), claimed(), event(f"execution.{kind}", at=130.0, **body))
    row = own_row(database)
    assert (row["status"], row["runner"]) == (kind, None)
    assert row["ended_at"] == (130.0 if ended else None)
    assert row["duration"] == (30.0 if ended else None)
    assert [guard["exec_id"] for guard in database.open_state()] == ([] if ended else [E1])


def test_a_failed_execution_that_is_claimed_again_runs_as_if_it_had_not_failed() -> None:
    database = filled(created(), claimed(), event("execution.failed", at=130.0, failure=failure(), call="a"))
    apply(database, claimed(epoch=2, at=200.0))
    row = own_row(database)
    assert (row["status"], row["epoch"], row["failure"], row["failed_call"], row["ended_at"]) == (
        "running", 2, None, None, None,
    )  # fmt: skip
    assert row["started_at"] == 100.0
    apply(database, event("execution.completed", at=230.0, output=value()))
    assert database.read("executions")["total"] == 1
    assert status(database) == "completed"


def test_retried_attempts_belong_to_one_call() -> None:
    database = filled(
        created(), claimed(), started("flaky"), attempt_failed("flaky", message="1"),
        started("flaky", at=102.0), attempt_failed("flaky", at=103.0, message="2"),
        started("flaky", at=104.0), completed("flaky", at=105.0),
    )  # fmt: skip
    (call,) = calls(database)
    assert (call["status"], call["attempt_count"], call["started_at"], call["ended_at"]) == (
        "completed",
        3,
        100.0,
        105.0,
    )
    seen = [(a["attempt"], a["status"], a["failure"] and a["failure"]["message"]) for a in call["attempts"]]
    assert seen == [(1, "failed", "1"), (2, "failed", "2"), (3, "completed", None)]
    assert [a["started_at"] for a in call["attempts"]] == [100.0, 102.0, 104.0]
    assert own_row(database)["calls"] == 1


def test_the_attempts_of_a_running_call_are_seen_while_it_runs() -> None:
    database = filled(created(), claimed(), started("flaky"), attempt_failed("flaky"))
    (call,) = calls(database)
    assert (call["status"], [a["status"] for a in call["attempts"]]) == ("running", ["failed"])
    apply(database, started("flaky"))
    (call,) = calls(database)
    assert [a["status"] for a in call["attempts"]] == ["failed", "running"]


def test_a_failed_call_that_a_retry_runs_again_keeps_its_attempts_and_counts_on() -> None:
    database = filled(created(), claimed(), started("a"), failed("a"), event("execution.failed", failure=failure()))
    assert own_row(database)["failed"] == 1
    apply(database, claimed(epoch=2), started("a", at=200.0))
    assert [(a["attempt"], a["status"]) for a in calls(database)[0]["attempts"]] == [(1, "failed"), (2, "running")]
    apply(database, completed("a", at=201.0), event("execution.completed", output=value()))
    (call,) = calls(database)
    assert (call["status"], call["attempt_count"], call["failure"]) == ("completed", 2, None)
    assert [(a["attempt"], a["status"]) for a in call["attempts"]] == [(1, "failed"), (2, "completed")]
    row = own_row(database)
    assert (row["calls"], row["failed"]) == (1, 0)


def test_the_open_calls_of_an_interrupted_execution_are_interrupted() -> None:
    database = filled(created(), claimed(), started("a"), completed("a"), started("b"))
    apply(database, event("execution.interrupted", at=150.0, reason="kernel died"))
    assert [(call["name"], call["status"]) for call in calls(database)] == [("a", "completed"), ("b", "interrupted")]
    apply(database, claimed(epoch=2), started("b", at=160.0), completed("b", at=161.0))
    b = calls(database)[1]
    assert [(a["attempt"], a["status"], a["ended_at"]) for a in b["attempts"]] == [
        (1, "interrupted", 150.0), (2, "completed", 161.0),
    ]  # fmt: skip


def test_a_claim_that_takes_over_interrupts_what_the_old_runner_had_begun() -> None:
    database = filled(created(), claimed(), started("a"), claimed(epoch=2))
    assert calls(database)[0]["status"] == "interrupted"


def test_the_open_calls_of_a_cancelled_execution_are_cancelled_and_its_waits_aborted() -> None:
    database = filled(created(), claimed(), started("a"), wait_created(), event("execution.cancelled", reason="r"))
    whole = database.read("execution", exec_id=E1)
    assert [call["status"] for call in whole["calls"]] == ["cancelled"]
    assert [wait["status"] for wait in whole["waits"]] == ["aborted"]
    assert whole["execution"]["waits_pending"] == []


def test_an_outcome_that_arrives_after_its_execution_failed_is_kept() -> None:
    database = filled(created(), claimed(), started("slow"), event("execution.failed", failure=failure()))
    assert calls(database)[0]["status"] == "interrupted"
    apply(database, completed("slow"))
    assert (calls(database)[0]["status"], status(database)) == ("completed", "failed")
    assert len(database.read("history", exec_id=E1)["calls"]) == 1


def test_a_start_that_arrives_after_its_execution_ended_is_no_running_call() -> None:
    database = filled(created(), claimed(), event("execution.failed", failure=failure()), started("late"))
    assert [call["status"] for call in calls(database)] == ["interrupted"]


def test_a_reused_call_says_from_where_and_has_no_attempt() -> None:
    database = filled(created(), claimed(), reused("a"))
    (call,) = calls(database)
    assert (call["status"], call["attempts"], call["attempt_count"]) == ("reused", [], 0)
    assert (call["source_exec_id"], call["source_call"], call["reason"]) == (E2, "a", "cache")
    assert own_row(database)["reused"] == 1


def test_a_call_may_change_from_reused_to_run_and_the_counts_follow() -> None:
    database = filled(created(), claimed(), reused("a"), started("a"), failed("a"))
    row = own_row(database)
    assert (row["calls"], row["reused"], row["failed"]) == (1, 0, 1)


def test_metadata_of_one_key_is_merged_if_both_are_dicts_and_replaced_otherwise() -> None:
    database = filled(created(metadata={"team": "a"}), claimed(), started("a"))
    apply(database, event("execution.logged", metadata={"d": {"p": 1, "x": {"y": 1}}, "k": 1}))
    apply(database, event("execution.logged", metadata={"d": {"q": 2, "x": {"z": 1}}, "k": {"now": "dict"}}))
    assert own_row(database)["metadata"] == {"team": "a", "d": {"p": 1, "q": 2, "x": {"z": 1}}, "k": {"now": "dict"}}
    apply(database, event("call.logged", E1, "a", metadata={"m": 1}), completed("a"))
    apply(database, event("call.logged", E1, "a", metadata={"n": 2}))
    assert calls(database)[0]["metadata"] == {"m": 1, "n": 2}


def test_a_question_makes_the_execution_wait_and_its_answer_makes_it_run() -> None:
    database = filled(created(), claimed(), wait_created(deadline=500.0))
    guard = database.guard_state(E1)
    assert guard is not None
    assert (guard["status"], guard["waits_pending"], guard["deadlines"]) == ("waiting", ["approve"], {"approve": 500.0})
    assert database.open_state() == [guard]
    apply(database, answered(content={"yes": True}))
    assert status(database) == "running"
    (wait,) = database.read("execution", exec_id=E1)["waits"]
    assert (wait["status"], wait["value"], wait["by"], wait["source"]) == ("answered", {"yes": True}, "me", "input")


def test_with_two_questions_the_execution_waits_for_both() -> None:
    database = filled(created(), claimed(), wait_created("a"), wait_created("b"), answered("a"))
    assert status(database) == "waiting"
    apply(database, event("wait.aborted", wait="b", by="me"))
    assert status(database) == "running"


def test_an_answer_to_an_execution_that_nobody_runs_leaves_it_waiting_for_a_runner() -> None:
    database = filled(created(), claimed(), wait_created(), event("execution.suspended", wait="approve"), answered())
    guard = database.guard_state(E1)
    assert guard is not None
    assert (guard["status"], guard["runner"], guard["waits_pending"]) == ("waiting", None, [])
    apply(database, claimed(epoch=2))
    assert status(database) == "running"


def test_a_question_that_another_runner_asks_again_is_still_one_question() -> None:
    database = filled(created(), claimed(), wait_created(), event("execution.suspended", wait="approve"))
    apply(database, claimed(epoch=2), wait_created())
    assert len(database.read("waits")) == 1
    apply(database, answered(), event("execution.failed", failure=failure()))
    apply(database, claimed(epoch=3), wait_created())
    assert [wait["status"] for wait in database.read("waits", exec_id=E1, status=None)] == ["pending"]


def test_a_null_answer_is_an_answer() -> None:
    database = filled(created(), claimed(), wait_created(), answered(content=None))
    (wait,) = database.read("waits", status="answered")
    assert (wait["status"], wait["value"]) == ("answered", None)


def test_values_that_are_saved_under_one_name_get_numbers() -> None:
    saved = event("artifact.saved", E1, "a", name="plot", value=value(), tags=["x"])
    flow_saved = {**saved, "call": None}
    database = filled(created(), claimed(), started("a"), saved, saved, flow_saved)
    apply(database, saved)
    ids = [row["artifact_id"] for row in database.read("artifacts", exec_id=E1)]
    assert ids == [f"{E1}/a/plot", f"{E1}/a/plot~2", f"{E1}/@flow/plot", f"{E1}/a/plot~3"]


def test_a_saved_value_called_output_is_not_mistaken_for_the_output_of_its_call() -> None:
    saved = event("artifact.saved", E1, "a", name="output", value=value("saved"))
    database = filled(created(), claimed(), started("a"), saved, completed("a", output=value("returned")))
    found = {row["artifact_id"]: row["value"]["inline"] for row in database.read("artifacts", exec_id=E1)}
    assert found == {f"{E1}/a/output": "returned", f"{E1}/a/output~2": "saved"}


def test_a_snapshot_is_kept_once() -> None:
    snapshot = event("snapshot.recorded", "", snapshot_id="s1", flow="f", source="x = 1", code=value(), notes=["n"])
    database = filled(snapshot, snapshot)
    apply(database, snapshot)
    (row,) = database.read("snapshots", flow="f")
    assert (row["snapshot_id"], row["notes"]) == ("s1", ["n"])
    assert "code" not in row
    assert database.read("snapshot", snapshot_id="s1")["source"] == "x = 1"


def test_the_last_progress_of_a_call_is_on_its_row_and_all_are_events() -> None:
    report = [event("progress", E1, "a", message=f"{n}", percent=n / 2) for n in range(3)]
    database = filled(created(), claimed(), started("a"), *report)
    assert calls(database)[0]["progress"]["message"] == "2"
    assert len(database.read("events", exec_id=E1, kinds=["progress"])) == 3
