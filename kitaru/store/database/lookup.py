"""Rows that the projection needs back from the database: what is open, and what is reopened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.store.database.query import Query
from kitaru.store.database.state import Execution, Tracked

if TYPE_CHECKING:
    import duckdb

    from kitaru.store.database.rows import Row


class DatabaseLookup:
    """Answers a projection's questions, inside the transaction that is open."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._query = Query(connection)

    def open_executions(self) -> list[Execution]:
        """Return every execution that has not ended, with its open calls and pending waits."""
        rows = self._query.rows("FROM internal.executions_open ORDER BY first_position")
        executions = {row["exec_id"]: Execution(Tracked(row, "executions_open", row["last_position"])) for row in rows}
        for row in self._query.rows("FROM internal.calls_open"):
            executions[row["exec_id"]].calls[row["name"]] = Tracked(row, "calls_open", row["position"])
        for row in self._query.rows("FROM internal.waits_open"):
            executions[row["exec_id"]].waits[row["name"]] = Tracked(row, "waits_open", row["position"])
        return list(executions.values())

    def execution(self, exec_id: str) -> Execution | None:
        """Return an ended execution, or None."""
        row = self._query.first("FROM internal.executions WHERE exec_id = ?", [exec_id])
        return Execution(Tracked(row, "executions", row["last_position"])) if row else None

    def ended_calls(self, execution: Row) -> set[str]:
        """Return the names of the execution's calls that ended."""
        query = "SELECT name FROM internal.calls WHERE position >= ? AND exec_id = ?"
        return {row["name"] for row in self._query.rows(query, _in(execution))}

    def call(self, execution: Row, name: str) -> Tracked | None:
        """Return a call that ended, or None."""
        query = "FROM internal.calls WHERE position >= ? AND exec_id = ? AND name = ?"
        row = self._query.first(query, [*_in(execution), name])
        return Tracked(row, "calls", row["position"]) if row else None

    def wait(self, execution: Row, name: str) -> Tracked | None:
        """Return a wait that ended, or None."""
        query = "FROM internal.waits WHERE position >= ? AND exec_id = ? AND name = ?"
        row = self._query.first(query, [*_in(execution), name])
        return Tracked(row, "waits", row["position"]) if row else None

    def jobs(self, execution: Row) -> dict[str, Tracked]:
        """Return the open jobs that are about the execution."""
        rows = self._query.rows("FROM internal.jobs_open WHERE exec_id = ?", [execution["exec_id"]])
        return {row["job_id"]: Tracked(row, "jobs_open", row["position"]) for row in rows}

    def artifacts(self, execution: Row) -> set[str]:
        """Return the ids of the artifacts that were saved in the execution."""
        query = "SELECT artifact_id FROM internal.artifacts WHERE position >= ? AND exec_id = ?"
        return {row["artifact_id"] for row in self._query.rows(query, _in(execution))}


def _in(execution: Row) -> list[int | str]:
    return [execution["first_position"], execution["exec_id"]]
