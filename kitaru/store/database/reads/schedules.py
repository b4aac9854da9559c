"""Reads of schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.errors import KitaruNotFoundError
from kitaru.store.database.reads.registry import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row


@named("schedules")
def schedules(query: Query, flow: str | None = None) -> list[Row]:
    """Return the schedules by name."""
    where, values = ("WHERE flow = ?", [flow]) if flow is not None else ("", [])
    return query.rows(f"SELECT * EXCLUDE (position) FROM internal.schedules {where} ORDER BY name", values)  # noqa: S608


@named("schedule")
def schedule(query: Query, name: str) -> Row:
    """Return one schedule.

    Raises
    ------
    KitaruNotFoundError
        If there is none of this name.
    """
    row = query.first("SELECT * EXCLUDE (position) FROM internal.schedules WHERE name = ?", [name])
    if row is None:
        raise KitaruNotFoundError(unknown(name, (one["name"] for one in schedules(query))))
    return row


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that there is no such schedule, and which there are.

    Examples
    --------
    >>> unknown("nightly", ["hourly"])
    'There is no schedule nightly. There is: hourly.'
    """
    there = ", ".join(sorted(known)) or "none yet"
    return f"There is no schedule {name}. There is: {there}."
