"""The record of an execution kept up to date by its events, with the projection that the store itself uses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from kitaru.store import events as kinds
from kitaru.store.database.job_events import JOB_EVENTS
from kitaru.store.database.projection import Projection
from kitaru.store.database.state import Execution, Tracked
from kitaru.views.record import LOG_LINES, MOST_CHILDREN, Record, add_chunk, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.store.events import Event
    from kitaru.views.record import Row

MISFITS: Final = (ValueError, TypeError, KeyError, AttributeError)
"""What an event raises that does not fit what is known: the record must be read again."""


_TOUCH_RUNNING: Final = frozenset(
    {kinds.CLAIMED, kinds.SUSPENDED, kinds.COMPLETED, kinds.FAILED, kinds.CANCELLED, kinds.INTERRUPTED}
)
"""Events of an execution that change those of its calls that run."""


class Fold:
    """An execution and its children while they happen.

    Most calls start and complete, and only a few of many are shown. So the two events of such a call are kept, with
    a row that has just enough to count and fold it; the projection sees them when the call is shown, or when anything
    else happens to it.

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
        self._plain: dict[str, dict[str, _Plain]] = {}
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
                if not self._set_aside(place, event):
                    self._settle(event)
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

    def _set_aside(self, place: int, event: Event) -> bool:
        """Keep an event for later if it is the start of a new call, or the end of such a call."""
        kind = event["kind"]
        if kind != kinds.CALL_STARTED and kind != kinds.CALL_COMPLETED:
            return False
        execution, name = self._executions[event["exec_id"]], event["call"]
        plain = self._plain.setdefault(event["exec_id"], {})
        call = plain.get(name) if name else None
        if kind == kinds.CALL_COMPLETED:
            if call is None or call.end is not None:
                return False
            call.complete(place, event)
        elif call is not None or not name or name in execution.calls or execution.ended:
            return False
        else:
            plain[name] = _Plain(place, event)
        execution.row["last_position"] = place
        return True

    def _settle(self, event: Event) -> None:
        """Have the projection know the calls that an event changes."""
        exec_id, kind = event["exec_id"], event["kind"]
        plain = self._plain.get(exec_id)
        if not plain or kind == kinds.LOG_WRITTEN:
            return
        if kind in _TOUCH_RUNNING:
            self._unfold(exec_id, [name for name, call in plain.items() if call.end is None])
        elif event.get("call"):
            self._unfold(exec_id, [str(event["call"])])

    def _unfold(self, exec_id: str, names: Iterable[str]) -> list[Row]:
        """Apply the events of calls that were set aside; return the rows of all these calls."""
        execution, plain = self._executions[exec_id], self._plain[exec_id]
        position = execution.row["last_position"]
        names = list(names)
        for name in names:
            call = plain.pop(name, None)
            for event in () if call is None else call.events():
                self._projection.apply(event)
        execution.row["last_position"] = position
        return [execution.calls[name].row for name in names if name in execution.calls]

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
        running = self._streams.get(exec_id, {})
        plain = self._plain.get(exec_id, {})
        return Record(
            execution.row,
            in_order([*[call.row for call in execution.calls.values()], *[call.row for call in plain.values()]]),
            sorted([wait.row for wait in execution.waits.values()], key=lambda wait: int(wait["first_position"])),
            self._logs.get(exec_id, [])[-LOG_LINES:],
            running,
            whole=partial(self._unfold, exec_id) if plain else None,
        )


class _Plain:
    """A call of which no more is known than that it started and, if so, completed."""

    __slots__ = ("end", "row", "start")

    def __init__(self, place: int, event: Event) -> None:
        at, body = float(event["at"]), event["body"]
        self.start = (place, event)
        self.end: tuple[int, Event] | None = None
        self.row: Row = {
            "name": event["call"],
            "checkpoint": body["checkpoint"],
            "type": body.get("type"),
            "sequence": int(body["sequence"]),
            "concurrent": bool(body.get("concurrent")),
            "status": "running",
            "attempts": 1,
            "started_at": at,
            "ended_at": None,
            "total_tokens": None,
            "cost_usd": None,
            "first_position": place,
        }

    def complete(self, place: int, event: Event) -> None:
        self.end = (place, event)
        self.row["status"], self.row["ended_at"] = "completed", float(event["at"])

    def events(self) -> Iterator[Event]:
        for kept in (self.start, self.end):
            if kept is not None:
                yield {**kept[1], "position": kept[0]}


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
