from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tests.client.flows import approval, report

if TYPE_CHECKING:
    from kitaru.client import KitaruClient


def test_L25_the_past_is_told_in_order_and_ends(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(report)
    kinds = [event.kind for event in client.executions.events(exec_id)]
    assert kinds[0] == "execution.created"
    assert kinds[-1] == "execution.completed"
    assert kinds.count("call.completed") == 2


def test_events_go_on_while_the_execution_runs_and_end_with_it(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval)
    seen: list[str] = []
    asked = threading.Event()

    def follow() -> None:
        for event in client.executions.events(handle.exec_id):
            seen.append(event.kind)
            if event.kind == "wait.created":
                asked.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert asked.wait(60)
    client.executions.input(handle.exec_id, True)
    thread.join(60)
    assert not thread.is_alive()
    assert seen[-2:] == ["wait.answered", "execution.completed"]
    assert len(seen) == len(set(seen)) or seen.count("call.started") == 1


def test_a_cursor_takes_up_where_it_was_left(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(report)
    everything = list(client.executions.events(exec_id))
    assert list(client.executions.events(exec_id, since=everything[2].cursor)) == everything[3:]


def test_events_are_chosen_by_kind_and_call(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(report)
    (ended,) = client.executions.events(exec_id, kinds=["call.completed"], checkpoint="write")
    assert (ended.checkpoint_name, ended.attempt) == ("write", 1)
    assert [event.kind for event in client.executions.events(exec_id, kinds="execution.completed")] == [
        "execution.completed"
    ]


def test_L25_what_a_call_prints_is_read_without_a_server(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(report, "dogs")
    (line,) = client.executions.logs(exec_id)
    assert (line.message.strip(), line.checkpoint_name, line.source) == ("looking for dogs", "research", "stdout")
    assert line.timestamp.tzinfo is not None
    assert client.executions.logs(exec_id, checkpoint="write") == []


def test_followed_logs_end_with_the_execution(client: KitaruClient, asking: Any) -> None:
    handle = asking(approval, "dogs")
    lines = iter(client.executions.logs(handle.exec_id, follow=True))
    assert next(lines).message.strip() == "looking for dogs"
    client.executions.input(handle.exec_id, True)
    assert list(lines) == []
