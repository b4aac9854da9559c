"""Schedules from Python and the command line."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client.provenance import Source
from kitaru.errors import KitaruConflictError, KitaruNotFoundError, KitaruUsageError
from kitaru.runtime.flow import flow
from kitaru.store.schedule_times import local_zone

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient

HERE = Source("# script", None, __file__)


@flow
def tidied(days: int = 3) -> int:
    return days


@pytest.fixture
def deployed(client: KitaruClient) -> KitaruClient:
    client.deployments.deploy(tidied, source=HERE)
    return client


def test_a_schedule_tells_its_next_times_in_its_zone(deployed: KitaruClient) -> None:
    made = deployed.schedules.create("nightly", "tidied", cron="0 3 * * *", timezone="Asia/Tokyo", inputs={"days": 1})
    assert [(run.hour, run.minute, run.tzname()) for run in made.next_runs] == [(3, 0, "JST")] * 3
    assert (made.flow, made.inputs, made.missed, made.paused) == ("tidied", {"days": 1}, "latest", False)
    assert deployed.schedules.list("tidied") == [deployed.schedules.get("nightly")]


@pytest.mark.parametrize("every", [5400, 5400.0, "90m", timedelta(minutes=90)], ids=str)
def test_an_interval_is_given_as_people_say_it(deployed: KitaruClient, every: Any) -> None:
    made = deployed.schedules.create("often", "tidied", every=every)
    assert made.next_runs[1] - made.next_runs[0] == timedelta(minutes=90)
    assert made.timezone == local_zone()


def test_a_schedule_rests_goes_on_and_is_given_up(deployed: KitaruClient) -> None:
    made = deployed.schedules.create("nightly", "tidied", cron="0 3 * * *")
    assert made.pause().next_runs == []
    assert len(made.resume().next_runs) == 3
    with pytest.raises(KitaruConflictError, match="There is a schedule nightly already"):
        deployed.schedules.create("nightly", "tidied", every=60)
    made.delete()
    with pytest.raises(KitaruNotFoundError, match=r"There is no schedule nightly\. There is: none yet"):
        made.delete()


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({}, KitaruUsageError, "give cron= or every="),
        ({"cron": "* * * * *", "every": 5}, KitaruUsageError, "and not both"),
        ({"cron": "never"}, KitaruUsageError, "is no cron expression"),
        ({"cron": "0 0 30 2 *"}, KitaruUsageError, "cron"),
        ({"cron": "* * * * *", "timezone": "Nowhere"}, KitaruUsageError, "is no time zone"),
        ({"every": "soon"}, KitaruUsageError, "at least one second"),
        ({"every": 0.5}, KitaruUsageError, "at least one second"),
        ({"every": "100000w"}, KitaruUsageError, "at most ten years"),
        ({"every": 60, "missed": "some"}, KitaruUsageError, "give one of latest, all, skip"),
        ({"every": 60, "inputs": {"days": "x"}}, KitaruUsageError, "is not of type 'integer'"),
        ({"every": 60, "tag": "none"}, KitaruNotFoundError, "has the tag none"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(deployed: KitaruClient, arguments: Any, error: Any, told: str) -> None:
    with pytest.raises(error, match=told):
        deployed.schedules.create("wrong", "tidied", **arguments)
    assert deployed.schedules.list() == []


@pytest.mark.parametrize("name", ["", "two words", "a/b"])
def test_what_is_no_name_is_refused(deployed: KitaruClient, name: str) -> None:
    with pytest.raises(KitaruUsageError, match="is no name of a schedule"):
        deployed.schedules.create(name, "tidied", every=60)


def test_schedules_are_a_view_in_sql(deployed: KitaruClient) -> None:
    deployed.schedules.create("nightly", "tidied", cron="0 3 * * *", timezone="UTC", inputs={"days": 1})
    deployed.schedules.create("often", "tidied", every=90, tag="default")
    deployed.schedules.pause("often")
    rows = deployed.sql(
        "SELECT concat_ws(' ', name, coalesce(cron, every_s::VARCHAR), inputs->>'$.days', tag, paused) AS told "
        "FROM schedules ORDER BY name"
    )
    assert list(rows["told"]) == ["nightly 0 3 * * * 1 false", "often 90.0 default true"]
