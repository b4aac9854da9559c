"""The quickest codec: values that JSON itself holds exactly, with no tags to look for when they are read."""

from __future__ import annotations

from math import isfinite
from types import NoneType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

# The record is nested in other JSON, and the parser stops at 254 levels.
MAX_DEPTH = 100

# Integers beyond 64 bits and lone surrogates are refused by the writer itself, which costs nothing here.
_ATOMS = frozenset({str, int, bool, NoneType})
_STRINGS = frozenset({str})


def is_plain(value: Any, depth: int = 0) -> bool:
    """Say whether `value` is made of exactly the types that JSON keeps: no subclasses, no tuples, no NaN.

    Examples
    --------
    >>> is_plain({"a": [1, 2.5, None]}), is_plain((1, 2)), is_plain(float("nan"))
    (True, False, False)
    """
    kind = type(value)
    if kind in _ATOMS:
        return True
    if kind is float:
        return isfinite(value)
    if depth >= MAX_DEPTH:
        return False
    if kind is dict:
        return _STRINGS.issuperset(map(type, value)) and _all_plain(value.values(), depth + 1)
    return kind is list and _all_plain(value, depth + 1)


def _all_plain(items: Collection[Any], depth: int) -> bool:
    return _ATOMS.issuperset(map(type, items)) or all(is_plain(item, depth) for item in items)
