"""What the public views are: for the documentation and ``kitaru sql --schema``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kitaru.store.database.migrations import migrate


def describe_views() -> list[tuple[str, str, str, str]]:
    """Return ``(view, column, type, comment)`` for every column of the public views.

    The views of an empty database are asked, so that no store is needed.

    Examples
    --------
    >>> describe_views()[0]
    ('executions', 'exec_id', 'VARCHAR', 'Id of the execution, for example kr-4f7q2m9x0c1d')
    """
    return list(_described()[1])


def describe_view_names() -> list[tuple[str, str]]:
    """Return ``(view, comment)`` for the public views.

    Examples
    --------
    >>> dict(describe_view_names())["executions"]
    'One row for each run of a flow.'
    """
    return list(_described()[0])


@cache
def _described() -> tuple[list[tuple[str, str]], list[tuple[str, str, str, str]]]:
    import duckdb

    with duckdb.connect() as connection:
        migrate(connection, Path(":memory:"))
        of_public_views = "schema_name = 'main' AND NOT internal"
        views = connection.execute(
            f"SELECT view_name, comment FROM duckdb_views() WHERE {of_public_views} ORDER BY view_oid"  # noqa: S608
        ).fetchall()
        columns = connection.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "  # noqa: S608
            f"WHERE {of_public_views} ORDER BY table_oid, column_index"
        ).fetchall()
    return [(view, comment) for view, comment in views], [(v, c, t, text) for v, c, t, text in columns]
