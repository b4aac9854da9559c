"""What happens quickly in one execution is told together."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kitaru.jupyter.changes import MOST_CALLS, MOST_TEXT, SPACING, URGENT_SPACING, Changes


def event(kind: str, position: int, exec_id: str = "kr-1", call: str | None = None, **body: Any) -> Any:
    return {"kind": kind, "at": 0.0, "exec_id": exec_id, "body": body, "call": call, "position": position}


def piece(text: str) -> dict[str, Any]:
    return {"kind": "kitaru.llm.chunk", "payload": {"text": text}}


def told(changes: Changes, now: float) -> list[Any]:
    return [(exec_id, told.burst.kind, told.burst.count) for exec_id, told in changes.due(now) if told.burst]


def test_the_first_event_is_told_at_once_and_what_follows_a_little_later_together() -> None:
    changes = Changes()
    changes.add(event("call.started", 1, call="a"))
    assert told(changes, 0.0) == [("kr-1", "call.started", 1)]
    changes.add(event("call.completed", 2, call="a"))
    changes.add(event("call.started", 3, call="b"))
    assert told(changes, SPACING / 2) == []
    assert changes.next_due() == SPACING
    assert told(changes, SPACING) == [("kr-1", "call.started", 2)]
    assert changes.next_due() == float("inf")


def test_a_change_of_status_is_told_sooner_and_named_though_more_follows() -> None:
    changes = Changes()
    changes.add(event("call.started", 1, call="a"))
    changes.due(0.0)
    changes.add(event("wait.created", 2, wait="ok"))
    changes.add(event("log.written", 3))
    ((_, taken),) = changes.due(URGENT_SPACING)
    assert taken.burst is not None
    assert (taken.status, taken.burst.kind, taken.burst.wait) == ("waiting", "wait.created", "ok")
    assert list(taken.burst.kinds) == ["wait.created", "log.written"]
    assert taken.burst.position == 3


def test_executions_do_not_delay_each_other() -> None:
    changes = Changes()
    changes.add(event("call.started", 1))
    changes.due(0.0)
    changes.add(event("call.started", 2))
    changes.add(event("call.started", 3, "kr-2"))
    assert told(changes, 0.0) == [("kr-2", "call.started", 1)]


def test_what_models_say_is_gathered_by_call_and_bounded() -> None:
    changes = Changes()
    for number in range(3 * MOST_TEXT):
        for call in ("a", "b"):
            changes.add(event("event.published", 2 * number, call=call) | {"body": piece(call)})
    ((_, taken),) = changes.due(0.0)
    assert taken.burst is not None
    assert {call: (len(text), text[0], text[-1]) for call, text in taken.burst.texts.items()} == {
        "a": (MOST_TEXT, "…", "a"), "b": (MOST_TEXT, "…", "b"),
    }  # fmt: skip


def test_progress_is_the_last_of_each_call_and_calls_are_bounded() -> None:
    changes = Changes()
    for number in range(1000):
        changes.add(event("progress", number, call=f"call {number % 200}", message=str(number), percent=None))
    ((_, taken),) = changes.due(0.0)
    assert taken.burst is not None
    assert (len(taken.burst.calls), len(taken.burst.progress), taken.burst.count) == (MOST_CALLS, MOST_CALLS, 1000)
    assert taken.burst.progress["call 7"]["message"] == "807"


def test_what_belongs_to_no_execution_is_passed_by() -> None:
    changes = Changes()
    changes.add(event("cache.purged", 1, exec_id=""))
    assert changes.next_due() == float("inf")


def test_what_ended_long_ago_is_forgotten() -> None:
    changes = Changes()
    for number in range(1000):
        changes.add(event("execution.completed", number, f"kr-{number}"))
    changes.due(0.0)
    changes.add(event("call.started", 1000))
    changes.due(1000.0)
    assert len(changes._executions) == 1


KINDS = ["execution.created", "call.started", "call.completed", "wait.created", "progress", "execution.completed"]
steps = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["kr-1", "kr-2"]), st.floats(0, 0.1)), max_size=60)


@given(steps=steps)
def test_no_event_is_lost_and_no_execution_is_told_too_often(steps: list[tuple[str, str, float]]) -> None:
    changes, now, count = Changes(), 0.0, 0
    times: dict[str, list[float]] = {}
    for position, (kind, exec_id, pause) in enumerate(steps, 1):
        changes.add(event(kind, position, exec_id))
        now += pause
        for name, taken in changes.due(now):
            times.setdefault(name, []).append(now)
            count += taken.burst.count if taken.burst else 0
    count += sum(taken.burst.count for _, taken in changes.due(float("inf")) if taken.burst)
    assert count == len(steps)
    spacings = [later - earlier for told_at in times.values() for earlier, later in pairwise(told_at)]
    assert min(spacings, default=1.0) >= URGENT_SPACING - 1e-9
