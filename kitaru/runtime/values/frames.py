"""Tables of pandas, Polars and Arrow as Arrow IPC, where that gives back the very same table."""

from __future__ import annotations

import io
from typing import Any

from kitaru.runtime.values.digests import digest

# Arrow's own metadata has a place for the index of a frame, none for columns that are a range or for a lone series.
_RANGE = b"kitaru.columns"
_SERIES = b"kitaru.series"


class PandasCodec:
    """DataFrame and Series; index, dtypes and attrs must survive, else the value is pickled."""

    name = "pandas"

    def handles(self, value: Any) -> bool:
        """Take exactly the two classes of pandas, no subclasses."""
        import pandas as pd

        return type(value) in (pd.DataFrame, pd.Series)

    def encode(self, value: Any) -> memoryview | None:
        """Write an Arrow stream, or return None if it would not give back the same value."""
        content = digest(value)
        if content is None:
            return None
        try:
            data = _write_stream(_table_of(value))
            same = digest(self.decode(data)) == content
        # Mixed or unusual cells make Arrow raise errors of many classes.
        except Exception:
            return None
        return data if same else None

    def decode(self, data: bytes | memoryview) -> Any:
        """Read the Arrow stream."""
        import pandas as pd

        table = _read_stream(data)
        frame, marks = table.to_pandas(), table.schema.metadata or {}
        if _RANGE in marks:
            start, stop, step = map(int, marks[_RANGE].split())
            frame.columns = pd.RangeIndex(start, stop, step, name=frame.columns.name)
        if _SERIES not in marks:
            return frame
        series = frame.iloc[:, 0]
        series.name = None if marks[_SERIES] == b"unnamed" else series.name
        return series


class PolarsCodec:
    """Polars DataFrame and Series."""

    name = "polars"

    def handles(self, value: Any) -> bool:
        """Take the two eager classes of Polars."""
        import polars as pl

        return type(value) in (pl.DataFrame, pl.Series)

    def encode(self, value: Any) -> memoryview | None:
        """Write an IPC file, or return None if it would not give back the same value."""
        import polars as pl

        is_series = type(value) is pl.Series
        buffer = io.BytesIO()
        try:
            (value.to_frame() if is_series else value).write_ipc(buffer)
            buffer.seek(0, io.SEEK_END)
            buffer.write(b"s" if is_series else b"f")
            data = buffer.getbuffer()
            restored = self.decode(data)
        # Columns of Python objects make Polars raise, or panic with an error of its own.
        except Exception:
            return None
        content = digest(value)
        return data if content is not None and digest(restored) == content else None

    def decode(self, data: bytes | memoryview) -> Any:
        """Read the IPC file."""
        import polars as pl

        frame = pl.read_ipc(io.BytesIO(memoryview(data)[:-1]), use_pyarrow=False)
        return frame.to_series() if data[-1:] == b"s" else frame


class ArrowCodec:
    """Arrow tables and record batches."""

    name = "arrow"

    def handles(self, value: Any) -> bool:
        """Take the two classes that an Arrow stream holds exactly."""
        import pyarrow as pa

        return type(value) in (pa.Table, pa.RecordBatch)

    def encode(self, value: Any) -> memoryview:
        """Write an Arrow stream."""
        return _write_stream(value)

    def decode(self, data: bytes | memoryview) -> Any:
        """Read the Arrow stream."""
        import pyarrow as pa

        if data[-1:] == b"t":
            return _read_stream(data)
        with pa.ipc.open_stream(memoryview(data)[:-1]) as reader:
            return reader.read_next_batch()


def _table_of(value: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    if isinstance(value, pd.DataFrame):
        table = pa.Table.from_pandas(value)
        columns: Any = value.columns
        if not isinstance(columns, pd.RangeIndex):
            return table
        return _marked(table, _RANGE, b"%d %d %d" % (columns.start, columns.stop, columns.step))
    table = pa.Table.from_pandas(value.to_frame("values" if value.name is None else value.name))
    return _marked(table, _SERIES, b"unnamed" if value.name is None else b"named")


def _marked(table: Any, key: bytes, mark: bytes) -> Any:
    return table.replace_schema_metadata({**(table.schema.metadata or {}), key: mark})


def _write_stream(value: Any) -> memoryview:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, value.schema) as writer:
        writer.write(value)
    # The mark is at the end, because a reader maps the columns into the bytes and wants them aligned.
    sink.write(b"t" if isinstance(value, pa.Table) else b"b")
    return memoryview(sink.getvalue()).cast("B")


def _read_stream(data: bytes | memoryview) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(memoryview(data)[:-1]) as reader:
        return reader.read_all()
