"""Recorded values as plain JSON."""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from kitaru.runtime.values import encode
from kitaru.store.payloads import FilePayloads
from kitaru.store.service.plain import plain_result

if TYPE_CHECKING:
    from pathlib import Path


class Colour(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Report:
    topic: str
    parts: tuple[int, ...]


class Model(BaseModel):
    name: str
    when: date


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        ({"a": [1, "b", 2.5]}, {"a": [1, "b", 2.5]}),
        ((1, (2,)), [1, [2]]),
        ({1, 2}, [1, 2]),
        ({1: "a"}, [[1, "a"]]),
        (OrderedDict(a=1), {"a": 1}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (deque([1, 2], maxlen=3), [1, 2]),
        (Point(1, 2), [1, 2]),
        (Report("cats", (1, 2)), {"topic": "cats", "parts": [1, 2]}),
        (Model(name="n", when=date(2026, 1, 2)), {"name": "n", "when": "2026-01-02"}),
        (Colour.RED, "RED"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (datetime(2026, 7, 2, 3, tzinfo=ZoneInfo("Europe/Berlin")), "2026-07-02T03:00:00+02:00"),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=-5))), "2026-01-02T03:00:00-05:00"),
        (datetime(2026, 1, 2, 3), "2026-01-02T03:00:00"),
        (time(3, 4), "03:04:00"),
        (Decimal("1.50"), "1.50"),
        (Fraction(1, 3), [1, 3]),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a"), "/a"),
        (float("inf"), "inf"),
        (b"ab", None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_become_what_json_knows(value: Any, plain: Any, tmp_path: Path) -> None:
    payloads = FilePayloads(str(tmp_path))
    record = encode(value, payloads)
    assert plain_result(record, payloads) == (plain, record["codec"].startswith("json"))


def test_a_large_value_is_read_from_its_payload(tmp_path: Path) -> None:
    payloads = FilePayloads(str(tmp_path))
    value = ["x" * 100] * 1000
    assert plain_result(encode(value, payloads), payloads) == (value, True)


def test_what_is_pickled_is_not_read(tmp_path: Path) -> None:
    payloads = FilePayloads(str(tmp_path))
    assert plain_result(encode(lambda: 1, payloads), payloads) == (None, False)


def test_a_tag_of_a_newer_version_is_not_guessed(tmp_path: Path) -> None:
    record = {"codec": "json-tagged", "size": 1, "inline": {"$kitaru": "new", "v": 1}}
    assert plain_result(record, FilePayloads(str(tmp_path))) == (None, False)
