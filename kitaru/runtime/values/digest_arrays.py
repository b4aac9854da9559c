"""Content of arrays, frames, tables and images as parts that can be digested: types, labels and values.

Nothing here depends on how a library happens to lay out its memory (chunks, blocks, bytes under nulls), nor on
its own hash functions, because those change from version to version.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import Any


def array_parts(value: Any) -> list[Any] | None:
    """Return what identifies `value`, or None if its class is not one of those known here."""
    package = type(value).__module__.partition(".")[0]
    return _PARTS[package](value)


def _numpy_parts(value: Any) -> list[Any] | None:
    np: Any = sys.modules["numpy"]
    if isinstance(value, np.generic):
        return ["scalar", *_array(np, np.asarray(value))]
    return _array(np, value) if type(value) is np.ndarray else None


def _array(np: Any, array: Any) -> list[Any]:
    described = array.dtype.str if array.dtype.names is None else repr(array.dtype.descr)
    if array.dtype.hasobject:
        return [repr(array.dtype), list(array.shape), array.ravel().tolist()]
    whole = np.ascontiguousarray(array)
    return [
        described,
        list(array.shape),
        sha256(whole.view(np.uint8).data if whole.ndim and whole.size else whole.tobytes()).digest(),
    ]


def _pandas_parts(value: Any) -> list[Any] | None:
    pd: Any = sys.modules["pandas"]
    if isinstance(value, pd.DataFrame):
        columns = [_column(pd, value.iloc[:, position]) for position in range(value.shape[1])]
        return [
            "frame",
            _index(pd, value.columns),
            _index(pd, value.index),
            columns,
            value.attrs,
            value.flags.allows_duplicate_labels,
        ]
    if isinstance(value, pd.Series):
        return ["series", value.name, _index(pd, value.index), _column(pd, value), value.attrs]
    return _index(pd, value) if isinstance(value, pd.Index) else None


def _index(pd: Any, index: Any) -> list[Any]:
    kind = type(index).__name__
    if isinstance(index, pd.RangeIndex):
        return [kind, index.start, index.stop, index.step, index.name]
    if isinstance(index, pd.MultiIndex):
        levels = [_column(pd, index.get_level_values(level)) for level in range(index.nlevels)]
        return [kind, list(index.names), levels]
    return [kind, index.name, str(getattr(index, "freq", None)), _column(pd, index)]


def _column(pd: Any, column: Any) -> list[Any]:
    np: Any = sys.modules["numpy"]
    dtype, held = repr(column.dtype), column.array
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [dtype, _index(pd, held.categories), bool(held.ordered), _array(np, held.codes)]
    if isinstance(column.dtype, (pd.DatetimeTZDtype, pd.PeriodDtype)):
        return [dtype, _array(np, held.asi8)]
    plain = column.to_numpy()
    if isinstance(column.dtype, np.dtype) and not plain.dtype.hasobject:
        return [dtype, *_array(np, plain)]
    return [dtype, column.to_numpy(dtype=object).tolist()]


def _polars_parts(value: Any) -> list[Any] | None:
    pl: Any = sys.modules["polars"]
    if isinstance(value, pl.DataFrame):
        return ["frame", list(value.columns), value.height, [_polars_column(series) for series in value.get_columns()]]
    return ["series", value.name, _polars_column(value)] if isinstance(value, pl.Series) else None


def _polars_column(series: Any) -> list[Any]:
    if (
        series.dtype.is_numeric()
        and not series.null_count()
        and "Decimal" not in repr(series.dtype)
        and "numpy" in sys.modules
    ):
        return [repr(series.dtype), *_array(sys.modules["numpy"], series.to_numpy())]
    return [repr(series.dtype), series.to_list()]


def _arrow_parts(value: Any) -> list[Any] | None:
    pa: Any = sys.modules["pyarrow"]
    if isinstance(value, (pa.Table, pa.RecordBatch)):
        columns = [_arrow_column(pa, value.column(position)) for position in range(value.num_columns)]
        return [value.schema.serialize().to_pybytes(), value.num_rows, columns]
    return _arrow_column(pa, value) if isinstance(value, (pa.Array, pa.ChunkedArray)) else None


def _arrow_column(pa: Any, column: Any) -> list[Any]:
    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if numeric and not column.null_count and "numpy" in sys.modules:
        values = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
        return [str(kind), *_array(sys.modules["numpy"], values)]
    return [str(kind), column.to_pylist()]


def _image_parts(value: Any) -> list[Any] | None:
    image: Any = sys.modules["PIL.Image"]
    if not isinstance(value, image.Image):
        return None
    palette = None if value.palette is None else [value.palette.mode, bytes(value.palette.palette)]
    return [value.mode, list(value.size), sha256(value.tobytes()).digest(), palette, value.info]


_PARTS = {
    "numpy": _numpy_parts,
    "pandas": _pandas_parts,
    "polars": _polars_parts,
    "pyarrow": _arrow_parts,
    "PIL": _image_parts,
}
