from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from kitaru.views.terminal import ask


class Address(BaseModel):
    city: str


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Order(BaseModel):
    count: int = Field(description="how many", ge=1)
    size: Literal["small", "large"]
    address: Address
    note: str | None = None


def asked(schema: Any, *lines: str) -> tuple[Any, str]:
    """Type lines into a form; return the answer and what was shown."""
    described = None if schema is None else TypeAdapter(schema).json_schema()
    typed, shown = iter(lines), list[str]()

    def prompt(text: str) -> str:
        shown.append(text)
        return next(typed)

    answer = ask(described, "What?", prompt, shown.append)
    assert list(typed) == [], "everything that was typed was asked for"
    return answer, "\n".join(shown)


@pytest.mark.parametrize(
    ("schema", "lines", "answer"),
    [
        (bool, ["y"], True),
        (bool, ["No"], False),
        (bool, ["perhaps", "", "n"], False),
        (int, ["42"], 42),
        (float, ["1.5"], 1.5),
        (str, ["42"], "42"),
        (Literal["red", "blue"], ["2"], "blue"),
        (Literal["red", "blue"], ["red"], "red"),
        (Literal["red", "blue"], ["green", "9", "red"], "red"),
        (list[int], ["1", "two", "2", ""], [1, 2]),
        (list[Address], ["y", "Turku", "n"], [{"city": "Turku"}]),
        (tuple[int, str], ["1", "a"], [1, "a"]),
        (dict[str, int], ['{"a": 1}'], {"a": 1}),
        (int | None, [""], None),
        (Annotated[Cat | Dog, Field(discriminator="kind")], ["Dog", "Rex"], {"kind": "dog", "name": "Rex"}),
        (Cat, [""], {"kind": "cat", "lives": 9}),
        (None, [""], None),
        (
            Order,
            ["2", "large", "Turku", ""],
            {"count": 2, "size": "large", "address": {"city": "Turku"}, "note": None},
        ),
    ],
)
def test_a_form_asks_as_the_schema_says(schema: Any, lines: list[str], answer: Any) -> None:
    assert asked(schema, *lines)[0] == answer


def test_only_the_field_that_is_wrong_is_asked_again() -> None:
    answer, shown = asked(Order, "0", "1", "1", "Turku", "")
    assert answer["count"] == 1
    assert "Give 1 or more." in shown
    assert shown.count("City") == 1


def test_a_form_asks_again_until_the_answer_fits() -> None:
    answer, shown = asked(int, "many", "3")
    assert answer == 3
    assert "Give a whole number." in shown


def test_a_form_shows_descriptions_and_limits() -> None:
    shown = asked(Order, "1", "1", "Turku", "")[1]
    assert "Count, how many (a whole number, 1 or more): " in shown


def test_who_leaves_the_form_leaves_the_question_open() -> None:
    def prompt(text: str) -> str:
        raise EOFError

    with pytest.raises(EOFError):
        ask({"type": "integer"}, "What?", prompt)
