from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from kitaru.client.models import ExecutionStatus
from kitaru.errors import KitaruNotFoundError, KitaruStateError, KitaruUsageError
from tests.client.flows import broken, fan_out, report, unsteady

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from tests.client.conftest import CountingStore


def test_L27_an_execution_carries_inputs_result_and_code_version(client: KitaruClient, finished: Any) -> None:
    execution = client.executions.get(finished(report, "dogs"))
    assert execution.status is ExecutionStatus.COMPLETED
    assert execution.inputs["topic"].text == "'dogs'"
    assert execution.load_input("topic") == "dogs"
    assert execution.result() == "short text from notes about dogs"
    assert execution.snapshot_id
    first, second = execution.checkpoints
    assert (first.name, second.name) == ("research", "write")
    assert first.inputs["topic"].text == "'dogs'"
    assert second.inputs["style"].preview["value"] == "short"
    assert second.load() == "short text from notes about dogs"


def test_parts_that_are_made_without_validation_are_valid_and_as_frozen_as_others(
    client: KitaruClient, finished: Any
) -> None:
    execution = client.executions.get(finished(unsteady))
    (call,) = execution.checkpoints
    assert [attempt.status for attempt in call.attempts] == ["failed", "completed"]
    parts = [call, *call.attempts, *call.inputs.values(), *execution.artifacts, *execution.inputs.values()]
    assert len(parts) == 8
    for part in parts:
        dumped = part.model_dump()
        again = type(part).model_validate(dumped, strict=True)
        assert again.model_dump() == dumped
        assert again.model_fields_set == part.model_fields_set
        with pytest.raises(ValidationError, match="frozen"):
            part.__setattr__(next(iter(dumped)), "other")
    assert call.model_copy() == call
    assert json.loads(execution.model_dump_json())["checkpoints"][0]["output"]["text"] == "'12'"


def test_times_are_aware_and_in_utc(client: KitaruClient, finished: Any) -> None:
    execution = client.executions.get(finished(report))
    assert execution.started_at is not None
    assert execution.started_at.tzinfo is UTC
    assert abs((datetime.now(UTC) - execution.started_at).total_seconds()) < 60
    assert execution.checkpoints[0].attempts[0].ended_at is not None


@pytest.mark.parametrize("width", [1, 25])
def test_L26_an_execution_is_one_request_however_many_calls_it_has(
    client: KitaruClient, finished: Any, counted: CountingStore, width: int
) -> None:
    exec_id = finished(fan_out, width)
    counted.asked.clear()
    execution = client.executions.get(exec_id)
    assert len(execution.checkpoints) == width
    assert len(execution.artifacts) == width
    assert counted.asked == ["execution"]


def test_L26_a_list_is_one_request(client: KitaruClient, finished: Any, counted: CountingStore) -> None:
    for _ in range(3):
        finished(fan_out, 2)
    counted.asked.clear()
    assert len(client.executions.list()) == 3
    assert counted.asked == ["executions"]


def test_an_id_may_be_given_by_its_beginning(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(report)
    assert client.executions.get(exec_id[:9]).exec_id == exec_id
    assert client.executions.get(exec_id.removeprefix("kr-")[:6]).exec_id == exec_id


def test_an_id_that_is_too_short_or_unknown_says_what_to_do(client: KitaruClient) -> None:
    with pytest.raises(KitaruUsageError, match="four or more characters"):
        client.executions.get("kr-ab")
    with pytest.raises(KitaruNotFoundError, match="kitaru executions list"):
        client.executions.get("abcdef")
    with pytest.raises(LookupError, match="kr-000000000000"):
        client.executions.get("kr-000000000000")


def test_an_ambiguous_beginning_lists_the_executions(client: KitaruClient) -> None:
    created: Any = [
        {"kind": "execution.created", "at": 0.0, "exec_id": f"kr-samesame000{n}", "body": {"flow": "f"}} for n in "12"
    ]
    client.store.append([{"events": created}])
    with pytest.raises(KitaruStateError, match=r"kr-samesame0002.*kr-samesame0001|kr-samesame0001.*kr-samesame0002"):
        client.executions.get("samesame")
    assert client.executions.get("kr-samesame0001").flow_name == "f"


def test_L26_lists_are_filtered_by_flow_status_time_text_and_original(client: KitaruClient, finished: Any) -> None:
    good, bad = finished(report, "zebra"), finished(broken, "zebra")
    replayed = client.executions.replay(good)
    replayed.wait(60)
    listing = client.executions.list
    assert [one.exec_id for one in listing(flow="broken")] == [bad]
    assert [one.exec_id for one in listing(status="failed")] == [bad]
    assert listing(status=["failed", ExecutionStatus.COMPLETED]).total == 3
    assert [one.exec_id for one in listing(text="zebra")] == [bad]  # in the failure's message
    assert [one.exec_id for one in listing(original=good)] == [replayed.exec_id]
    assert listing(since=timedelta(hours=1)).total == 3
    assert listing(since="1h", until=datetime.now(UTC) + timedelta(days=1)).total == 3
    assert listing(until="2001-01-01").total == 0
    assert [one.exec_id for one in listing(order="started_at")] == [good, bad, replayed.exec_id]


def test_lists_come_in_pages_that_know_the_total(client: KitaruClient, finished: Any) -> None:
    ids = [finished(report) for _ in range(3)]
    first, second = client.executions.list(page=1, size=2), client.executions.list(page=2, size=2)
    assert [one.exec_id for one in (*first, *second)] == ids[::-1]
    assert (first.total, first.has_more, second.has_more) == (3, True, False)
    assert client.executions.list(limit=1, offset=1)[0].exec_id == ids[1]


@pytest.mark.parametrize(
    "wrong", [{"status": "done"}, {"since": "soon"}, {"order": "mood"}, {"page": 0}, {"limit": 0}, {"size": True}]
)
def test_a_filter_without_meaning_is_a_usage_error(client: KitaruClient, wrong: dict[str, Any]) -> None:
    with pytest.raises(KitaruUsageError):
        client.executions.list(**wrong)


def test_the_latest_execution_is_the_newest_one(client: KitaruClient, finished: Any) -> None:
    finished(report)
    newest = finished(broken)
    assert client.executions.latest().exec_id == newest
    assert client.executions.latest(flow="report").flow_name == "report"
    with pytest.raises(LookupError, match="of flow 'nothing'"):
        client.executions.latest(flow="nothing")


def test_a_summary_reads_the_rest_when_it_is_asked_for_it(client: KitaruClient, finished: Any) -> None:
    finished(report)
    (summary,) = client.executions.list()
    assert summary.checkpoints == []
    assert [call.name for call in summary.list_checkpoints()] == ["research", "write"]
    assert summary.result() == "short text from notes about cats"
    assert summary.load_input("style") == "short"
    assert len(summary.list_artifacts()) == 2


def test_a_failed_execution_says_why_and_has_no_result(client: KitaruClient, finished: Any) -> None:
    execution = client.executions.get(finished(broken, "dogs"))
    assert execution.failure is not None
    assert execution.failure.exception_type == "KeyError"
    assert "raise KeyError(topic)" in execution.failure.traceback
    with pytest.raises(KitaruStateError, match="failed"):
        execution.result()
    with pytest.raises(KitaruNotFoundError, match="topic"):
        execution.load_input("colour")
    with pytest.raises(KitaruNotFoundError, match="research"):
        execution.call("write")


def test_L24_statistics_group_by_name_with_percentiles_and_by_checkpoint(client: KitaruClient, finished: Any) -> None:
    for _ in range(2):
        finished(report)
    finished(broken)
    groups = {group.keys["flow"]: group for group in client.executions.statistics(group_by="flow").groups}
    assert (groups["report"].execution_count, groups["broken"].failed) == (2, 1)
    assert groups["report"].duration.p99 is not None
    calls = client.executions.statistics(group_by="checkpoint").groups
    assert {group.keys["checkpoint"]: group.execution_count for group in calls} == {"research": 3, "write": 2}
    (day,) = client.executions.statistics(group_by=["time:day"], since="1h").groups
    assert day.keys["time:day"].tzinfo is UTC
    assert client.executions.statistics(flow="no-such-flow", group_by="flow").groups == []


def test_a_deleted_execution_is_gone(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(report)
    client.executions.delete(exec_id)
    with pytest.raises(KitaruNotFoundError):
        client.executions.get(exec_id)
    with pytest.raises(KitaruNotFoundError):
        client.executions.delete(exec_id)


def test_an_execution_that_waits_is_not_deleted(client: KitaruClient, asking: Any) -> None:
    from tests.client.flows import approval

    handle = asking(approval)
    with pytest.raises(KitaruStateError, match="cancel"):
        client.executions.delete(handle.exec_id)
    assert client.executions.cancel(handle.exec_id, "enough").status == "cancelled"
    client.executions.delete(handle.exec_id)


def test_a_failed_execution_is_retried_where_it_failed(client: KitaruClient, finished: Any) -> None:
    from kitaru.errors import KitaruUserCodeError

    exec_id = finished(broken)
    with pytest.raises(KitaruUserCodeError):
        client.executions.retry(exec_id).wait(60)
    (call,) = client.executions.get(exec_id).checkpoints
    assert len(call.attempts) == 1


def test_models_are_frozen_and_turn_into_json(client: KitaruClient, finished: Any) -> None:
    execution = client.executions.get(finished(report))
    with pytest.raises(ValueError, match="frozen"):
        execution.status = ExecutionStatus.FAILED  # type: ignore[misc]
    assert execution.model_dump(mode="json")["checkpoints"][0]["name"] == "research"
    assert repr(execution) == f"<execution {execution.exec_id} of report: completed>"
