"""Run a query and get plain rows: dicts with JSON columns decoded, or passed on as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

    from kitaru.store.database.rows import Row

_KEPT: Final = 256
"""Statements that are kept parsed; the reads have fewer, but for texts that are made of what they ask for."""


class Query:
    """Queries over one connection; `statements` counts them.

    Parameters
    ----------
    connection
        Where they run.
    document
        Makes a value of the text in a JSON column. With `orjson.Fragment` rows can only be written as JSON again, for
        which their documents need not be understood.
    parsed
        Statements by their texts, shared by all who ask the same: DuckDB reads a text for about as long as it plans it.

    Examples
    --------
    >>> import duckdb
    >>> Query(duckdb.connect()).rows("SELECT 1 AS a, json_object('b', 2) AS j")
    [{'a': 1, 'j': {'b': 2}}]
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        document: Callable[[str], Any] = orjson.loads,
        parsed: dict[str, duckdb.Statement] | None = None,
    ) -> None:
        self._connection = connection
        self._document = document
        self._parsed = {} if parsed is None else parsed
        self.statements = 0

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows."""
        result = self._run(query, parameters)
        description = result.description
        names = [column[0] for column in description]
        documents = [column[0] for column in description if str(column[1]) == "JSON"]
        rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
        document = self._document
        for name in documents:
            for row in rows:
                if row[name] is not None:
                    row[name] = document(row[name])
        return rows

    def arrays(self, query: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
        """Return the columns of numbers as NumPy arrays; none of them may have NULLs."""
        found: dict[str, Any] = self._run(query, parameters).fetchnumpy()
        return found

    def first(self, query: str, parameters: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""
        rows = self.rows(query, parameters)
        return rows[0] if rows else None

    def _run(self, query: str, parameters: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        self.statements += 1
        statement = self._parsed.get(query)
        if statement is None:
            (statement,) = self._connection.extract_statements(query)
            if len(self._parsed) >= _KEPT:
                self._parsed.clear()
            self._parsed[query] = statement
        return self._connection.execute(statement, list(parameters))
