from __future__ import annotations

from typing import Any, Literal

import pytest
import typer
from pydantic import BaseModel, Field, TypeAdapter
from typer.testing import CliRunner

from kitaru.cli.forms import ask


class Address(BaseModel):
    city: str


class Order(BaseModel):
    count: int = Field(description="how many")
    size: Literal["small", "large"]
    address: Address
    note: str | None = None


def asked(schema: Any, *lines: str) -> tuple[Any, str]:
    """Type lines into a form; return the answer and what was shown."""
    answers: list[Any] = []
    app = typer.Typer()
    described = None if schema is None else TypeAdapter(schema).json_schema()

    @app.command()
    def run() -> None:
        answers.append(ask(described, "What?"))

    result = CliRunner().invoke(app, input="\n".join(lines) + "\n")
    assert result.exit_code == 0, result.output
    return answers[0], result.output


@pytest.mark.parametrize(
    ("schema", "lines", "answer"),
    [
        (bool, ["y"], True),
        (bool, ["n"], False),
        (int, ["42"], 42),
        (float, ["1.5"], 1.5),
        (str, ["42"], "42"),
        (Literal["red", "blue"], ["2"], "blue"),
        (Literal["red", "blue"], ["red"], "red"),
        (Literal["red", "blue"], ["green", "9", "red"], "red"),
        (list[int], ["[1, 2]"], [1, 2]),
        (None, [""], None),
        (Order, ["2", "large", "Turku", "n"], {"count": 2, "size": "large", "address": {"city": "Turku"}}),
    ],
)
def test_a_form_asks_as_the_schema_says(schema: Any, lines: list[str], answer: Any) -> None:
    assert asked(schema, *lines)[0] == answer


def test_a_form_asks_again_until_the_answer_fits() -> None:
    answer, shown = asked(int, "many", "3")
    assert answer == 3
    assert "'many' is not of type 'integer'" in shown


def test_a_form_shows_descriptions() -> None:
    assert "how many" in asked(Order, "1", "1", "Turku", "n")[1]
