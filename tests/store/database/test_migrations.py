"""The schema's versions: an older database is brought up, a newer one is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from kitaru.errors import KitaruStoreVersionError
from kitaru.store.database import Database
from kitaru.store.database import rows as blanks
from kitaru.store.database.migrations import MIGRATIONS, migrate, schema_version
from tests.store.database.histories import E1, MEMORY, apply, claimed, completed, created, started

if TYPE_CHECKING:
    from pathlib import Path

NEWEST = max(MIGRATIONS)


def add_colour(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("ALTER TABLE internal.executions ADD COLUMN colour VARCHAR DEFAULT 'red'")
    connection.execute("ALTER TABLE internal.executions_open ADD COLUMN colour VARCHAR DEFAULT 'red'")


def fail_half_way(connection: duckdb.DuckDBPyConnection) -> None:
    add_colour(connection)
    raise RuntimeError("power cut")


def store(path: Path) -> None:
    database = Database(path)
    apply(database, created(), claimed(), started("a"), completed("a"))
    database.close()


def test_an_empty_database_gets_the_newest_schema() -> None:
    with duckdb.connect() as connection:
        assert schema_version(connection) == 0
        assert migrate(connection, MEMORY) == NEWEST
        assert schema_version(connection) == NEWEST


def test_an_older_database_keeps_its_rows_and_gets_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "k.duckdb"
    store(path)
    with duckdb.connect(str(path)) as connection:
        assert migrate(connection, path, {**MIGRATIONS, NEWEST + 1: add_colour}) == NEWEST + 1
        assert connection.execute("SELECT exec_id, colour FROM internal.all_executions").fetchall() == [(E1, "red")]
        assert connection.execute("SELECT flow FROM executions").fetchall() == [("f",)]
        assert migrate(connection, path, {**MIGRATIONS, NEWEST + 1: fail_half_way}) == NEWEST + 1


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "k.duckdb"
    store(path)
    with duckdb.connect(str(path)) as connection, pytest.raises(RuntimeError, match="power cut"):
        migrate(connection, path, {**MIGRATIONS, NEWEST + 1: fail_half_way})
    database = Database(path)
    assert database.schema_version == NEWEST
    assert database.read("executions")["total"] == 1
    database.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_database_is_left_alone_and_the_message_says_what_to_install(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "k.duckdb"
    store(path)
    with duckdb.connect(str(path)) as connection:
        migrate(connection, path, {**MIGRATIONS, NEWEST + 1: add_colour})
    before = path.read_bytes()
    with pytest.raises(KitaruStoreVersionError) as caught:
        Database(path, read_only=read_only)
    assert f"schema version {NEWEST + 1}" in str(caught.value)
    assert "pip install -U kitaru-jupyter" in str(caught.value)
    assert path.read_bytes() == before


def test_views_of_another_text_are_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "k.duckdb"
    store(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE OR REPLACE VIEW executions AS SELECT 1 AS old")
        connection.execute("UPDATE internal.views_made SET digest = 'another'")
    database = Database(path)
    assert b"exec_id" in database.sql("FROM executions")
    database.close()


@pytest.mark.parametrize(
    ("table", "blank"),
    [("executions", blanks.EXECUTION), ("calls", blanks.CALL), ("waits", blanks.WAIT), ("llm_calls", blanks.LLM_CALL)],
)
def test_the_projection_fills_every_column(table: str, blank: blanks.Row) -> None:
    with duckdb.connect() as connection:
        migrate(connection, MEMORY)
        query = "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'internal' AND table_name = ?"
        for name in (table, f"{table}_open"):
            columns = {column for (column,) in connection.execute(query, [name]).fetchall()}
            assert columns in (set(blank), set())
        assert columns or table == "llm_calls"
