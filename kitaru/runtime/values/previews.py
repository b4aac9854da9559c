"""Bounded, plain descriptions of values: what the service and the browser show without reading the value itself."""

from __future__ import annotations

import dataclasses
from itertools import islice
from math import isfinite
from typing import Any

import orjson

from kitaru.code.secret import is_secret

HIDDEN = "<hidden: it looks like a secret>"
MAX_BYTES = 2_048
MAX_LINE = 200
_MAX_TEXT = 1_200
_MAX_ITEMS = 20
_MAX_DEPTH = 4
_HEX_BYTES = 64
_STRINGS = frozenset({str})
_FEW = 8
_CELL = 40
# Browsers read larger integers as rounded ones.
_SAFE = 2**53
_CONTAINER_REPRS: frozenset[Any] = frozenset(kind.__repr__ for kind in (list, tuple, set, frozenset, dict))
_ARRAY_PACKAGES = frozenset({"numpy", "pandas", "polars", "pyarrow", "PIL"})


def preview(value: Any, name: str = "") -> dict[str, Any]:
    """Describe a value in at most 2 KB of JSON; never raises, whatever the value does.

    Parameters
    ----------
    value
        Anything, of any size; only a small part of a large value is looked at.
    name
        Of the argument that it was passed as, if it was; what is a secret by its name or its shape is not shown.

    Returns
    -------
    dict
        `kind` ("text", "json", "table", "image", "array", "object" or "bytes"), `text` (one line of at most 200
        characters) and what the kind has besides: `value` of a text; `data` of json, cut to a small tree; `columns`,
        `dtypes`, `shape` and `rows` of a table; `shape`, `dtype` and `values` of an array; `size` in pixels, `mode`
        and perhaps `png` (base64) of an image; `size` in bytes and `hex` of bytes; `type` of an object. `cut` is there
        if a part was left out because it did not fit.

    Examples
    --------
    >>> preview(42)
    {'kind': 'text', 'text': '42'}
    >>> preview([1, (2, 3)])
    {'kind': 'json', 'text': '[1, (2, 3)]', 'data': [1, [2, 3]]}
    >>> preview("open sesame", "password")
    {'kind': 'text', 'text': '<hidden: it looks like a secret>'}
    """
    kind = type(value)
    if value is None or kind is bool or kind is float or (kind is int and -(2**63) <= value < 2**63):
        return {"kind": "text", "text": repr(value)}
    try:
        if is_secret(name, value):
            return {"kind": "text", "text": HIDDEN}
        return _fitted(_described(value, kind))
    # A preview is never worth losing a value for, and a hostile __repr__ or property can raise anything.
    except Exception as error:
        return {
            "kind": "object",
            "text": clean(f"<{_safe_name(kind)}: no preview, {_safe_name(type(error))}>", MAX_LINE),
        }


def clean(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters and take out what could confuse a terminal or a page."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return cut if cut.isprintable() else "".join(char if char.isprintable() else " " for char in cut)


def line(value: Any, limit: int = MAX_LINE, depth: int = 0) -> str:
    """Describe `value` in one line like `repr` does, looking at no more of it than fits."""
    kind = type(value)
    if kind is str:
        return HIDDEN if is_secret("", value) else clean(repr(value if len(value) <= limit else value[:limit]), limit)
    if kind is int and value.bit_length() > 600:
        return f"<int of {value.bit_length()} bits>"
    if kind in (bytes, bytearray):
        return f"<{kind.__name__} of {len(value)} bytes>" if len(value) > _HEX_BYTES else repr(value)
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, (list, tuple, set, frozenset)) and _has_no_own_repr(kind):
        return _sequence_line(value, kind, limit, depth)
    if isinstance(value, dict) and _has_no_own_repr(kind):
        pairs = (f"{line(key, 40, depth + 1)}: {_named_line(key, item, limit, depth)}" for key, item in value.items())
        return "{" + _joined(pairs, len(value), limit) + "}"
    fields = _field_names(kind)
    if fields is not None:
        pairs = (f"{name}={_named_line(name, getattr(value, name, '…'), limit, depth)}" for name in fields)
        return f"{kind.__name__}({_joined(pairs, len(fields), limit)})"
    return clean(repr(value), limit)


def _named_line(name: Any, value: Any, limit: int, depth: int) -> str:
    return HIDDEN if type(name) is str and is_secret(name, value) else line(value, limit, depth + 1)


def _sequence_line(value: Any, kind: type, limit: int, depth: int) -> str:
    body = _joined((line(item, limit, depth + 1) for item in value), len(value), limit)
    if kind is list:
        return f"[{body}]"
    if kind is tuple:
        return f"({body},)" if len(value) == 1 else f"({body})"
    if kind is set and value:
        return f"{{{body}}}"
    return f"{kind.__name__}({body})"


def _joined(parts: Any, total: int, limit: int) -> str:
    shown: list[str] = []
    length = 0
    for part in islice(parts, _MAX_ITEMS):
        length += len(part) + 2
        shown.append(part)
        if length > limit:
            break
    text = ", ".join(shown)
    return clean(text if len(shown) == total else f"{text}, … {total - len(shown)} more", limit)


def _has_no_own_repr(kind: type) -> bool:
    return kind.__repr__ in _CONTAINER_REPRS


def _field_names(kind: type) -> list[str] | None:
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind) if field.repr]
    if hasattr(kind, "__attrs_attrs__"):
        return [attribute.name for attribute in kind.__attrs_attrs__ if attribute.repr is True]
    if "__pydantic_fields__" in kind.__dict__:
        return [name for name, field in kind.__dict__["__pydantic_fields__"].items() if field.repr]
    return None


def _described(value: Any, kind: type) -> dict[str, Any]:
    if kind is str:
        return _text(value)
    if kind is int:
        return {"kind": "text", "text": line(value)}
    if kind in (bytes, bytearray, memoryview):
        return _bytes(value, kind)
    if kind in (list, dict, tuple, set, frozenset):
        if len(value) <= _FEW and _are_short(value):
            data = value.copy() if kind is dict else list(value)
            return {"kind": "json", "text": clean(repr(value), MAX_LINE), "data": data}
        return {"kind": "json", "text": clean(line(value), MAX_LINE), "data": _tree(value, 0, _MAX_ITEMS)}
    if kind.__module__.partition(".")[0] in _ARRAY_PACKAGES:
        from kitaru.runtime.values.preview_arrays import describe

        described = describe(value)
        if described is not None:
            return described
    described = {"kind": "object", "text": clean(line(value), MAX_LINE), "type": _safe_name(kind)}
    names = _field_names(kind)
    if names:
        held = {name: getattr(value, name, None) for name in names[:_MAX_ITEMS]}
        described["data"] = _tree(held, 0, _MAX_ITEMS)
    return described


def _are_short(items: Any) -> bool:
    """Say whether a few of these surely fit, so that nothing has to be cut, cleaned, hidden or measured."""
    if type(items) is dict:
        if not _STRINGS.issuperset(map(type, items)) or any(map(is_secret, items, items.values())):
            return False
        return _are_short(items.keys()) and _are_short(items.values())
    for item in items:
        kind = type(item)
        if kind is str:
            if len(item) > _CELL or not item.isascii() or not item.isprintable() or is_secret("", item):
                return False
        elif kind is int:
            if not -_SAFE <= item <= _SAFE:
                return False
        elif item is not None and kind is not bool and not (kind is float and isfinite(item)):
            return False
    return True


def _text(value: str) -> dict[str, Any]:
    described: dict[str, Any] = {"kind": "text", "text": line(value), "value": _readable(value[:_MAX_TEXT])}
    if len(value) > _MAX_TEXT:
        described["length"] = len(value)
    return described


def _readable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)


def _bytes(value: Any, kind: type) -> dict[str, Any]:
    size: int = value.nbytes if kind is memoryview else len(value)
    head = bytes(value[:_HEX_BYTES]) if kind is not memoryview or value.c_contiguous else b""
    return {"kind": "bytes", "text": f"<{kind.__name__} of {size} bytes>", "size": size, "hex": head[:_HEX_BYTES].hex()}


def _tree(value: Any, depth: int, room: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int and -_SAFE <= value <= _SAFE:
        return value
    if kind is str:
        return HIDDEN if is_secret("", value) else _readable(value if len(value) <= 120 else value[:119] + "…")
    if kind in (dict, list, tuple, set, frozenset):
        if depth >= _MAX_DEPTH:
            return f"<{kind.__name__} of {len(value)}>"
        return _branches(value, kind, depth, room)
    return line(value, 80, depth) if kind is not float else (value if value - value == 0 else repr(value))


def _branches(value: Any, kind: type, depth: int, room: int) -> Any:
    shown = min(room, len(value))
    inner = max(2, room // 2)
    more = f"… {len(value) - shown} more" if len(value) > shown else None
    if kind is dict:
        pairs = islice(value.items(), shown)
        tree = {
            _key(key): HIDDEN if type(key) is str and is_secret(key, item) else _tree(item, depth + 1, inner)
            for key, item in pairs
        }
        return {**tree, "…": more} if more else tree
    items = [_tree(item, depth + 1, inner) for item in islice(value, shown)]
    return [*items, more] if more else items


def _key(key: Any) -> str:
    return clean(key, 60) if type(key) is str else line(key, 60)


def _fitted(described: dict[str, Any]) -> dict[str, Any]:
    """Leave out the bulkiest part until the rest fits."""
    for part in ("png", "rows", "values", "data", "value", "dtypes", "columns", None):
        try:
            if len(orjson.dumps(described)) <= MAX_BYTES:
                return described
        except orjson.JSONEncodeError:  # lone surrogates that were in the value
            return _without_surrogates(described)
        if part in described:
            described = {key: item for key, item in described.items() if key != part}
            described["cut"] = True
    return {"kind": described["kind"], "text": described["text"][:80]}


def _without_surrogates(described: dict[str, Any]) -> dict[str, Any]:
    plain = {key: item for key, item in described.items() if key in ("kind", "text", "value", "length", "type")}
    readable = {
        key: item.encode("utf-8", "replace").decode() if isinstance(item, str) else item for key, item in plain.items()
    }
    return _fitted(readable)


def _safe_name(kind: type) -> str:
    # type.__name__ itself, because a metaclass may have its own idea of attribute access.
    return clean(str(type.__getattribute__(kind, "__qualname__")), 80)
