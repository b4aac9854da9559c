"""When a schedule is due."""

from __future__ import annotations

import itertools
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_LOCAL_ZONE: Final = Path("/etc/localtime")


def due_times(schedule: Mapping[str, Any], after: float) -> Iterator[float]:
    """Yield the times after a moment, in unix seconds.

    A cron expression is meant in the schedule's time zone: where clocks are set forward, a time that is left out is due
    right after the gap; where they are set back, a fixed hour comes once. An interval counts from the schedule's
    creation.

    Parameters
    ----------
    schedule
        With ``cron`` and ``timezone``, or with ``every`` and ``created_at``.
    after
        Unix seconds.

    Raises
    ------
    KitaruUsageError
        If the expression or the time zone is none.

    Examples
    --------
    >>> noon = {"cron": "0 12 * * *", "timezone": "Europe/Berlin"}
    >>> datetime.fromtimestamp(next(due_times(noon, 1_767_225_600)), zone("UTC")).isoformat()
    '2026-01-01T11:00:00+00:00'
    """
    if schedule["cron"] is None:
        every, begin = schedule["every"], schedule["created_at"]
        number = max(1, int((after - begin) // every) + 1)
        for count in itertools.count(number):
            if begin + count * every > after:
                yield begin + count * every
        return
    from cronsim import CronSim, CronSimError

    try:
        times = CronSim(schedule["cron"], datetime.fromtimestamp(after, zone(schedule["timezone"])))
        for moment in times:
            yield moment.timestamp()
    except CronSimError as error:
        raise KitaruUsageError(
            f"{schedule['cron']!r} is no cron expression: {error}. It has five parts, as in '30 7 * * 1-5': minute, "
            "hour, day of the month, month, day of the week."
        ) from None


def cron_in_words(expression: str) -> str:
    """Say when a cron expression is due; it was checked before.

    Examples
    --------
    >>> cron_in_words("30 7 * * 1-5")
    'At 07:30 on Monday through Friday'
    """
    from cronsim import CronSim

    told: str = CronSim(expression, datetime.now(zone("UTC"))).explain()
    return told


def zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises
    ------
    KitaruUsageError
        If there is none of this name.

    Examples
    --------
    >>> zone("Europe/Berlin").key
    'Europe/Berlin'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise KitaruUsageError(f"{name!r} is no time zone. Give an IANA name such as Europe/Berlin, or UTC.") from None


def local_zone() -> str:
    """Return the name of this machine's time zone; UTC where nothing tells it.

    Examples
    --------
    >>> zone(local_zone()).key == local_zone()
    True
    """
    named = os.environ.get("TZ", "").lstrip(":")
    if not named and _LOCAL_ZONE.is_symlink():
        named = str(_LOCAL_ZONE.readlink()).partition("zoneinfo/")[2]
    try:
        return zone(named).key if named else "UTC"
    except KitaruUsageError:
        return "UTC"
