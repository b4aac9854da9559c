"""Parameters of flows as JSON schema."""

from __future__ import annotations

import enum
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from kitaru.runtime.flow import flow
from kitaru.runtime.parameter_schema import parameter_schema, plain


class Place(BaseModel):
    name: str
    zip_code: int | None = None


class Colour(enum.Enum):
    RED = "red"


class Opaque:
    pass


def test_names_types_and_defaults_are_there_and_nothing_else_is_taken() -> None:
    @flow
    def schema_plain(topic: str, depth: int = 2, tags: list[str] = ["a"]) -> str:  # noqa: B006
        """Look something up.

        More of it.
        """
        return topic

    schema = parameter_schema(schema_plain)
    assert schema == {
        "title": "schema_plain",
        "type": "object",
        "description": "Look something up.",
        "properties": {
            "topic": {"type": "string", "title": "Topic"},
            "depth": {"type": "integer", "title": "Depth", "default": 2},
            "tags": {"type": "array", "items": {"type": "string"}, "title": "Tags", "default": ["a"]},
        },
        "required": ["topic"],
        "additionalProperties": False,
    }


def test_models_that_several_parameters_use_are_defined_once() -> None:
    @flow
    def schema_models(start: Place, end: Place | None = None) -> None: ...

    schema = parameter_schema(schema_models)
    assert list(schema["$defs"]) == ["Place"]
    assert schema["properties"]["start"]["$ref"] == "#/$defs/Place"
    assert schema["properties"]["end"]["default"] is None


def test_constraints_enums_and_dates_keep_their_meaning() -> None:
    @flow
    def schema_rich(
        score: Annotated[int, Field(ge=1, le=5)] = 3,
        mode: Literal["fast", "slow"] = "fast",
        colour: Colour = Colour.RED,
        day: date = date(2026, 1, 2),
    ) -> None: ...

    properties = parameter_schema(schema_rich)["properties"]
    assert properties["score"] == {"type": "integer", "minimum": 1, "maximum": 5, "title": "Score", "default": 3}
    assert properties["mode"]["enum"] == ["fast", "slow"]
    assert properties["colour"]["default"] == "red"
    assert properties["day"] == {"type": "string", "format": "date", "title": "Day", "default": "2026-01-02"}


def test_a_type_that_json_does_not_know_takes_anything_and_says_what_it_is() -> None:
    @flow
    def schema_opaque(thing: Opaque, anything: Any, free=Opaque()) -> None: ...  # type: ignore[no-untyped-def]  # noqa: B008

    schema = parameter_schema(schema_opaque)
    assert schema["properties"]["thing"] == {
        "title": "Thing",
        "description": "Opaque, for which there is no JSON schema.",
    }
    assert schema["properties"]["anything"] == {"title": "Anything"}
    assert "default" not in schema["properties"]["free"]
    assert schema["required"] == ["thing", "anything"]


def test_keyword_arguments_without_a_name_are_taken_as_they_come() -> None:
    @flow
    def schema_open(first: int, *rest: int, **more: int) -> None: ...

    schema = parameter_schema(schema_open)
    assert list(schema["properties"]) == ["first"]
    assert schema["additionalProperties"] is True


def test_a_class_of_a_function_spoils_its_own_parameter_only() -> None:
    class Local:
        pass

    @flow
    def schema_local(thing: Local, depth: int) -> None: ...

    properties = parameter_schema(schema_local)["properties"]
    assert properties["depth"]["type"] == "integer"
    assert "type" not in properties["thing"]


def test_what_json_cannot_hold_is_no_plain_value() -> None:
    assert plain(Place(name="x")) == {"name": "x", "zip_code": None}
    with pytest.raises(ValueError, match="Opaque"):
        plain(Opaque())
