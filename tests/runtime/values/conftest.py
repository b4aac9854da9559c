from __future__ import annotations

import struct
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from kitaru.runtime.values import decode, encode
from kitaru.store.payloads import FilePayloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.store.value_record import ValueRecord


def is_same(left: Any, right: Any) -> bool:
    """Equal in type and value, all the way down; NaN is itself, and dicts keep their order."""
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is float:
        return struct.pack("d", left) == struct.pack("d", right)
    if kind is complex:
        return is_same(left.real, right.real) and is_same(left.imag, right.imag)
    if isinstance(left, list | tuple | deque):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, dict):
        return is_same(list(left.items()), list(right.items()))
    if isinstance(left, set | frozenset):
        return sorted(map(repr, left)) == sorted(map(repr, right))
    if kind is Decimal:
        return bool(left.as_tuple() == right.as_tuple())
    return bool(left == right)


@pytest.fixture(scope="session")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> FilePayloads:
    return FilePayloads(str(tmp_path_factory.mktemp("payloads")))


@pytest.fixture(scope="session")
def stored(payloads: FilePayloads) -> Callable[[Any], tuple[ValueRecord, Any]]:
    """Send a value through its record, and the record through JSON; return the record and the value that comes back."""

    def store(value: Any) -> tuple[ValueRecord, Any]:
        record = orjson.loads(orjson.dumps(encode(value, payloads)))
        return record, decode(record, payloads)

    return store


@pytest.fixture(scope="session")
def same() -> Callable[[Any, Any], bool]:
    return is_same
