from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, TypeAdapter

from kitaru.store.json_schema import problems_of


class Colour(Enum):
    RED = "red"


class Item(BaseModel):
    name: str
    tags: list[str] = []
    part: Item | None = None


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (bool, True, "true"),
        (int, 3, 3.5),
        (int, 3, True),
        (float, 3, "3"),
        (str, "", 1),
        (None, None, 0),
        (int | None, None, "x"),
        (Literal["a", "b"], "b", "c"),
        (Colour, "red", "blue"),
        (list[int], [1], [1, "2"]),
        (tuple[int, str], [1, "a"], ["a", 1]),
        (dict[str, int], {"a": 1}, {"a": "1"}),
        (date, "2026-05-01", "yesterday"),
        (datetime, "2026-05-01T12:00:00", "noon"),
        (UUID, "12345678-1234-5678-1234-567812345678", "12"),
        (Item, {"name": "a", "part": {"name": "b"}}, {"name": "a", "part": {"nome": "b"}}),
    ],
)
def test_what_pydantic_takes_is_taken_and_what_it_refuses_is_refused(schema: Any, good: Any, bad: Any) -> None:
    described = TypeAdapter(schema).json_schema()
    assert problems_of(described, good) == []
    assert problems_of(described, bad) != []


def test_every_broken_place_is_named() -> None:
    described = Item.model_json_schema()
    problems = problems_of(described, {"name": 1, "tags": ["ok", 2]})
    assert [problem.partition(":")[0] for problem in problems] == ["$.name", "$.tags[1]"]


def test_of_an_optional_value_the_message_tells_all_that_fits() -> None:
    (problem,) = problems_of(TypeAdapter(int | None).json_schema(), "x")
    assert "'integer'" in problem
    assert "'null'" in problem
