"""Previews of arrays, tables and images; each looks at the first few elements only."""

from __future__ import annotations

import io
import sys
from base64 import b64encode
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from kitaru.code.secret import is_secret
from kitaru.runtime.values.previews import HIDDEN, clean, line

_ROWS = 5
_COLUMNS = 8
_VALUES = 10
_CELL = 24
_NAME = 40
_THUMBNAIL_BYTES = 900
_THUMBNAIL_PIXELS = (48, 32, 16)


def describe(value: Any) -> dict[str, Any] | None:
    """Describe a value of NumPy, pandas, Polars, Arrow or Pillow; None if its class has no special form."""
    package = type(value).__module__.partition(".")[0]
    return _DESCRIBE[package](value)


def _numpy(value: Any) -> dict[str, Any] | None:
    np: Any = sys.modules["numpy"]
    if isinstance(value, np.generic):
        return {"kind": "text", "text": clean(repr(value), 200)}
    return _array(value, "ndarray") if isinstance(value, np.ndarray) else None


def _array(value: Any, name: str) -> dict[str, Any]:
    shape, dtype = [int(length) for length in value.shape], clean(str(value.dtype), _NAME)
    head = value.reshape(-1)[:_VALUES] if value.flags.c_contiguous else value.flat[:_VALUES]
    return {
        "kind": "array",
        "text": f"{name} {' x '.join(map(str, shape)) or 'scalar'} of {dtype}",
        "shape": shape,
        "dtype": dtype,
        "values": [_cell(item) for item in head.tolist()],
    }


def _pandas(value: Any) -> dict[str, Any] | None:
    pd: Any = sys.modules["pandas"]
    if isinstance(value, pd.DataFrame):
        head = value.iloc[:_ROWS, :_COLUMNS]
        columns = [head.iloc[:, position].tolist() for position in range(head.shape[1])]
        return _table("DataFrame", list(head.columns), list(head.dtypes), value.shape, columns)
    if isinstance(value, pd.Series):
        return _table("Series", [value.name], [value.dtype], (len(value), 1), [value.iloc[:_ROWS].tolist()])
    return None


def _polars(value: Any) -> dict[str, Any] | None:
    pl: Any = sys.modules["polars"]
    if isinstance(value, pl.DataFrame):
        head = value[:_ROWS, :_COLUMNS]
        columns = [series.to_list() for series in head.get_columns()]
        return _table("DataFrame", head.columns, head.dtypes, value.shape, columns)
    if isinstance(value, pl.Series):
        return _table("Series", [value.name], [value.dtype], (len(value), 1), [value[:_ROWS].to_list()])
    return None


def _arrow(value: Any) -> dict[str, Any] | None:
    pa: Any = sys.modules["pyarrow"]
    if not isinstance(value, (pa.Table, pa.RecordBatch)):
        return None
    shown = range(min(_COLUMNS, value.num_columns))
    columns = [value.column(position).slice(0, _ROWS).to_pylist() for position in shown]
    names = [value.schema.field(position).name for position in shown]
    dtypes = [value.schema.field(position).type for position in shown]
    return _table(type(value).__name__, names, dtypes, (value.num_rows, value.num_columns), columns)


def _table(
    name: str, columns: list[Any], dtypes: list[Any], shape: tuple[int, int], values: list[list[Any]]
) -> dict[str, Any]:
    return {
        "kind": "table",
        "text": f"{name} {shape[0]} x {shape[1]}: " + clean(", ".join(map(_label, columns)), 140),
        "columns": [_label(column) for column in columns],
        "dtypes": [clean(str(dtype), _NAME) for dtype in dtypes],
        "shape": [int(length) for length in shape],
        "rows": [
            [_cell(item, name) for name, item in zip(columns, row, strict=True)] for row in zip(*values, strict=True)
        ],
    }


def _label(name: Any) -> str:
    return clean(name, _NAME) if isinstance(name, str) else line(name, _NAME)


def _cell(item: Any, column: Any = "") -> str:
    if is_secret(column if isinstance(column, str) else "", item):
        return HIDDEN
    if isinstance(item, date | time | timedelta | Decimal):
        item = str(item)  # as tables show them
    return clean(item, _CELL) if isinstance(item, str) else line(item, _CELL)


def _image(value: Any) -> dict[str, Any] | None:
    image: Any = sys.modules["PIL.Image"]
    if not isinstance(value, image.Image):
        return None
    width, height = value.size
    described = {
        "kind": "image",
        "text": f"image {width} x {height} {value.mode}",
        "size": [width, height],
        "mode": value.mode,
    }
    thumbnail = _thumbnail(value, image)
    return described if thumbnail is None else {**described, "png": thumbnail}


def _thumbnail(value: Any, image: Any) -> str | None:
    for pixels in _THUMBNAIL_PIXELS:
        scale = min(1.0, pixels / max(value.size))
        size = tuple(max(1, round(length * scale)) for length in value.size)
        buffer = io.BytesIO()
        # The first, coarse step reads a huge image without copying it at full size.
        small = value.resize(size, resample=image.Resampling.BOX, reducing_gap=2.0)
        small.convert("RGBA" if small.mode in ("LA", "PA", "RGBA") else "RGB").save(buffer, format="PNG", optimize=True)
        if buffer.tell() <= _THUMBNAIL_BYTES:
            return b64encode(buffer.getvalue()).decode("ascii")
    return None


_DESCRIBE = {"numpy": _numpy, "pandas": _pandas, "polars": _polars, "pyarrow": _arrow, "PIL": _image}
