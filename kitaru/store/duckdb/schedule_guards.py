"""What the writer knows of schedules: which there are, so that no name is given twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.store import events as kinds
from kitaru.store.database.reads.schedules import unknown
from kitaru.store.duckdb.refused import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.store.events import Event


class ScheduleGuards:
    """The names of a home's schedules; used by one thread at a time."""

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()
        self._settled = self._names

    def restore(self, names: Iterable[str]) -> None:
        """Take over what the database has."""
        self._names = self._settled = frozenset(names)

    def draft(self) -> Draft:
        """Begin with the events of one batch."""
        return Draft(self, self._names)

    def put(self, names: frozenset[str]) -> None:
        """Make these the names, until `roll_back`."""
        self._names = names

    def settle(self) -> None:
        """Keep what was accepted: it is in the journal."""
        self._settled = self._names

    def roll_back(self) -> None:
        """Forget what was accepted since the last `settle`."""
        self._names = self._settled


class Draft:
    """What the events of one batch come to; nothing of it counts before `keep`."""

    __slots__ = ("_guards", "_names")

    def __init__(self, guards: ScheduleGuards, names: frozenset[str]) -> None:
        self._guards = guards
        self._names = names

    def accept(self, event: Event) -> None:
        """Take an event; `RefusedError` if the state forbids it."""
        name, kind = event["body"]["schedule"], event["kind"]
        if kind == kinds.SCHEDULE_CREATED:
            if name in self._names:
                raise RefusedError(
                    "conflict", f"There is a schedule {name} already. Delete it first, or choose another name."
                )
            self._names |= {name}
        elif name not in self._names:
            raise RefusedError("missing", unknown(name, self._names))
        elif kind == kinds.SCHEDULE_DELETED:
            self._names -= {name}

    def keep(self) -> None:
        """Let it count."""
        self._guards.put(self._names)
