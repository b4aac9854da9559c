"""The database of one Kitaru home: rows that follow the journal, and answers from them."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from kitaru.errors import KitaruStoreError, KitaruStoreVersionError, KitaruUsageError
from kitaru.store.database.applying import Applier
from kitaru.store.database.faults import newer_schema_error, opening_error
from kitaru.store.database.migrations import MIGRATIONS, migrate, schema_version
from kitaru.store.database.query import Query
from kitaru.store.database.reads import answer
from kitaru.store.database.sql import run_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from kitaru.store.database.applying import Quarantined
    from kitaru.store.database.rows import Row
    from kitaru.store.journal.record import JournalRecord

_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    # The journal can fill the database anew: the log of writes is short, so that opening is quick.
    "wal_autocheckpoint": "4MB",
    # Of a new file. What is read of one execution is a few kilobytes of each column, and blocks are read whole.
    "default_block_size": "65536",
    "memory_limit": "25%",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # A name in a query is a view, never a variable of this process.
    "python_enable_replacements": "false",
}
_GUARDED: Final = "exec_id, status, epoch, runner, waits_pending, parent_exec_id"
_COPIED_AT_ONCE: Final = 2**20
_PATIENCE: Final = 2.0
"""Seconds that closing leaves to who reads."""


class Database:
    """The rows of one Kitaru home, in one DuckDB file that only this process may open.

    Parameters
    ----------
    path
        The file; it and its folder are created where missing.
    read_only
        Open an existing file without changing it, for a look at a store that nobody owns.

    Raises
    ------
    KitaruStoreBusyError
        If another process holds the file; the message names it.
    KitaruStoreVersionError
        If a newer Kitaru wrote it.
    DatabaseDamagedError
        If it cannot be opened.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = Database(Path(folder) / "kitaru.duckdb")
    ...     database.position
    ...     database.close()
    0
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._writing = threading.RLock()
        self._lending = threading.Condition()
        self._lent: list[duckdb.DuckDBPyConnection] = []
        """Cursors in use: DuckDB refuses to close a connection while one of its cursors works."""
        self._parsed: dict[str, duckdb.Statement] = {}
        self._closed = False
        # A file lock is lost when a process closes any handle of the file: this one, once opened, stays open as
        # long as DuckDB has the lock.
        self._own_bytes: BinaryIO | None = None
        self._connection = _connect(path, read_only=read_only)
        try:
            self.schema_version = _prepare(self._connection, path, read_only=read_only)
            self._applier = Applier(self._connection, path)
        except BaseException as error:
            self._connection.close()
            raise _explained(path, error) from error

    @property
    def position(self) -> int:
        """Position of the last event that is in the rows."""
        return self._applier.position

    def clients(self) -> dict[str, tuple[int, list[Any]]]:
        """Return for each client the sequence of its last append and the answer to it; who appended last comes last."""
        with self._snapshot() as query:
            rows = query.rows('SELECT client, sequence, results FROM internal.clients ORDER BY "at"')
        return {row["client"]: (row["sequence"], row["results"]) for row in rows}

    def open_state(self) -> list[dict[str, Any]]:
        """Return what guards appends to every execution that has not ended, or has open jobs."""
        with self._writing, self._snapshot() as query:
            projection = self._applier.projection()
            jobs: dict[str, list[Row]] = {}
            for job in query.rows("FROM internal.jobs_open"):
                jobs.setdefault(job["exec_id"], []).append(job)
            found = [
                _guard(row, projection.open_waits(row["exec_id"]), jobs.pop(row["exec_id"], ()))
                for row in projection.open_rows()
            ]
            for exec_id, left in jobs.items():
                row = query.first(f"SELECT {_GUARDED} FROM internal.executions WHERE exec_id = ?", [exec_id])  # noqa: S608
                if row is not None:
                    found.append(_guard(row, (), left))
            return found

    def deployment_state(self) -> list[dict[str, Any]]:
        """Return what guards appends to deployments: every version ever made, with its tags."""
        with self._snapshot() as query:
            return answer(query, "deployment_state", {})  # type: ignore[no-any-return]

    def guard_state(self, exec_id: str) -> dict[str, Any] | None:
        """Return what guards appends to one execution, ended or not; None if there is no such execution."""
        with self._snapshot() as query:
            for table in ("executions_open", "executions"):
                row = query.first(f"SELECT {_GUARDED} FROM internal.{table} WHERE exec_id = ?", [exec_id])  # noqa: S608
                if row is not None:
                    waits = query.rows("SELECT name, deadline FROM internal.waits_open WHERE exec_id = ?", [exec_id])
                    return _guard(row, waits, query.rows("FROM internal.jobs_open WHERE exec_id = ?", [exec_id]))
        return None

    def apply(self, records: Sequence[JournalRecord]) -> list[Quarantined]:
        """Apply journal records, in their order; what was applied before is left out.

        Normally one transaction. If an event cannot be applied, the batch is cut until that event
        stands alone; it goes to the quarantine, and all others are applied.

        Returns
        -------
        list of Quarantined
            The events of these records that could not be applied.

        Raises
        ------
        KitaruStoreError
            If the database cannot be written, for example because the disk is full.
        """
        with self._writing:
            return self._applier.apply(records)

    def read(self, name: str, /, **parameters: Any) -> Any:
        """Answer a named read from one consistent view of the rows; see `kitaru.store.database.reads`.

        Raises
        ------
        KitaruUsageError
            If there is no such read, or it does not take these parameters.
        KitaruNotFoundError
            If what is asked for does not exist.
        """
        with self._snapshot() as query:
            return answer(query, name, parameters)

    def read_json(self, name: str, /, **parameters: Any) -> bytes:
        """Answer a named read in JSON, which takes less time than to read it and to write it out again.

        Raises
        ------
        KitaruUsageError, KitaruNotFoundError
            As `read` does.
        """
        with self._snapshot(orjson.Fragment) as query:
            return orjson.dumps(answer(query, name, parameters))

    def sql(
        self,
        query: str,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        timeout: float = 60.0,
        max_rows: int = 1_000_000,
        max_bytes: int = 512 * 2**20,
    ) -> bytes:
        """Answer a user's query over the public views.

        Parameters
        ----------
        query
            One statement that reads.
        parameters
            Values for ``?`` (a sequence) or ``$name`` (a mapping).
        timeout
            Seconds after which the query is stopped.
        max_rows, max_bytes
            Limits of the result.

        Returns
        -------
        bytes
            An Arrow IPC stream.

        Raises
        ------
        KitaruUsageError
            If the query does not only read, is wrong, or exceeds a limit.
        """
        with self._borrowed() as cursor:
            return run_query(cursor, query, parameters, timeout=timeout, max_rows=max_rows, max_bytes=max_bytes)

    def checkpoint(self) -> None:
        """Move everything from DuckDB's log of writes into its file."""
        with self._writing:
            self._connection.execute("CHECKPOINT")

    def backup_to(self, path: Path) -> None:
        """Copy the database into a new file, from which `Database` opens it.

        Raises
        ------
        KitaruUsageError
            If the file exists.
        """
        if path.exists():
            raise KitaruUsageError(f"{path} exists already. Choose another file for the backup, or remove it first.")
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._writing:
            self._connection.execute("CHECKPOINT")
            if self._own_bytes is None:
                self._own_bytes = self.path.open("rb")
            self._own_bytes.seek(0)
            with path.open("xb") as copy:
                shutil.copyfileobj(self._own_bytes, copy, _COPIED_AT_ONCE)
                copy.flush()
                os.fsync(copy.fileno())

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._call_in()
        self._parsed.clear()
        with self._writing:
            self._connection.close()
            if self._own_bytes is not None:
                self._own_bytes.close()

    @contextmanager
    def _borrowed(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lending:
            if self._closed:
                raise KitaruStoreError(f"{self.path} was closed meanwhile. Open the store again.")
            cursor = self._connection.cursor()
            self._lent.append(cursor)
        try:
            yield cursor
        finally:
            cursor.close()
            with self._lending:
                self._lent.remove(cursor)
                self._lending.notify_all()

    def _call_in(self) -> None:
        """Wait for who reads; whoever takes long is interrupted."""
        with self._lending:
            self._closed = True
            if not self._lending.wait_for(lambda: not self._lent, _PATIENCE):
                for cursor in self._lent:
                    cursor.interrupt()
                self._lending.wait_for(lambda: not self._lent, _PATIENCE)

    @contextmanager
    def _snapshot(self, document: Callable[[str], Any] = orjson.loads) -> Iterator[Query]:
        with self._borrowed() as cursor:
            # All statements of one answer see the rows as of one moment, whatever is applied meanwhile.
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            yield Query(cursor, document, self._parsed)


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    # DuckDB takes a tenth of a second to import: only who owns a database pays for it.
    import duckdb

    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return duckdb.connect(str(path), read_only=read_only, config=_CONFIG)
    except duckdb.Error as error:
        raise opening_error(path, error) from error


def _prepare(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> int:
    version = _checked_version(connection, path) if read_only else migrate(connection, path)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    # Whoever asks in SQL may neither read files nor change a setting, whatever the words of the query.
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return version


def _checked_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    version, known = schema_version(connection), max(MIGRATIONS)
    if version > known:
        raise newer_schema_error(path, version, known)
    if version < known:
        raise KitaruStoreVersionError(
            f"{path} has schema version {version}, older than this Kitaru's {known}, and is opened for reading only. "
            "Open the store once the usual way, which brings it up to date."
        )
    return version


def _explained(path: Path, error: BaseException) -> BaseException:
    import duckdb

    return opening_error(path, error) if isinstance(error, duckdb.Error) else error


def _guard(row: Row, waits: Sequence[Row], jobs: Sequence[Row]) -> dict[str, Any]:
    return {
        "exec_id": row["exec_id"],
        "status": row["status"],
        "epoch": row["epoch"],
        "runner": row["runner"],
        "waits_pending": list(row["waits_pending"]),
        "parent_exec_id": row["parent_exec_id"],
        "jobs": list(jobs),
        "deadlines": {wait["name"]: wait["deadline"] for wait in waits if wait["deadline"] is not None},
    }
