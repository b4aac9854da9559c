from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client.dry_run import dry_run
from kitaru.errors import KitaruStateError, KitaruUsageError
from kitaru.runtime.checkpoint import checkpoint
from kitaru.runtime.flow import flow
from tests.client.flows import approval, broken, fan_out, report

if TYPE_CHECKING:
    from kitaru.client import KitaruClient

MAYBE = "run if its inputs change"


def actions(exec_id: str, **changes: Any) -> dict[str, str]:
    return {call.name: call.action for call in dry_run(exec_id, **changes).calls}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"research": "reuse", "write": "reuse"}),
        ({"at": "write"}, {"research": "reuse", "write": "run"}),
        ({"at": "research"}, {"research": "run", "write": "run"}),
        ({"flow_overrides": {"topic": "dogs"}}, {"research": MAYBE, "write": MAYBE}),
        ({"flow_overrides": {"topic": "cats"}}, {"research": "reuse", "write": "reuse"}),
        ({"checkpoint_overrides": {"research": {"output": "x"}}}, {"research": "override", "write": MAYBE}),
        ({"checkpoint_overrides": {"write": {"input": {"style": "x"}}}}, {"research": "reuse", "write": "run"}),
        ({"invocation_overrides": {"research": {"code": "builtins.len"}}}, {"research": "run", "write": MAYBE}),
    ],
)
def test_each_call_has_its_verdict(
    client: KitaruClient, finished: Any, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    assert actions(finished(report), **changes) == expected


@pytest.mark.parametrize("at", ["research", "research_3"])
def test_what_is_told_is_what_happens(client: KitaruClient, finished: Any, at: str) -> None:
    source = finished(fan_out, 4)
    told = actions(source, at=at)
    handle = client.executions.replay(source, at=at)
    handle.wait(60)
    happened = {call.name: call.status for call in client.executions.get(handle.exec_id).checkpoints}
    assert {name: "reused" if action == "reuse" else "completed" for name, action in told.items()} == happened


def test_nothing_runs(client: KitaruClient, finished: Any) -> None:
    source = finished(report)
    dry_run(source, at="write")
    assert client.executions.list().total == 1


def test_a_call_that_failed_runs(client: KitaruClient, finished: Any) -> None:
    assert actions(finished(broken)) == {"research": "reuse"}


def test_questions_are_planned_too(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval)
    client.executions.input(handle.exec_id, True)
    handle.wait(60)
    (question,) = dry_run(handle.exec_id).questions
    assert question.action == "reuse"
    (question,) = dry_run(handle.exec_id, answers={"approve": False}).questions
    assert question.action == "given"
    (question,) = dry_run(handle.exec_id, at="research").questions
    assert question.action == "ask"
    assert "approve" in str(dry_run(handle.exec_id))


def test_a_request_without_meaning_is_refused(client: KitaruClient, finished: Any) -> None:
    source = finished(report)
    with pytest.raises(KitaruStateError, match="research, write"):
        dry_run(source, at="nowhere")
    with pytest.raises(KitaruUsageError):
        dry_run(source, checkpoint_overrides={"write": {"colour": 1}})


@checkpoint(cache=False)
def measure(things: Any) -> int:
    return len(things)


@flow
def measuring(things: Any, factor: int = 1) -> int:
    return measure(things) * factor


def test_arguments_that_only_unpickling_could_read_count_as_changed_where_nothing_may_be_read(
    client: KitaruClient, finished: Any
) -> None:
    exec_id = finished(measuring, {"cats"})
    same = {"flow_overrides": {"things": {"cats"}}}
    assert actions(exec_id, **same) == {"measure": "reuse"}
    assert actions(exec_id, **same, read_values=False) == {"measure": MAYBE}
    assert actions(exec_id, flow_overrides={"factor": 1}, read_values=False) == {"measure": "reuse"}
