"""Write many rows with one statement for each table.

One ``INSERT ... SELECT unnest(from_json(...))`` writes a hundred rows in the time in which
``executemany`` writes three. Planning such a statement costs more than running it on a few rows,
so each is prepared once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.store.database.call_events import is_open
from kitaru.store.database.job_events import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

    from kitaru.store.database.rows import Row
    from kitaru.store.database.state import Changes, Tracked

_WITHOUT_EXECUTION: Final = frozenset(
    {
        "applied",
        "clients",
        "quarantine",
        "migrations",
        "views_made",
        "snapshots",
        "deployments",
        "deployment_tags",
        "schedules",
    }
)

_NAME_OF: Final = {"executions": "", "calls": "name", "waits": "name", "jobs": "job_id"}
"""What tells the rows of one execution apart, in the tables whose rows move."""

_CHUNK: Final = 5000
"""Rows for one statement: bounds the size of its JSON text."""


class Tables:
    """Writes rows to the tables of schema ``internal``; reads their columns once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._inserts: dict[str, str] = {}
        self._prepared: set[str] = set()
        columns: dict[str, dict[str, str]] = {}
        tables = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'internal'"
        query = (
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'internal' "  # noqa: S608
            f"AND table_name IN ({tables}) ORDER BY column_index"
        )
        for table, column, kind in connection.execute(query).fetchall():
            columns.setdefault(table, {})[column] = kind
        for table, types in columns.items():
            self._inserts[table] = _insert(table, types)

    def write(self, changes: Changes) -> None:
        """Write all changes, in the transaction that is open."""
        if changes.deleted:
            self._delete_executions(changes.deleted)
        self._move("executions", [(item.own, not item.ended) for item in changes.executions.values()])
        self._move("calls", self._with_openness(changes))
        self._move("waits", [(item, item.row["status"] == "pending") for item in changes.waits.values()])
        self._move("jobs", [(item, item.row["status"] in OPEN) for item in changes.jobs.values()])
        for table, rows in changes.rows.items():
            if table != "snapshots":
                self.insert(table, rows)
        self._add_snapshots(changes.rows.get("snapshots", ()))
        for checkpoint, before in changes.purges:
            self._connection.execute(
                "DELETE FROM internal.cache_entries WHERE position < $1 AND ($2 IS NULL OR checkpoint = $2)",
                [before, checkpoint],
            )
        for statement, values in changes.updates:
            self._connection.execute(statement, values)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Append rows, each with a key for every column."""
        for start in range(0, len(rows), _CHUNK):
            self._run(f"insert_{table}", self._inserts[table], _text(rows[start : start + _CHUNK]))

    def _with_openness(self, changes: Changes) -> list[tuple[Tracked, bool]]:
        executions = changes.executions
        found = []
        for (exec_id, _), call in changes.calls.items():
            execution = executions.get(exec_id)
            # A call that changed without its execution stays where it is.
            is_open_now = is_open(execution, call.row) if execution else call.table == "calls_open"
            found.append((call, is_open_now))
        return found

    def _move(self, table: str, changed: Iterable[tuple[Tracked, bool]]) -> None:
        """Take changed rows out of where they are, and put them where they belong."""
        stale: dict[str, list[Tracked]] = {}
        fresh: dict[str, list[Tracked]] = {}
        for tracked, is_open_now in changed:
            if tracked.table is not None:
                stale.setdefault(tracked.table, []).append(tracked)
            fresh.setdefault(f"{table}_open" if is_open_now else table, []).append(tracked)
        for name, items in stale.items():
            self._delete_rows(name, items)
        for name, items in fresh.items():
            self.insert(name, [item.row for item in items])
            for item in items:
                item.table, item.position = name, item.row[_position_of(name)]

    def _delete_rows(self, table: str, items: Sequence[Tracked]) -> None:
        position = _position_of(table)
        name = _NAME_OF[table.removesuffix("_open")]
        key = f"exec_id || '/' || {name}" if name else "exec_id"
        positions = [item.position for item in items]
        keys = {f"{item.row['exec_id']}/{item.row[name]}" if name else item.row["exec_id"] for item in items}
        # A list of literals is planned in a quarter of the time that a subquery takes.
        self._connection.execute(
            f"DELETE FROM internal.{table} WHERE {position} BETWEEN {min(positions)} AND {max(positions)} "  # noqa: S608
            f"AND {key} IN ({', '.join(map(_literal, keys))})"
        )

    def _run(self, name: str, statement: str, *arguments: int | str) -> None:
        if name not in self._prepared:
            # `execute` of a statement with parameters demands their values, even to prepare it.
            self._connection.sql(f"PREPARE {name} AS {statement}")
            self._prepared.add(name)
        self._connection.execute(f"EXECUTE {name}({', '.join(map(_literal, arguments))})")

    def _delete_executions(self, exec_ids: Iterable[str]) -> None:
        ids = list(exec_ids)
        for table in self._inserts.keys() - _WITHOUT_EXECUTION:
            self._connection.execute(f"DELETE FROM internal.{table} WHERE list_contains(?::VARCHAR[], exec_id)", [ids])  # noqa: S608

    def _add_snapshots(self, rows: Iterable[Row]) -> None:
        first = {row["snapshot_id"]: row for row in reversed(list(rows))}
        if not first:
            return
        query = "SELECT snapshot_id FROM internal.snapshots WHERE list_contains(?::VARCHAR[], snapshot_id)"
        for (known,) in self._connection.execute(query, [list(first)]).fetchall():
            del first[known]
        self.insert("snapshots", list(first.values()))


def _insert(table: str, types: dict[str, str]) -> str:
    columns = ", ".join(f'"{name}"' for name in types)
    picked = ", ".join(f'r."{name}"' for name in types)
    structure = _text([{name: ["VARCHAR"] if kind == "VARCHAR[]" else kind for name, kind in types.items()}])
    rows = f"SELECT unnest(from_json_strict($1::VARCHAR, '{structure}')) AS r"
    return f"INSERT INTO internal.{table} ({columns}) SELECT {picked} FROM ({rows})"  # noqa: S608


def _literal(value: int | str) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _position_of(table: str) -> str:
    return "last_position" if table.startswith("executions") else "position"


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
