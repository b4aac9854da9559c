"""A user's own question in SQL: read-only, bounded in time, rows and bytes, answered as an Arrow stream.

What may run is decided by DuckDB's parser (exactly one statement that reads), by its settings (no
files, no changes of settings) and by a read-only transaction, never by looking for words in the query.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_ROWS_AT_ONCE: Final = 10_000


def run_query(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    parameters: Mapping[str, Any] | Sequence[Any] | None = None,
    *,
    timeout: float,
    max_rows: int,
    max_bytes: int,
) -> bytes:
    """Run one reading statement on a connection of its own; return an Arrow IPC stream.

    Raises
    ------
    KitaruUsageError
        If the query is not one statement that reads, is wrong, or exceeds a limit.
    """
    import duckdb

    _check(query, parameters)
    expired = threading.Event()
    with _deadline(connection, timeout, expired):
        try:
            connection.execute("BEGIN TRANSACTION READ ONLY")
            # A relation streams its rows; `execute` would first hold them all in memory.
            result = connection.sql(query, params=_bound(parameters)).to_arrow_reader(_ROWS_AT_ONCE)
            return _stream(result, expired, max_rows=max_rows, max_bytes=max_bytes)
        except (duckdb.Error, OSError, RuntimeError) as error:
            if expired.is_set() or isinstance(error, _ExpiredError):
                raise KitaruUsageError(
                    f"The query was stopped after {timeout:g} s. Narrow it with WHERE or LIMIT, or raise its timeout."
                ) from None
            raise _explained(connection, error) from None


class _ExpiredError(RuntimeError):
    """The time of a query is over while its rows are written."""


def _check(query: str, parameters: Mapping[str, Any] | Sequence[Any] | None) -> None:
    import duckdb

    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise KitaruUsageError(f"This is not SQL that DuckDB understands. {error}") from None
    if len(statements) != 1:
        raise KitaruUsageError(f"Give exactly one statement, not {len(statements)}.")
    (statement,) = statements
    kind = statement.type.name
    if kind == "MULTI":
        raise KitaruUsageError("PIVOT needs its values here: PIVOT ... ON column IN ('a', 'b').")
    if kind not in ("SELECT", "EXPLAIN"):
        raise KitaruUsageError(
            f"{kind} is not allowed here: the store is read with SELECT, FROM, WITH, DESCRIBE, SUMMARIZE and EXPLAIN. "
            "Only flows and the client write to it."
        )
    wanted = {str(name) for name in statement.named_parameters}
    given = set(parameters) if isinstance(parameters, Mapping) else {str(i + 1) for i in range(len(parameters or ()))}
    if wanted != given:
        raise KitaruUsageError(
            f"The query has the parameters {_names(wanted)}, and values are given for {_names(given)}. "
            "Write ? with a list of values, or $name with a mapping."
        )


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _bound(parameters: Mapping[str, Any] | Sequence[Any] | None) -> dict[str, Any] | list[Any]:
    return dict(parameters) if isinstance(parameters, Mapping) else list(parameters or ())


@contextmanager
def _deadline(connection: duckdb.DuckDBPyConnection, timeout: float, expired: threading.Event) -> Iterator[None]:
    def stop() -> None:
        expired.set()
        connection.interrupt()

    timer = threading.Timer(timeout, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # The connection is closed next: an interrupt that is on its way has to have happened.
        timer.join()


def _stream(batches: pa.RecordBatchReader, expired: threading.Event, *, max_rows: int, max_bytes: int) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    rows = 0
    schema = _with_plain_integers(batches.schema)
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            rows += batch.num_rows
            if expired.is_set():
                raise _ExpiredError
            if rows > max_rows:
                raise KitaruUsageError(
                    f"The result has more than {max_rows:,} rows. Narrow it with WHERE, aggregate it, add LIMIT, "
                    "or raise max_rows."
                )
            writer.write_batch(_cast(batch, schema))
            if sink.tell() > max_bytes:
                raise KitaruUsageError(
                    f"The result is larger than {max_bytes / 2**20:,.0f} MiB. Name the columns that you need, "
                    "narrow it with WHERE, or add LIMIT."
                )
    stream: bytes = sink.getvalue().to_pybytes()
    return stream


def _with_plain_integers(schema: pa.Schema) -> pa.Schema:
    """Replace 128-bit integers, which DuckDB's sums are and pandas shows as objects, by 64-bit ones."""
    import pyarrow as pa

    huge = pa.decimal128(38, 0)
    return pa.schema([field.with_type(pa.int64()) if field.type == huge else field for field in schema])


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    if batch.schema == schema:
        return batch
    try:
        return batch.cast(schema)
    except pa.ArrowInvalid as error:
        raise KitaruUsageError(
            f"An integer of the result needs more than 64 bits: CAST it to DOUBLE. {error}"
        ) from None


def _explained(connection: duckdb.DuckDBPyConnection, error: Exception) -> KitaruUsageError:
    import duckdb

    text = str(error).strip()
    if isinstance(error, duckdb.OutOfMemoryException):
        return KitaruUsageError(f"The query needs more memory than it may take. Narrow it. DuckDB: {text}")
    if isinstance(error, duckdb.PermissionException):
        return KitaruUsageError(f"A query reads the store's views, no files and no network. DuckDB: {text}")
    if isinstance(error, duckdb.CatalogException) and "Table with name" in text:
        return KitaruUsageError(f"{text}\nThe views are: {', '.join(_views(connection))}.")
    return KitaruUsageError(text)


def _views(connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal ORDER BY 1"
    return [row[0] for row in connection.cursor().execute(query).fetchall()]
