"""``kitaru sql``: the recorded history as tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, say, show_items
from kitaru.errors import KitaruUsageError


@command("sql")
def sql(
    query: Annotated[
        str | None, typer.Argument(help="One statement that reads; - reads it from standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the statement from a file.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Show the views and their columns.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Ask the recorded history in SQL. For example: kitaru sql "FROM executions ORDER BY started_at DESC LIMIT 5"."""
    if schema:
        _schema(output)
        return
    from kitaru.client import KitaruClient

    table = KitaruClient().sql(_statement(query, file), as_="arrow")
    rows = table.to_pylist()

    def text() -> None:
        from kitaru.cli.tables import counted, show_table

        show_table(table.column_names, [[_cell(value) for value in row.values()] for row in rows], whole=_ids(table))
        say(counted(len(rows), "row"))

    show_items("sql", output, rows, text)


def _statement(query: str | None, file: Path | None) -> str:
    if (query is None) == (file is None):
        raise KitaruUsageError("Give a query or --file, and not both; --schema shows what can be asked.")
    if file is not None:
        try:
            return file.read_text(encoding="utf-8")
        except OSError as error:
            raise KitaruUsageError(f"{file} cannot be read: {error.strerror}") from None
    return sys.stdin.read() if query == "-" else str(query)


def _schema(output: Format) -> None:
    from kitaru.cli.tables import show_table, title
    from kitaru.store.database.views import describe_view_names, describe_views

    names, columns = dict(describe_view_names()), describe_views()

    def text() -> None:
        for view, comment in names.items():
            title(f"{view}: {comment}")
            rows = [(column, kind, told) for of, column, kind, told in columns if of == view]
            show_table(("COLUMN", "TYPE", "MEANING"), rows, whole=("COLUMN",))

    items = [{"view": of, "column": column, "type": kind, "meaning": told} for of, column, kind, told in columns]
    show_items("sql", output, items, text)


def _ids(table: Any) -> tuple[str, ...]:
    return tuple(name for name in table.column_names if name.endswith("_id"))


def _cell(value: Any) -> str:
    from datetime import datetime

    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def add_to(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("sql")(sql)
