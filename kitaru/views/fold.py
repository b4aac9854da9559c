"""The record of an execution kept up to date by its events, with the projection that the store itself uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.store import events as kinds
from kitaru.store.database.job_events import JOB_EVENTS
from kitaru.store.database.projection import Projection
from kitaru.store.database.state import Execution, Tracked
from kitaru.views.record import LOG_LINES, MOST_CHILDREN, Record, add_chunk, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.store.events import Event
    from kitaru.views.record import Row

MISFITS: Final = (ValueError, TypeError, KeyError, AttributeError)
"""What an event raises that does not fit what is known: the record must be read again."""


class Fold:
    """An execution and its children while they happen.

    Parameters
    ----------
    exec_id
        The execution.
    record
        What is recorded already; None if its events come from the very first one on.
    """

    def __init__(self, exec_id: str, record: Record | None = None) -> None:
        self.exec_id = exec_id
        self._known: dict[str, int] = {}
        self._seen: set[int] = set()
        self._executions: dict[str, Execution] = {}
        self._logs: dict[str, list[Row]] = {}
        self._streams: dict[str, dict[str, tuple[int, str]]] = {}
        for one in [] if record is None else [record, *record.children.values()]:
            self._take_in(one)
        self._projection = Projection(_Nothing(), self._executions.values())

    def apply(self, position: int, events: Iterable[Event]) -> None:
        """Apply events that follow each other from `position` on; those that are known already change nothing.

        Raises
        ------
        ValueError, TypeError, KeyError, AttributeError
            If one does not fit; the fold is of no use then.
        """
        self.apply_all([(position, events)])

    def apply_all(self, taken: Iterable[tuple[int, Iterable[Event]]]) -> None:
        """Like `apply`, for what was tapped."""
        for position, events in taken:
            self._apply_some(position, events)
        self._keep_logs()

    def _apply_some(self, position: int, events: Iterable[Event]) -> None:
        for place, event in enumerate(events, position):
            exec_id = event["exec_id"]
            if place <= self._known.get(exec_id, 0) or place in self._seen:
                continue
            if self._belongs(event):
                self._seen.add(place)
                self._apply({**event, "position": place})

    def record(self) -> Record:
        """Return the rows as they are now."""
        found = self._record(self.exec_id)
        children = [e for e in self._executions.values() if e.row["parent_exec_id"] == self.exec_id]
        for child in children[-MOST_CHILDREN:]:
            found.children[child.row["exec_id"]] = self._record(child.row["exec_id"])
        return found

    @property
    def began(self) -> bool:
        """Whether anything is known of the execution."""
        return self.exec_id in self._executions

    def _belongs(self, event: Event) -> bool:
        if event["kind"] == kinds.CREATED:
            mine = event["exec_id"] == self.exec_id or event["body"].get("parent_exec_id") == self.exec_id
            return mine and event["exec_id"] not in self._executions
        # Who does the work is no part of what is shown.
        return event["exec_id"] in self._executions and event["kind"] not in JOB_EVENTS

    def _apply(self, event: Event) -> None:
        exec_id = event["exec_id"]
        self._projection.apply(event)
        if event["kind"] == kinds.CREATED:
            self._executions[exec_id] = self._projection._executions[exec_id]  # noqa: SLF001 -- it has just made it
        elif event["kind"] == kinds.PUBLISHED:
            add_chunk(self._streams.setdefault(exec_id, {}), event)

    def _keep_logs(self) -> None:
        changes = self._projection.take_changes()
        for row in changes.rows.get("logs", []):
            kept = self._logs.setdefault(row["exec_id"], [])
            kept.append(row)
            if len(kept) > 2 * LOG_LINES:
                del kept[:-LOG_LINES]

    def _take_in(self, record: Record) -> None:
        exec_id = record.head["exec_id"]
        self._executions[exec_id] = Execution(
            Tracked(record.head),
            {call["name"]: Tracked(call) for call in record.calls},
            {wait["name"]: Tracked(wait) for wait in record.waits},
            ended_calls=set(),
            saved=set(),
        )
        self._known[exec_id] = record.position
        self._logs[exec_id] = list(record.logs)
        self._streams[exec_id] = dict(record.streams)

    def _record(self, exec_id: str) -> Record:
        execution = self._executions[exec_id]
        return Record(
            execution.row,
            in_order([call.row for call in execution.calls.values()]),
            sorted([wait.row for wait in execution.waits.values()], key=lambda wait: int(wait["first_position"])),
            self._logs.get(exec_id, [])[-LOG_LINES:],
            self._streams.get(exec_id, {}),
        )


class _Nothing:
    """Everything that is known is in memory."""

    def execution(self, exec_id: str) -> Execution | None:
        return None

    def ended_calls(self, execution: Row) -> set[str]:
        return set()

    def call(self, execution: Row, name: str) -> Tracked | None:
        return None

    def wait(self, execution: Row, name: str) -> Tracked | None:
        return None

    def jobs(self, execution: Row) -> dict[str, Tracked]:
        return {}

    def artifacts(self, execution: Row) -> set[Any]:
        return set()
