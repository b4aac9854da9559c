"""The database of one Kitaru home: rows that follow the journal, and answers from them."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from kitaru.errors import KitaruStoreError, KitaruUsageError
from kitaru.store.database.faults import newer_schema_error, opening_error
from kitaru.store.database.lookup import DatabaseLookup
from kitaru.store.database.migrations import MIGRATIONS, migrate, schema_version
from kitaru.store.database.projection import Projection
from kitaru.store.database.query import Query
from kitaru.store.database.reads import answer
from kitaru.store.database.sql import run_query
from kitaru.store.database.tables import Tables
from kitaru.store.events import CREATED, Event
from kitaru.store.journal.record import JournalRecord, end_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

    from kitaru.store.database.rows import Row

_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    # The journal can fill the database anew: the log of writes is short, so that opening is quick.
    "wal_autocheckpoint": "4MB",
    "memory_limit": "25%",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # A name in a query is a view, never a variable of this process.
    "python_enable_replacements": "false",
}
_SENSELESS: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)
_COPIED_AT_ONCE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event that could not be applied: it is kept beside the tables, and nothing waits for it."""

    position: int
    kind: str
    exec_id: str
    error: str


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
        # A file lock is lost when a process closes any handle of the file: this one, once opened, stays open as
        # long as DuckDB has the lock.
        self._own_bytes: BinaryIO | None = None
        self._connection = _connect(path, read_only=read_only)
        try:
            self.schema_version = _prepare(self._connection, path, read_only=read_only)
            self._lookup = DatabaseLookup(self._connection)
            self._tables = Tables(self._connection)
            self._load()
        except BaseException:
            self._connection.close()
            raise

    def clients(self) -> dict[str, tuple[int, list[Any]]]:
        """Return for each client the sequence of its last append, and the answer that it got."""
        rows = self._rows("SELECT client, sequence, results FROM internal.clients")
        return {row["client"]: (row["sequence"], row["results"]) for row in rows}

    def open_state(self) -> list[dict[str, Any]]:
        """Return what guards appends to every execution that has not ended."""
        with self._writing:
            return [_guard(row, self._projection.open_waits(row["exec_id"])) for row in self._projection.open_rows()]

    def guard_state(self, exec_id: str) -> dict[str, Any] | None:
        """Return what guards appends to one execution, ended or not; None if there is no such execution."""
        rows = self._rows("FROM internal.all_executions WHERE exec_id = ?", [exec_id])
        if not rows:
            return None
        return _guard(rows[0], self._rows("FROM internal.waits_open WHERE exec_id = ?", [exec_id]))

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
            if not records:
                return []
            batch = [event for record in records for event in _numbered(record, self.position)]
            end = max(self.position, end_of(records[-1]))
            found: list[Quarantined] = []
            self._apply(batch, end, {record["client"]: record for record in records if record["client"]}, found)
            return found

    def read(self, name: str, /, **parameters: Any) -> Any:
        """Answer a named read from one consistent view of the rows; see `kitaru.store.database.reads`.

        Raises
        ------
        KitaruUsageError
            If there is no such read, or it does not take these parameters.
        KitaruNotFoundError
            If what is asked for does not exist.
        """
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            return answer(Query(cursor), name, parameters)

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
        with closing(self._connection.cursor()) as cursor:
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
        with self._writing:
            self._connection.close()
            if self._own_bytes is not None:
                self._own_bytes.close()

    def _load(self) -> None:
        (row,) = Query(self._connection).rows("SELECT position FROM internal.applied")
        self.position: int = row["position"]
        self._projection = Projection(self._lookup, self._lookup.open_executions())

    def _apply(self, batch: list[Event], end: int, clients: dict[str, JournalRecord], found: list[Quarantined]) -> None:
        try:
            self._apply_at_once(batch, end, clients)
        except Exception as error:
            if not _is_senseless(error):
                raise KitaruStoreError(f"The database at {self.path} cannot be written: {error}") from error
            if len(batch) == 1:
                found.append(self._quarantine(batch[0], error))
                self._apply_at_once([], end, clients)
                return
            if not batch:
                raise
            middle = len(batch) // 2
            self._apply(batch[:middle], batch[middle - 1]["position"], {}, found)
            self._apply(batch[middle:], end, clients, found)

    def _apply_at_once(self, batch: list[Event], end: int, clients: dict[str, JournalRecord]) -> None:
        connection = self._connection
        connection.execute("BEGIN")
        try:
            self._refuse_existing(batch)
            for event in batch:
                self._projection.apply(event)
            changes = self._projection.take_changes()
            self._tables.write(changes)
            self._write_clients(clients)
            connection.execute("UPDATE internal.applied SET position = ?", [end])
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            self._load()
            raise
        self._projection.settle(changes)
        self.position = end

    def _refuse_existing(self, batch: list[Event]) -> None:
        created = [event["exec_id"] for event in batch if event["kind"] == CREATED]
        if created:
            query = "SELECT exec_id FROM internal.executions WHERE list_contains(?::VARCHAR[], exec_id)"
            known = self._connection.execute(query, [created]).fetchone()
            if known is not None:
                raise ValueError(f"execution {known[0]!r} exists already")

    def _write_clients(self, clients: dict[str, JournalRecord]) -> None:
        rows = [
            {"client": name, "sequence": record["sequence"], "results": record["results"], "at": record["time"]}
            for name, record in clients.items()
        ]
        if rows:
            query = "DELETE FROM internal.clients WHERE list_contains(?::VARCHAR[], client)"
            self._connection.execute(query, [list(clients)])
            self._tables.insert("clients", rows)

    def _quarantine(self, event: Event, error: Exception) -> Quarantined:
        entry = Quarantined(
            event["position"],
            str(event.get("kind")),
            str(event.get("exec_id")),
            f"{type(error).__name__}: {error}",
        )
        row: Row = {"position": entry.position, "kind": entry.kind, "exec_id": entry.exec_id, "error": entry.error}
        self._tables.insert("quarantine", [{**row, "event": event}])
        return entry

    def _rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return Query(self._connection.cursor()).rows(query, parameters)


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
    import duckdb

    try:
        if read_only:
            version = schema_version(connection)
            if version > max(MIGRATIONS):
                raise newer_schema_error(path, version, max(MIGRATIONS))
        else:
            version = migrate(connection, path)
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        # Whoever asks in SQL may neither read files nor change a setting, whatever the words of the query.
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        raise opening_error(path, error) from error
    return version


def _numbered(record: JournalRecord, after: int) -> list[Event]:
    first = record["position"]
    skipped = max(0, after + 1 - first)
    events = record["events"][skipped:]
    return [{**event, "position": first + skipped + i} for i, event in enumerate(events)]


def _guard(row: Row, waits: Sequence[Row]) -> dict[str, Any]:
    return {
        "exec_id": row["exec_id"],
        "status": row["status"],
        "epoch": row["epoch"],
        "runner": row["runner"],
        "waits_pending": list(row["waits_pending"]),
        "deadlines": {wait["name"]: wait["deadline"] for wait in waits if wait["deadline"] is not None},
    }


def _is_senseless(error: Exception) -> bool:
    """Whether an event is to blame, and not the disk or the memory."""
    import duckdb

    return isinstance(error, (*_SENSELESS, duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException))
