"""The schema's versions, and how a database gets from one to the next.

A migration and the record of it are one transaction. Views hold no data, so they are no
migration: they are made anew whenever their text is not the one that made them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kitaru.store.database.faults import newer_schema_error

if TYPE_CHECKING:
    import duckdb

Migration = Callable[["duckdb.DuckDBPyConnection"], None]

_HERE: Final = Path(__file__).parent


def _first(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute((_HERE / "schema_1.sql").read_text("utf-8"))


def _deployments(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute((_HERE / "schema_2.sql").read_text("utf-8"))


def _jobs(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute((_HERE / "schema_3.sql").read_text("utf-8"))


def _schedules(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute((_HERE / "schema_4.sql").read_text("utf-8"))


def _invokers(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute((_HERE / "schema_5.sql").read_text("utf-8"))


MIGRATIONS: Final[Mapping[int, Migration]] = MappingProxyType(
    {1: _first, 2: _deployments, 3: _jobs, 4: _schedules, 5: _invokers}
)


def migrate(connection: duckdb.DuckDBPyConnection, path: Path, migrations: Mapping[int, Migration] = MIGRATIONS) -> int:
    """Bring a database to the newest version that is known here; return that version.

    Raises
    ------
    KitaruStoreVersionError
        If the database is newer than that.
    """
    version = schema_version(connection)
    newest = max(migrations)
    if version > newest:
        raise newer_schema_error(path, version, newest)
    for number in range(version + 1, newest + 1):
        _apply(connection, number, migrations[number])
    _refresh_views(connection)
    return newest


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the version of a database's schema, 0 for an empty database."""
    if not _exists(connection, "migrations"):
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM internal.migrations").fetchone()
    return int(row[0]) if row else 0


def make_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Create or replace the public views."""
    connection.execute(_views_text())


def _apply(connection: duckdb.DuckDBPyConnection, number: int, migration: Migration) -> None:
    connection.execute("BEGIN")
    try:
        connection.execute("CREATE SCHEMA IF NOT EXISTS internal")
        connection.execute('CREATE TABLE IF NOT EXISTS internal.migrations (version BIGINT, "at" TIMESTAMPTZ)')
        migration(connection)
        connection.execute("INSERT INTO internal.migrations VALUES (?, now())", [number])
        # A migration may change what a view reads: forget which text made the views.
        connection.execute("CREATE OR REPLACE TABLE internal.views_made (digest VARCHAR)")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _refresh_views(connection: duckdb.DuckDBPyConnection) -> None:
    digest = sha256(_views_text().encode()).hexdigest()
    if connection.execute("SELECT digest FROM internal.views_made").fetchone() == (digest,):
        return
    connection.execute("BEGIN")
    try:
        make_views(connection)
        connection.execute("DELETE FROM internal.views_made")
        connection.execute("INSERT INTO internal.views_made VALUES (?)", [digest])
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    query = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'internal' AND table_name = ?"
    return connection.execute(query, [table]).fetchone() is not None


def _views_text() -> str:
    return (_HERE / "views.sql").read_text("utf-8")
