"""What the projection remembers between batches, and what it hands to the writer of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from kitaru.store.events import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.store.database.rows import Row

UNFINISHED_CALL: Final = frozenset({"running", "interrupted"})


@dataclass(slots=True)
class Tracked:
    """A row that may still change, and where the database has it now."""

    row: Row
    table: str | None = None
    """Name of the table that holds it; None before it was written."""
    position: int = 0
    """Its position there, which narrows the search when it is taken out."""


@dataclass(slots=True)
class Execution:
    """One execution with whatever of it may still change.

    `ended_calls`, `saved` and `jobs` are None until somebody asks: an old execution may have many.
    """

    own: Tracked
    calls: dict[str, Tracked] = field(default_factory=dict)
    waits: dict[str, Tracked] = field(default_factory=dict)
    ended_calls: set[str] | None = None
    saved: set[str] | None = None
    jobs: dict[str, Tracked] | None = None
    """Jobs about it that are open."""

    @property
    def row(self) -> Row:
        """The execution's own row."""
        return self.own.row

    @property
    def ended(self) -> bool:
        """Whether it has no runner and needs none."""
        return self.own.row["status"] in ENDED


class Lookup(Protocol):
    """The database as the projection needs it: rows that are no longer in memory."""

    def execution(self, exec_id: str) -> Execution | None:
        """Return an ended execution, or None."""
        ...

    def ended_calls(self, execution: Row) -> set[str]:
        """Return the names of the execution's calls that ended."""
        ...

    def call(self, execution: Row, name: str) -> Tracked | None:
        """Return a call that ended, or None."""
        ...

    def wait(self, execution: Row, name: str) -> Tracked | None:
        """Return a wait that ended, or None."""
        ...

    def jobs(self, execution: Row) -> dict[str, Tracked]:
        """Return the open jobs that are about the execution."""
        ...

    def artifacts(self, execution: Row) -> set[str]:
        """Return the ids of the artifacts that were saved in the execution."""
        ...


@dataclass(slots=True)
class Changes:
    """What a batch of events does to the tables."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)
    calls: dict[tuple[str, str], Tracked] = field(default_factory=dict)
    waits: dict[tuple[str, str], Tracked] = field(default_factory=dict)
    jobs: dict[tuple[str, str], Tracked] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    purges: list[tuple[str | None, int]] = field(default_factory=list)
    updates: list[tuple[str, list[Any]]] = field(default_factory=list)
    """Statements on small tables whose rows are changed where they are, in order; they follow the new rows."""

    def add(self, table: str, row: Row) -> None:
        """Append a row that never changes again."""
        rows = self.rows.get(table)
        if rows is None:
            self.rows[table] = [row]
        else:
            rows.append(row)

    def touch(self, execution: Execution) -> None:
        """Remember that the execution's own row changed."""
        self.executions[execution.own.row["exec_id"]] = execution

    def touch_call(self, call: Tracked) -> None:
        """Remember that a call changed."""
        self.calls[call.row["exec_id"], call.row["name"]] = call

    def touch_wait(self, wait: Tracked) -> None:
        """Remember that a wait changed."""
        self.waits[wait.row["exec_id"], wait.row["name"]] = wait

    def touch_job(self, job: Tracked) -> None:
        """Remember that a job changed."""
        self.jobs[job.row["exec_id"], job.row["job_id"]] = job

    def delete(self, exec_id: str) -> None:
        """Forget whatever this batch has of an execution, and have its rows deleted."""
        self.deleted.add(exec_id)
        self.executions.pop(exec_id, None)
        self.calls = _without(self.calls, exec_id)
        self.waits = _without(self.waits, exec_id)
        self.jobs = _without(self.jobs, exec_id)
        for rows in self.rows.values():
            rows[:] = [row for row in rows if row.get("exec_id") != exec_id]


def _without(tracked: dict[tuple[str, str], Tracked], exec_id: str) -> dict[tuple[str, str], Tracked]:
    return {key: value for key, value in tracked.items() if key[0] != exec_id}


def merged(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    """Merge metadata: dict values of one key are merged one level deep, others are replaced.

    Examples
    --------
    >>> merged({"d": {"p": 1}, "k": 1}, {"d": {"q": 2}, "k": 2})
    {'d': {'p': 1, 'q': 2}, 'k': 2}
    """
    result = dict(old or {})
    for key, value in new.items():
        before = result.get(key)
        result[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return result


def strings(values: Iterable[Any] | None) -> list[str]:
    """Return a list of texts for a column of type ``VARCHAR[]``.

    Examples
    --------
    >>> strings(None), strings(["a", 1])
    ([], ['a', '1'])
    """
    return [str(value) for value in values or ()]
