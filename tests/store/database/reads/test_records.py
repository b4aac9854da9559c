"""Waits, artifacts, logs and events."""

from __future__ import annotations

from typing import Any

import pytest

from kitaru.errors import KitaruNotFoundError, KitaruStateError, KitaruUsageError
from tests.store.database.histories import (
    E1,
    E2,
    E3,
    answered,
    apply,
    claimed,
    completed,
    created,
    event,
    filled,
    reused,
    started,
    value,
    wait_created,
)


def saved(name: str, exec_id: str = E1, call: str | None = "a") -> dict[str, Any]:
    return event("artifact.saved", exec_id, call, name=name, kind="output", value=value(name))


def lines(*texts: str, call: str | None = None) -> dict[str, Any]:
    return event("log.written", E1, call, lines=[{"text": text, "stream": "stdout", "at": 1.0} for text in texts])


def test_pending_waits_of_all_executions_carry_their_flow() -> None:
    database = filled(created(E1, flow="one"), claimed(E1), created(E2, flow="two"), claimed(E2))
    apply(database, wait_created("w", E1), wait_created("v", E2), wait_created("u", E2), answered("u", E2))
    assert [(wait["flow"], wait["name"]) for wait in database.read("waits")] == [("one", "w"), ("two", "v")]
    assert [wait["name"] for wait in database.read("waits", exec_id=E2)] == ["v"]
    assert [wait["name"] for wait in database.read("waits", status="answered")] == ["u"]
    assert len(database.read("waits", status=None)) == 3


def test_artifacts_are_filtered() -> None:
    database = filled(created(), claimed(), started("a"), saved("p"), completed("a"), saved("q", call=None))
    apply(database, created(E2), claimed(E2), reused("a", E2))
    names = [(row["call"], row["name"]) for row in database.read("artifacts", exec_id=E1)]
    assert names == [("a", "p"), ("a", "output"), (None, "q")]
    assert [row["name"] for row in database.read("artifacts", exec_id=E1, call="a")] == ["p", "output"]
    assert [row["artifact_id"] for row in database.read("artifacts", name="p")] == [f"{E1}/a/p"]
    assert [row["exec_id"] for row in database.read("artifacts", name="output", limit=1)] == [E2]
    assert len(database.read("artifacts", kind="output")) == 4


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (f"{E1}/a/p", f"{E1}/a/p"), ("kr-aa/p", f"{E1}/a/p"), ("kr-aa/a/p", f"{E1}/a/p"), ("aa/a", f"{E1}/a/output"),
        ("kr-aa/a/output", f"{E1}/a/output"), ("kr-aa/@flow/q", f"{E1}/@flow/q"), (f"{E1}/q", f"{E1}/@flow/q"),
    ],
)  # fmt: skip
def test_an_artifact_is_found_by_as_much_as_names_it(wanted: str, found: str) -> None:
    database = filled(created(), claimed(), started("a"), saved("p"), completed("a"), saved("q", call=None))
    assert database.read("artifact", artifact_id=wanted)["artifact_id"] == found


def test_an_artifact_that_is_not_there_or_not_the_only_one_is_an_error_that_lists_what_is() -> None:
    database = filled(created(), claimed(), started("a"), saved("p"), started("b"), saved("p", call="b"))
    apply(database, created(E2))
    with pytest.raises(KitaruNotFoundError, match=f"{E1}/a/p"):
        database.read("artifact", artifact_id=f"{E1}/nothing")
    with pytest.raises(KitaruStateError, match=f"more than one artifact: {E1}/a/p, {E1}/b/p"):
        database.read("artifact", artifact_id=f"{E1}/p")
    with pytest.raises(KitaruStateError, match="more than one execution"):
        database.read("artifact", artifact_id="kr-a/p")
    with pytest.raises(KitaruNotFoundError, match="no execution"):
        database.read("artifact", artifact_id="kr-zz/p")


def test_logs_are_read_from_the_start_after_a_position_and_from_the_end() -> None:
    database = filled(created(), claimed(), lines("1", "2"), lines("3"), lines("4", "5", call="a"))

    def texts(**parameters: Any) -> list[str]:
        return [row["text"] for row in database.read("logs", exec_id=E1, **parameters)]

    assert texts() == ["1", "2", "3", "4", "5"]
    assert texts(after=3) == ["3", "4", "5"]
    assert texts(call="a") == ["4", "5"]
    assert texts(tail=True, limit=2) == ["4", "5"]
    assert texts(limit=3) == ["1", "2", "3"]


def test_lines_that_were_written_together_are_never_parted() -> None:
    database = filled(created(), claimed(), lines("1", "2", "3"), lines("4"))
    first = database.read("logs", exec_id=E1, limit=1)
    assert [row["text"] for row in first] == ["1", "2", "3"]
    assert [row["text"] for row in database.read("logs", exec_id=E1, after=first[-1]["position"])] == ["4"]


def test_lines_that_arrive_after_the_end_are_read_too() -> None:
    database = filled(created(), claimed(), event("execution.completed", output=value()))
    apply(database, created(E3), lines("late"))
    assert [row["text"] for row in database.read("logs", exec_id=E1)] == ["late"]


def test_events_tell_the_whole_story_in_order() -> None:
    database = filled(
        created(), claimed(), started("a"), completed("a"), reused("b"), event("event.published", message="m"),
        event("execution.completed", output=value()),
    )  # fmt: skip
    rows = database.read("events", exec_id=E1)
    assert [(row["position"], row["kind"]) for row in rows] == [
        (1, "execution.created"), (2, "execution.claimed"), (3, "call.started"), (4, "call.completed"),
        (5, "call.reused"), (6, "event.published"), (7, "execution.completed"),
    ]  # fmt: skip
    assert [row["position"] for row in database.read("events", exec_id=E1, after=4, limit=2)] == [5, 6]
    assert [row["call"] for row in database.read("events", exec_id=E1, kinds=["call.started", "call.reused"])] == [
        "a",
        "b",
    ]
    assert rows[4]["body"]["why"] == "same inputs"


def test_a_count_that_is_none_is_refused() -> None:
    database = filled(created())
    for name in ("logs", "events", "artifacts"):
        with pytest.raises(KitaruUsageError, match="limit"):
            database.read(name, exec_id=E1, limit=0)


def test_a_snapshot_that_is_not_there_is_named() -> None:
    with pytest.raises(KitaruNotFoundError, match="s9"):
        filled().read("snapshot", snapshot_id="s9")
