"""Points in time as people give them, and as they are shown."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from kitaru.errors import KitaruUsageError

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def moment(seconds: float | None) -> datetime | None:
    """Turn seconds since the epoch into an aware datetime in UTC.

    Examples
    --------
    >>> moment(0.0)
    datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def span(text: str) -> float | None:
    """Read a length of time such as ``90s``, ``30m``, ``12h``, ``7d`` or ``2w``; None if it is none.

    Examples
    --------
    >>> span("2h"), span("soon")
    (7200.0, None)
    """
    found = _SPAN.fullmatch(text.strip())
    return float(found[1]) * _UNITS[found[2]] if found else None


def point(given: datetime | timedelta | str | float | None, name: str = "since") -> float | None:
    """Turn a point in time into seconds since the epoch.

    Parameters
    ----------
    given
        An aware datetime (a naive one is local time), ISO text, seconds since the epoch, or how long ago: a
        `timedelta`, or text such as ``"7d"``.
    name
        What it is called in messages.

    Raises
    ------
    KitaruUsageError
        If it cannot be read.

    Examples
    --------
    >>> point("1970-01-02T00:00:00+00:00")
    86400.0
    """
    if given is None or isinstance(given, int | float):
        return given
    if isinstance(given, timedelta):
        return time.time() - given.total_seconds()
    if isinstance(given, datetime):
        return given.timestamp()
    ago = span(given)
    if ago is not None:
        return time.time() - ago
    try:
        return datetime.fromisoformat(given.strip()).timestamp()
    except ValueError:
        raise KitaruUsageError(
            f"{name}={given!r} is no point in time: give a date such as 2026-05-01 or 2026-05-01T14:30+02:00, or how "
            "long ago: 90s, 30m, 12h, 7d, 2w."
        ) from None


def length(seconds: float | None) -> str:
    """Show a length of time shortly.

    Examples
    --------
    >>> length(0.0123), length(75), length(7260), length(None)
    ('12 ms', '1m 15s', '2h 1m', '')
    """
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m" if hours < 48 else f"{hours // 24}d {hours % 24}h"


def ago(when: datetime | None, now: datetime | None = None) -> str:
    """Show a point in time by its distance.

    Examples
    --------
    >>> ago(datetime(2026, 1, 1, tzinfo=UTC), now=datetime(2026, 1, 3, tzinfo=UTC))
    '2 d ago'
    """
    if when is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    if seconds < 1:
        return "now"
    for unit, size in reversed(_UNITS.items()):
        if seconds >= size and unit != "w":
            return f"{seconds / size:.0f} {'min' if unit == 'm' else unit} ago"
    return "now"
