from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import (
    KitaruCancelledError,
    KitaruConflictError,
    KitaruNotFoundError,
    KitaruStateError,
    KitaruWaitValidationError,
)
from tests.client.flows import approval, report, review

if TYPE_CHECKING:
    from kitaru.client import KitaruClient


def test_an_answer_continues_the_execution(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval, "dogs")
    (pending,) = client.executions.pending_waits()
    assert (pending.exec_id, pending.flow_name, pending.question) == (
        handle.exec_id,
        "approval",
        "Publish notes about dogs?",
    )
    pending.answer(True)
    assert handle.wait(60) == "published notes about dogs"
    assert client.executions.pending_waits(handle.exec_id) == []
    (answered,) = client.executions.get(handle.exec_id).answers
    assert (answered.name, answered.value, answered.source) == ("approve", True, "input")


@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_an_answer_of_the_wrong_type_is_refused_where_it_is_given(
    client: KitaruClient, asking: Any, wrong: Any
) -> None:
    handle = asking(approval)
    with pytest.raises(KitaruWaitValidationError, match="is not of type 'boolean'"):
        client.executions.input(handle.exec_id, wrong)
    client.executions.input(handle.exec_id, False)
    assert handle.wait(60) == "rejected"


def test_a_refused_answer_names_the_place_and_the_rule(client: KitaruClient, asking: Any) -> None:
    handle = asking(review)
    with pytest.raises(KitaruWaitValidationError, match=r"\$\.score: 'high' is not of type 'integer'"):
        client.executions.input(handle.exec_id, {"approved": True, "score": "high"})
    with pytest.raises(KitaruWaitValidationError, match=r"'approved' is missing"):
        client.executions.input(handle.exec_id, {})
    client.executions.input(handle.exec_id, {"approved": True, "score": 3})
    assert handle.wait(60) == "cats: True 3"


def test_the_loser_of_a_race_learns_who_answered_and_when(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval)
    client.executions.input(handle.exec_id, True, by="ada")
    with pytest.raises(KitaruConflictError, match=r"'approve' .* was answered by ada .* UTC"):
        client.executions.input(handle.exec_id, False, wait="approve", by="bob")
    with pytest.raises(KitaruConflictError, match="ada"):
        client.executions.input(handle.exec_id, False)
    assert handle.wait(60).startswith("published")


def test_of_two_answers_at_the_same_time_one_wins(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval)
    results: list[object] = []
    start = threading.Barrier(4)

    def answer() -> None:
        start.wait()
        try:
            results.append(client.executions.input(handle.exec_id, True))
        except KitaruConflictError as error:
            results.append(error)

    threads = [threading.Thread(target=answer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(result, KitaruConflictError) for result in results) == 1
    assert handle.wait(60).startswith("published")


def test_an_answer_where_nothing_was_asked_says_so(client: KitaruClient, finished: Any, asking: Any) -> None:
    with pytest.raises(KitaruStateError, match="waits for no answer"):
        client.executions.input(finished(report), True)
    with pytest.raises(KitaruNotFoundError):
        client.executions.input("kr-000000000000", True)
    handle = asking(approval)
    with pytest.raises(KitaruNotFoundError, match="open are: approve"):
        client.executions.input(handle.exec_id, True, wait="publish")
    client.executions.input(handle.exec_id, False)


def test_an_aborted_question_cancels_the_execution(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval)
    ended = client.executions.abort_wait(handle.exec_id, by="ada")
    assert (ended.status, ended.status_reason) == ("cancelled", "question 'approve' was aborted by ada")
    with pytest.raises(KitaruCancelledError):
        handle.wait(60)
    with pytest.raises(KitaruConflictError, match="aborted by ada"):
        client.executions.abort_wait(handle.exec_id, wait="approve")


def test_a_question_of_a_cancelled_execution_is_answered_and_refused_by_nobody(
    client: KitaruClient, asking: Any
) -> None:
    handle = asking(approval)
    client.executions.cancel(handle.exec_id, "no longer needed")
    for ask in (client.executions.abort_wait, lambda exec_id: client.executions.input(exec_id, True)):
        with pytest.raises(KitaruConflictError, match=r"'approve' .* was aborted"):
            ask(handle.exec_id)
    found = client.executions.get(handle.exec_id)
    assert (found.status, found.status_reason, found.pending_waits) == ("cancelled", "no longer needed", [])


def test_a_process_that_let_go_continues_by_itself_when_the_answer_comes(client: KitaruClient, asking: Any) -> None:
    handle = asking(review, timeout=0)
    watch = client.store.watch(executions=[handle.exec_id], kinds=["execution.completed"])
    with pytest.raises(KitaruStateError, match="waits for an answer"):
        handle.wait(60)
    assert client.executions.get(handle.exec_id).runner is None
    client.executions.input(handle.exec_id, {"approved": False})
    assert next(iter(watch))["kind"] == "execution.completed"
    assert client.executions.get(handle.exec_id).result() == "cats: False 0"
