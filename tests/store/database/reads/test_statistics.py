"""Figures over executions and calls, percentiles included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruUsageError
from tests.store.database.histories import (
    claimed,
    completed,
    created,
    event,
    failed,
    failure,
    filled,
    llm,
    reused,
    started,
    value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.store.database import Database

DAY = 86400.0


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """Return 101 executions that took 0 to 100 seconds, one every hour."""
    events: list[dict[str, Any]] = []
    for n in range(101):
        exec_id, at = f"kr-{n:012}", n * 3600.0
        events += [
            created(exec_id, flow="even" if n % 2 == 0 else "odd", stack="local", tags=["t", f"t{n % 2}"],
                    metadata={"team/a~b": n % 3}),
            claimed(exec_id, at=at),
            started("a", exec_id),
            llm("a", exec_id),
            completed("a", exec_id, duration=n / 10) if n % 10 else failed("a", exec_id),
            reused("b", exec_id),
            event("execution.completed", exec_id, at=at + n, output=value())
            if n % 10
            else event("execution.failed", exec_id, at=at + n, failure=failure(), call="a"),
        ]  # fmt: skip
    opened = filled(*events)
    yield opened
    opened.close()


def groups(database: Database, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = database.read("statistics", **parameters)["groups"]
    return found


def test_without_groups_there_is_one_with_all_figures(database: Database) -> None:
    (group,) = groups(database)
    assert (group["keys"], group["count"], group["failed"], group["calls"], group["reused"]) == ({}, 101, 11, 202, 101)
    assert (group["tokens"], group["cost"]) == (707, 25.25)
    assert group["duration"] == {"avg": 50.0, "min": 0.0, "max": 100.0, "p50": 50.0, "p90": 90.0, "p99": 99.0}
    assert isinstance(group["tokens"], int)


def test_groups_are_the_largest_first_and_carry_their_keys(database: Database) -> None:
    found = groups(database, group_by=["flow", "status"])
    assert [(g["keys"], g["count"]) for g in found] == [
        ({"flow": "odd", "status": "completed"}, 50),
        ({"flow": "even", "status": "completed"}, 40),
        ({"flow": "even", "status": "failed"}, 11),
    ]


def test_calls_are_counted_by_checkpoint(database: Database) -> None:
    found = {g["keys"]["checkpoint"]: g for g in groups(database, group_by=["checkpoint"], flow="even")}
    assert (found["a"]["count"], found["a"]["failed"], found["a"]["reused"]) == (51, 11, 0)
    assert (found["b"]["count"], found["b"]["reused"], found["b"]["tokens"]) == (51, 51, None)
    assert found["a"]["cost"] == 51 * 0.25


@pytest.mark.parametrize(("span", "number"), [("hour", 101), ("day", 5), ("week", 2), ("month", 1)])
def test_time_is_cut_into_spans(database: Database, span: str, number: int) -> None:
    found = groups(database, group_by=[f"time:{span}"])
    assert len(found) == number
    starts = sorted(g["keys"][f"time:{span}"] for g in found)
    if span == "day":
        assert starts == [n * DAY for n in range(5)]


def test_metadata_and_tags_make_groups(database: Database) -> None:
    assert {g["keys"]["metadata:team/a~b"]: g["count"] for g in groups(database, group_by=["metadata:team/a~b"])} == {
        "0": 34, "1": 34, "2": 33,
    }  # fmt: skip
    assert {g["keys"]["tag"]: g["count"] for g in groups(database, group_by=["tag"])} == {"t": 101, "t0": 51, "t1": 50}


def test_filters_apply_to_executions_also_when_calls_are_counted(database: Database) -> None:
    wanted: dict[str, Any] = {
        "statuses": ["completed"],
        "since": DAY,
        "until": 2 * DAY,
        "tags": ["t1"],
        "stack": "local",
    }
    assert groups(database, **wanted)[0]["count"] == 12
    found = {g["keys"]["checkpoint"]: g["count"] for g in groups(database, group_by=["checkpoint"], **wanted)}
    assert found == {"a": 12, "b": 12}
    assert groups(database, group_by=["flow"], flow="none") == []


def test_too_many_groups_are_cut_and_told(database: Database) -> None:
    found = database.read("statistics", group_by=["time:hour"], max_groups=10)
    assert (len(found["groups"]), found["truncated"]) == (10, True)
    assert not database.read("statistics", group_by=["flow"])["truncated"]


@pytest.mark.parametrize("token", ["colour", "time:second", "metadata:", "time", "flow; DROP"])
def test_an_unknown_group_is_refused(database: Database, token: str) -> None:
    with pytest.raises(KitaruUsageError, match="cannot be grouped"):
        database.read("statistics", group_by=[token])


def test_info_counts_what_is_there(database: Database) -> None:
    info = database.read("info")
    assert (info["executions"], info["calls"], info["applied"], info["quarantined"]) == (101, 202, 707, [])
