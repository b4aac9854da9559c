"""When schedules are due: zones, clocks that are set forward and back, intervals."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

import pytest

from kitaru.errors import KitaruUsageError
from kitaru.store.schedule_times import due_times, zone


def times(cron: str, name: str, after: str, count: int = 3) -> list[str]:
    place = zone(name)
    start = datetime.fromisoformat(after).replace(tzinfo=place).timestamp()
    schedule = {"cron": cron, "timezone": name}
    return [
        datetime.fromtimestamp(due, place).isoformat() for due in itertools.islice(due_times(schedule, start), count)
    ]


def test_times_are_those_of_the_zone() -> None:
    assert times("30 7 * * 1-5", "America/New_York", "2026-01-02T08:00") == [
        "2026-01-05T07:30:00-05:00",
        "2026-01-06T07:30:00-05:00",
        "2026-01-07T07:30:00-05:00",
    ]


def test_an_hour_that_is_left_out_is_made_up_for_after_the_gap() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2) == [
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_an_hour_that_comes_twice_is_due_once() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 2) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]


def test_an_interval_counts_from_the_creation() -> None:
    schedule = {"cron": None, "every": 60.0, "created_at": 1000.0}
    assert list(itertools.islice(due_times(schedule, 1000.0), 2)) == [1060.0, 1120.0]
    assert next(due_times(schedule, 1060.0)) == 1120.0
    assert next(due_times(schedule, 0.0)) == 1060.0


@pytest.mark.parametrize("cron", ["", "x", "* * *", "61 * * * *"])
def test_what_is_no_expression_is_refused(cron: str) -> None:
    schedule: dict[str, Any] = {"cron": cron, "timezone": "UTC"}
    with pytest.raises(KitaruUsageError, match="is no cron expression"):
        next(due_times(schedule, 0.0))


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(KitaruUsageError, match="is no time zone"):
        zone(name)
