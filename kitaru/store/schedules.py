"""Schedules as they are asked for: checked, and made into the events that record them."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruUsageError
from kitaru.store import events as kinds
from kitaru.store.invocation import check_inputs
from kitaru.store.schedule_times import due_times, local_zone, zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.store.events import Event
    from kitaru.store.protocol import Store

POLICIES: Final = ("latest", "all", "skip")
"""What becomes of runs that came due while no service ran."""

LONGEST: Final = 315_576_000.0
"""The longest interval in seconds: ten years."""

_SHOWN: Final = 3


def schedule_created(
    store: Store,
    name: str,
    flow: str,
    *,
    cron: str | None = None,
    every: float | None = None,
    timezone: str | None = None,
    version: int | None = None,
    tag: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    missed: str = "latest",
    by: str | None = None,
) -> Event:
    """Make the event that records a schedule; see `kitaru.client.schedules.SchedulesAPI.create`.

    Raises
    ------
    KitaruUsageError
        If the name, the expression, the interval, the time zone or the inputs make no sense.
    KitaruNotFoundError
        If there is no such deployment.
    """
    check_name(name)
    when = checked_times(cron, every, timezone)
    if missed not in POLICIES:
        raise KitaruUsageError(f"missed={missed!r}: give one of {', '.join(POLICIES)}.")
    check_inputs(store.read("deployment", flow=flow, version=version, tag=tag), inputs or {})
    about = {"flow": flow, "version": version, "tag": tag, "inputs": dict(inputs or {}), **when, "missed": missed}
    return schedule_event(kinds.SCHEDULE_CREATED, name, by, **about)


def checked_times(cron: str | None, every: float | None, timezone: str | None) -> dict[str, Any]:
    """Return when a schedule is due, as it is recorded.

    Raises
    ------
    KitaruUsageError
        If the expression, the interval or the time zone make no sense.

    Examples
    --------
    >>> checked_times("0 3 * * *", None, "Europe/Berlin")
    {'cron': '0 3 * * *', 'every': None, 'timezone': 'Europe/Berlin'}
    """
    if (cron is None) == (every is None):
        raise KitaruUsageError("A schedule: give cron= or every=, and not both.")
    if every is not None and not 1 <= every <= LONGEST:
        raise KitaruUsageError(f"every={every!r}: give at least one second and at most ten years, for example '90m'.")
    when = {"cron": cron, "every": every, "timezone": zone(timezone or local_zone()).key}
    if not next_times({**when, "paused": False, "created_at": time.time()}):
        raise KitaruUsageError(f"{cron!r} never comes: there is no such day.")
    return when


def schedule_event(kind: str, name: str, by: str | None, **body: Any) -> Event:
    """Make an event about a schedule."""
    return {"kind": kind, "at": time.time(), "exec_id": "", "body": {"schedule": name, "by": by, **body}}


def next_times(row: Mapping[str, Any]) -> list[float]:
    """Return the next three times of a schedule in unix seconds; none while it is paused.

    Examples
    --------
    >>> len(next_times({"paused": False, "cron": None, "every": 60.0, "created_at": 0.0}))
    3
    """
    return [] if row["paused"] else list(itertools.islice(due_times(row, time.time()), _SHOWN))


def check_name(name: str) -> None:
    """Refuse what is no name of a schedule.

    Raises
    ------
    KitaruUsageError
        If it is empty, or has blanks or slashes.

    Examples
    --------
    >>> check_name("every night")
    Traceback (most recent call last):
    kitaru.errors.KitaruUsageError: 'every night' is no name of a schedule: give a word without blanks and slashes.
    """
    if not name or name != "".join(name.split()) or "/" in name:
        raise KitaruUsageError(f"{name!r} is no name of a schedule: give a word without blanks and slashes.")
