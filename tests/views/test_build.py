"""What the document says of an execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kitaru
from kitaru.errors import KitaruNotFoundError
from kitaru.views.build import call_view, execution_summary, execution_view, view_of, wait_view
from kitaru.views.model import CallView, ChildView, ExecutionView, GroupView, WaitView
from kitaru.views.record import FOLDING, read_record
from tests.store.database.histories import (
    E1,
    E2,
    claimed,
    completed,
    created,
    failed,
    filled,
    started,
    wait_created,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.client import KitaruClient

    Finished = Callable[..., str]


@kitaru.checkpoint
def double(n: int) -> int:
    print(f"doubling {n}")
    return 2 * n


@kitaru.checkpoint
def fail_on_three(n: int) -> int:
    if n == 3:
        raise ValueError("three is not allowed")
    return n


@kitaru.flow
def doubling(n: int) -> int:
    return double(n)


@kitaru.flow
def fanning_out(n: int) -> list[int]:
    first = double(1)
    return [first, *double.map(range(n)).result()]


@kitaru.flow
def looping(n: int) -> int:
    return sum(double(i) for i in range(n))


@kitaru.flow
def failing(n: int) -> int:
    return sum(fail_on_three(i) for i in range(n))


@kitaru.flow
def parent(n: int) -> int:
    before = double(n)
    child = doubling.run(before).wait()
    return double(child)


@kitaru.flow
def publishing(topic: str) -> str:
    double(1)
    answer = kitaru.wait(schema=bool, question=f"Publish {topic}?", name="publish")
    double(2)
    return f"{topic}: {answer}"


def calls(view: ExecutionView) -> list[CallView]:
    return [row for row in view.rows if isinstance(row, CallView)]


def test_a_finished_execution_has_its_calls_values_and_times(client: KitaruClient, finished: Finished) -> None:
    view = execution_view(client, finished(doubling, 21))
    (call,) = calls(view)
    assert (view.flow, view.status, view.hidden, view.waits) == ("doubling", "completed", 0, [])
    assert (call.name, call.status, call.attempts) == ("double", "completed", 1)
    assert (call.inputs["n"].text, call.output and call.output.text) == ("21", "42")
    assert view.output is not None
    assert view.output.preview["text"] == "42"
    assert view.inputs["n"].text == "21"
    assert view.ended_at is not None
    assert view.started_at is not None
    assert view.ended_at >= view.started_at
    assert (view.totals.calls, view.totals.completed) == (1, 1)


def test_the_beginning_of_an_id_is_enough_and_an_unknown_one_is_told(client: KitaruClient, finished: Finished) -> None:
    exec_id = finished(doubling, 1)
    assert execution_view(client, exec_id[:8]).exec_id == exec_id
    with pytest.raises(KitaruNotFoundError, match="kr-none"):
        execution_view(client, "kr-none")


def test_the_last_lines_of_output_are_told_with_their_call(client: KitaruClient, finished: Finished) -> None:
    (line,) = execution_view(client, finished(doubling, 21)).logs
    assert (line.text, line.call, line.source) == ("doubling 21", "double", "stdout")


def test_a_fan_out_is_one_row_with_a_few_of_its_calls(client: KitaruClient, finished: Finished) -> None:
    view = execution_view(client, finished(fanning_out, 30))
    (row,) = view.rows
    assert isinstance(row, GroupView)
    assert (row.total, row.completed, row.running, row.failed) == (31, 31, 0, 0)
    assert [call.name for call in row.calls] == [f"double_{n}" for n in range(27, 32)]
    assert view.totals.calls == 31


def test_a_few_calls_side_by_side_are_told_one_by_one(client: KitaruClient, finished: Finished) -> None:
    view = execution_view(client, finished(fanning_out, 3))
    assert [row.name for row in calls(view)] == ["double", "double_2", "double_3", "double_4"]


def test_a_long_loop_is_folded_and_a_short_one_is_not(client: KitaruClient, finished: Finished) -> None:
    assert len(execution_view(client, finished(looping, 20)).rows) == 20
    (row,) = execution_view(client, finished(looping, 21)).rows
    assert isinstance(row, GroupView)


def test_a_failure_has_the_users_traceback_and_the_call(client: KitaruClient, finished: Finished) -> None:
    view = execution_view(client, finished(failing, 5))
    assert view.status == "failed"
    assert view.failure is not None
    assert (view.failure.type, view.failure.message) == ("ValueError", "three is not allowed")
    assert "fail_on_three" in view.failure.traceback
    assert "kitaru/runtime" not in view.failure.traceback
    assert view.failed_call == "fail_on_three_4"
    assert calls(view)[-1].failure is not None


def test_a_child_stands_where_it_was_called_with_its_rows(client: KitaruClient, finished: Finished) -> None:
    first, child, last = execution_view(client, finished(parent, 1)).rows
    assert isinstance(first, CallView)
    assert isinstance(child, ChildView)
    assert isinstance(last, CallView)
    assert (child.flow, child.status, child.call, child.calls) == ("doubling", "completed", "doubling", 1)
    assert [row.checkpoint for row in child.rows if isinstance(row, CallView)] == ["double"]


def test_a_question_stands_between_the_calls_and_is_open_until_answered(
    client: KitaruClient, asking: Callable[..., Any]
) -> None:
    handle = asking(publishing, "cats")
    exec_id = handle.exec_id
    view = execution_view(client, exec_id)
    assert view.status == "waiting"
    (wait,) = view.waits
    assert (wait.name, wait.question, wait.status) == ("publish", "Publish cats?", "pending")
    assert wait.json_schema is not None
    assert wait.json_schema["type"] == "boolean"
    client.executions.input(exec_id, True, by="ada")
    handle.wait(60)
    view = execution_view(client, exec_id)
    assert view.waits == []
    kinds = [type(row) for row in view.rows]
    assert kinds == [CallView, WaitView, CallView]
    answered = view.rows[1]
    assert isinstance(answered, WaitView)
    assert (answered.status, answered.answer, answered.answered_by) == ("answered", "true", "ada")


TIMES = ("created_at", "started_at", "ended_at")


def test_what_the_client_returns_and_what_the_store_has_make_the_same_parts(
    client: KitaruClient, asking: Callable[..., Any]
) -> None:
    exec_id = asking(publishing, "dogs").exec_id
    view, execution = execution_view(client, exec_id), client.executions.get(exec_id)
    full = [call_view(call) for call in execution.checkpoints]
    assert [call.name for call in full] == [call.name for call in calls(view)]
    assert full[0].inputs["n"].preview == {"kind": "text", "text": "1"}
    [told], [stored] = [wait_view(wait) for wait in execution.pending_waits], view.waits
    assert told.asked_at == pytest.approx(stored.asked_at, abs=1e-5)  # a datetime has whole microseconds
    assert told.model_copy(update={"asked_at": None}) == stored.model_copy(update={"asked_at": None, "sequence": 0})
    row = client.store.read("executions", limit=1)["items"][0]
    listed, read = execution_summary(client.executions.list(limit=1)[0]), execution_summary(row)
    assert listed.model_dump(exclude=set(TIMES)) == read.model_dump(exclude=TIMES)
    assert [getattr(listed, name) for name in TIMES] == pytest.approx([getattr(read, name) for name in TIMES], abs=1e-5)
    assert execution_summary(row).waiting_for == ["publish"]
    client.executions.cancel(exec_id)


def rows_of(count: int, checkpoint: str = "step") -> list[dict[str, Any]]:
    from kitaru.store.database.rows import CALL

    return [
        dict(CALL, exec_id="kr-1", name=f"{checkpoint}_{n}", checkpoint=f"{checkpoint}{n % 2}", sequence=n,
             status="completed", attempts=1, first_position=n, position=n)
        for n in range(count)
    ]  # fmt: skip


def test_a_long_list_loses_its_middle_and_says_how_much() -> None:
    from kitaru.store.database.rows import EXECUTION
    from kitaru.views.build import view_of
    from kitaru.views.record import Record

    head = dict(EXECUTION, exec_id="kr-1", flow="f", status="running", last_position=1)
    view = view_of(Record(head, rows_of(1_000)))
    assert (len(view.rows), view.hidden) == (100, 900)
    assert [row.sequence for row in view.rows][:2] == [0, 1]
    assert view.rows[-1].sequence == 999
    assert view.totals.calls == 1_000


ENDS = {"completed": completed, "failed": failed}


@st.composite
def manys(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw the events of an execution of a few dozen calls, some of which ask, fail, run on or start another flow."""
    events = [created(), claimed()]
    for number in range(draw(st.integers(1, 40))):
        checkpoint, end = draw(st.sampled_from("aab")), draw(st.sampled_from([*ENDS, "reused", "running"]))
        told = {"sequence": draw(st.integers(0, 40)), "concurrent": draw(st.booleans()), "at": 100.0 + number}
        name = f"{checkpoint}_{number}"
        if draw(st.integers(0, 9)) == 0:
            events.append(wait_created(f"w{number}"))
        if number == 7 and draw(st.booleans()):
            told["type"] = "flow"
            events.append(created(E2, parent_exec_id=E1, parent_call=name))
        begun = started(name, **told)
        events.append({**begun, "kind": "call.reused"} if end == "reused" else begun)
        if end in ENDS:
            events.append(ENDS[end](name, at=120.0 + number))
    return events


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=manys(), rules=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 5), st.integers(1, 12)), max_size=4))
def test_the_store_folds_many_calls_as_views_fold_a_few(
    events: list[dict[str, Any]], rules: list[tuple[int, int, int]]
) -> None:
    database: Any = filled(*events)
    whole = read_record(database, E1)
    for alike, concurrent, most in rules:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {"folded_alike": alike, "folded_concurrent": concurrent, "sample": 3}.items():
                patch.setitem(FOLDING, name, value)
            patch.setattr("kitaru.views.record.MOST_WHOLE", 0)
            outlined = read_record(database, E1, most_rows=most)
            assert (whole.outline, outlined.calls) == (None, [])
            assert document(outlined, most) == document(whole, most)


def document(record: Any, most_rows: int) -> dict[str, Any]:
    return view_of(record, most_rows=most_rows).model_dump(exclude={"at"})


def test_of_many_calls_the_rows_that_are_shown_are_all_that_is_read(
    client: KitaruClient, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    exec_id = finished(fanning_out, 30)
    in_full = execution_view(client, exec_id).model_dump(exclude={"at"})
    monkeypatch.setattr("kitaru.views.record.MOST_WHOLE", 10)
    record = read_record(client.store, exec_id)
    assert record.calls == []
    assert record.outline is not None
    assert [(row["start"], row["total"], len(row["calls"])) for row in record.outline.rows] == [(0, 31, 5)]
    assert execution_view(client, exec_id).model_dump(exclude={"at"}) == in_full
