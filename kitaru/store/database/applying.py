"""Apply journal records to the database: one transaction for a batch, and no event that blocks the others."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.errors import KitaruStoreError
from kitaru.store.database.lookup import DatabaseLookup
from kitaru.store.database.projection import Projection
from kitaru.store.database.query import Query
from kitaru.store.database.tables import Tables
from kitaru.store.events import CREATED
from kitaru.store.journal.record import end_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from kitaru.store.database.rows import Row
    from kitaru.store.events import Event
    from kitaru.store.journal.record import JournalRecord

_REMEMBERED_SECONDS: Final = 7 * 86_400.0
"""How long a client is remembered that appends nothing; nobody repeats an append after so long."""

_SENSELESS: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event that could not be applied: it is kept beside the tables, and nothing waits for it."""

    position: int
    kind: str
    exec_id: str
    error: str


class Applier:
    """Brings the rows to what the journal says, in the order of positions; one thread at a time.

    `position` is that of the last event whose effect is in the rows.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._tables = Tables(connection)
        self._lookup = DatabaseLookup(connection)
        self._load()

    def projection(self) -> Projection:
        """Return the state of what is open, as the rows have it."""
        if self._is_unsure:
            self._load()
        return self._projection

    def apply(self, records: Sequence[JournalRecord]) -> list[Quarantined]:
        """Apply records; return the events that could not be applied."""
        if not records:
            return []
        self.projection()
        batch = [event for record in records for event in _numbered(record, self.position)]
        end = max(self.position, end_of(records[-1]))
        found: list[Quarantined] = []
        self._apply(batch, end, {record["client"]: record for record in records if record["client"]}, found)
        return found

    def _load(self) -> None:
        (row,) = Query(self._connection).rows("SELECT position FROM internal.applied")
        self.position: int = row["position"]
        self._projection = Projection(self._lookup, self._lookup.open_executions())
        self._is_unsure = False

    def _apply(self, batch: list[Event], end: int, clients: dict[str, JournalRecord], found: list[Quarantined]) -> None:
        """Apply a batch; if an event spoils it, cut it in halves until that event is alone."""
        try:
            self._apply_at_once(batch, end, clients)
        except Exception as error:
            if not batch or not _is_senseless(error):
                raise KitaruStoreError(f"The database {self._path} cannot be written: {error}") from error
            if len(batch) == 1:
                found.append(_quarantined(batch[0], error))
                self._apply_at_once([], end, clients, _quarantine_row(found[-1], batch[0]))
                return
            middle = len(batch) // 2
            self._apply(batch[:middle], batch[middle - 1]["position"], {}, found)
            self._apply(batch[middle:], end, clients, found)

    def _apply_at_once(
        self, batch: list[Event], end: int, clients: dict[str, JournalRecord], quarantined: Row | None = None
    ) -> None:
        projection = self.projection()
        self._connection.execute("BEGIN")
        try:
            self._refuse_existing(batch)
            for event in batch:
                projection.apply(event)
            changes = projection.take_changes()
            self._tables.write(changes)
            self._write_clients(clients)
            if quarantined is not None:
                self._tables.insert("quarantine", [quarantined])
            self._connection.execute("UPDATE internal.applied SET position = ?", [end])
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        projection.settle(changes)
        self.position = end

    def _roll_back(self) -> None:
        import duckdb

        # The projection may have gone half-way: it is loaded again before anybody uses it.
        self._is_unsure = True
        # A commit that fails has ended its transaction, and a database that failed for good answers nothing any
        # more: it is the first error that says why.
        with suppress(duckdb.Error):
            self._connection.execute("ROLLBACK")

    def _refuse_existing(self, batch: list[Event]) -> None:
        created = [str(event["exec_id"]) for event in batch if event["kind"] == CREATED]
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
            query = 'DELETE FROM internal.clients WHERE list_contains(?::VARCHAR[], client) OR "at" < ?'
            forgotten = max(record["time"] for record in clients.values()) - _REMEMBERED_SECONDS
            self._connection.execute(query, [list(clients), forgotten])
            self._tables.insert("clients", rows)


def _numbered(record: JournalRecord, after: int) -> list[Event]:
    first = record["position"]
    skipped = max(0, after + 1 - first)
    return [{**event, "position": first + skipped + i} for i, event in enumerate(record["events"][skipped:])]


def _quarantined(event: Event, error: Exception) -> Quarantined:
    return Quarantined(
        event["position"], str(event.get("kind")), str(event.get("exec_id")), f"{type(error).__name__}: {error}"
    )


def _quarantine_row(found: Quarantined, event: Event) -> dict[str, Any]:
    return {
        "position": found.position,
        "kind": found.kind,
        "exec_id": found.exec_id,
        "error": found.error,
        "event": _encodable(event),
    }


def _encodable(event: Event) -> Event | str:
    try:
        orjson.dumps(event)
    except TypeError:
        return ascii(event)
    return event


def _is_senseless(error: Exception) -> bool:
    """Whether an event is to blame, and not the disk or the memory."""
    import duckdb

    return isinstance(error, (*_SENSELESS, duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException))
