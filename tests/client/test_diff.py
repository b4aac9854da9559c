from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.client.diff import diff, text_diff
from tests.client.flows import fan_out, report

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from tests.client.conftest import CountingStore


def replayed(client: KitaruClient, exec_id: str, **changes: Any) -> str:
    handle = client.executions.replay(exec_id, **changes)
    handle.wait(60)
    return str(handle.exec_id)


def test_L23_a_changed_argument_is_shown_before_and_after(client: KitaruClient, finished: Any) -> None:
    original = finished(report)
    other = replayed(client, original, checkpoint_overrides={"write": {"input": {"style": "long"}}})
    (compared,) = diff(original, other).compared
    research, write = compared.calls
    assert research.is_same
    assert (research.ran, research.other_status) == (False, "reused")
    assert research.why
    (change,) = write.inputs
    assert (change.name, change.before, change.after) == ("style", "'short'", "'long'")
    assert write.ran
    assert write.output is not None
    assert write.output.text_diff == ["-short text from notes about cats", "+long text from notes about cats"]
    assert compared.output is not None
    assert [call.name for call in compared.changed] == ["write"]


def test_L23_without_others_all_replays_are_compared(client: KitaruClient, finished: Any) -> None:
    original = finished(report)
    replays = [replayed(client, original) for _ in range(2)]
    finished(report)
    assert [one.exec_id for one in client.diff(original).compared] == replays
    assert "nothing" in str(client.diff(replays[0]))


def test_L23_two_executions_take_two_reads_and_no_values(
    client: KitaruClient, finished: Any, counted: CountingStore
) -> None:
    original, other = finished(fan_out, 10), finished(fan_out, 10)
    counted.asked.clear()
    assert diff(original, other).compared[0].changed == []
    assert counted.asked == ["execution", "execution"]


def test_calls_of_one_side_only_are_told(client: KitaruClient, finished: Any) -> None:
    short, long = finished(fan_out, 1), finished(fan_out, 2)
    (compared,) = diff(short, long).compared
    assert [(call.name, call.original_call_id is None) for call in compared.calls] == [
        ("research", False),
        ("research_2", True),
    ]
    (compared,) = diff(long, short).compared
    assert compared.calls[1].other_call_id is None
    assert "only in the original" in str(compared)


def test_the_report_is_readable(client: KitaruClient, finished: Any) -> None:
    original = finished(report)
    other = replayed(client, original, flow_overrides={"topic": "dogs"})
    text = str(diff(original, other))
    assert f"{original} of report compared with" in text
    assert "input topic: 'cats' → 'dogs'" in text
    assert "≠ write: ran" in text


def test_values_are_read_on_request(client: KitaruClient, finished: Any) -> None:
    original, other = finished(fan_out, 2), finished(fan_out, 3)
    (compared,) = diff(original, other, values=True).compared
    assert compared.output is not None
    assert '+  "notes about 2"' in compared.output.text_diff


def test_a_long_difference_is_cut() -> None:
    lines = text_diff("\n".join("abc"), "\n".join(str(number) for number in range(500)))
    assert len(lines) == 61
    assert lines[-1].endswith("more lines")
