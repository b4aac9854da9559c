from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, Json, SecretStr, TypeAdapter, create_model

from kitaru.store.json_schema import problems_of
from kitaru.views.form import Field as FormField
from kitaru.views.form import form_of
from kitaru.views.reading import Problem, entry_of, read


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    """Where to send it."""

    city: str = Field(min_length=1)
    street: str | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Tree(BaseModel):
    value: int
    left: Tree | None = None
    leaves: list[Tree] = []


class Order(BaseModel):
    count: int = Field(ge=1, le=5, description="how many")
    size: Literal["small", "large"]
    address: Address
    when: dt.date | None = None
    tags: list[str] = Field(default_factory=list, max_length=3)
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None


def form(kind: Any) -> FormField:
    return form_of(TypeAdapter(kind).json_schema())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "text"),
        (dt.date, "date"),
        (dt.datetime, "datetime"),
        (dt.time, "time"),
        (dt.timedelta, "text"),
        (Colour, "choice"),
        (Literal["a", 1, None], "choice"),
        (Literal["a"], "constant"),
        (None, "constant"),
        (bool | None, "choice"),
        (Colour | None, "choice"),
        (int | str, "union"),
        (list[int], "list"),
        (set[Colour], "list"),
        (tuple[int, str], "tuple"),
        (tuple[int, ...], "list"),
        (dict[str, int], "json"),
        (Any, "json"),
        (Order, "object"),
        (Tree, "object"),
        (Annotated[Cat | Dog, Field(discriminator="kind")], "union"),
    ],
)
def test_every_type_has_its_field(kind: Any, expected: str) -> None:
    assert form(kind).kind == expected


def test_a_question_without_schema_asks_whether_to_go_on() -> None:
    assert form_of(None).kind == "gate"
    assert read(form_of(None), None).value is None


def test_fields_are_named_and_described_as_the_model_says() -> None:
    fields = dict(form(Order).parts)
    assert [(field.label, field.help) for field in fields.values()][:3] == [
        ("Count", "how many"),
        ("Size", ""),
        ("Address", "Where to send it."),
    ]
    assert fields["count"].hint == "a whole number, 1 to 5"
    assert fields["tags"].hint == "at most 3 items"


def test_what_has_a_default_may_be_left_out() -> None:
    fields = dict(form(Order).parts)
    assert {name: field.absent for name, field in fields.items()} == {
        "count": None,
        "size": None,
        "address": None,
        "when": "null",
        "tags": "omit",
        "pet": "null",
    }
    assert fields["pet"].toggled
    assert not fields["when"].toggled, "an empty date says that there is none"


def test_an_answer_is_read_from_what_was_entered() -> None:
    entry = {
        "count": "2",
        "size": 1,
        "address": {"city": "Turku", "street": None},
        "when": "2026-05-01",
        "tags": ["new"],
        "pet": (1, {"name": "Rex"}),
    }
    reading = read(form(Order), entry)
    assert reading.problems == ()
    assert Order.model_validate(reading.value).pet == Dog(kind="dog", name="Rex")


def test_every_problem_is_told_at_its_field() -> None:
    entry = {
        "count": "9",
        "size": None,
        "address": {"city": "", "street": None},
        "when": "soon",
        "tags": ["a", "b", "c", "d"],
        "pet": (0, {"lives": "many"}),
    }
    assert read(form(Order), entry).problems == (
        Problem(("count",), "Give 5 or less."),
        Problem(("size",), "Choose one."),
        Problem(("address", "city"), "Fill this in."),
        Problem(("when",), "Give a date, such as 2026-05-01."),
        Problem(("tags",), "Give at most 3."),
        Problem(("pet", "lives"), "Give a whole number."),
    )


@pytest.mark.parametrize(
    ("kind", "entry", "message"),
    [
        (int, "", "Fill this in."),
        (int, "1.5", "Give a whole number."),
        (int, "1" * 5000, "Give a whole number."),
        (int, str(2**70), "This number is too large."),
        (float, "nan", "Give a finite number."),
        (Annotated[float, Field(gt=0)], "0", "Give more than 0."),
        (Annotated[int, Field(multiple_of=5)], "7", "Give a multiple of 5."),
        (Annotated[str, Field(pattern="^a+$")], "b", "This does not match the pattern ^a+$."),
        (Annotated[str, Field(min_length=3)], "b", "Give at least 3 characters."),
        (str, "\ud800", "This has a character that cannot be stored."),
        (dict[str, int], "{", "This is no JSON: line 1, column 2: unexpected end of data."),
        (dict[str, int], '{"a": "b"}', "'b' is not of type 'integer'."),
        (dt.datetime, "yesterday", "Give a date and a time, such as 2026-05-01 14:30."),
        (dt.time, "25:00", "Give a time, such as 14:30."),
        (dt.timedelta, "long", "Give a duration, such as PT1H30M or 1 day, 02:30."),
        (uuid.UUID, "x", "Give a UUID."),
        (bool, None, "Choose one."),
        (Annotated[list[int], Field(min_length=1)], [], "Give at least one."),
        (set[int], ["1", "1"], "Each may be given only once."),
    ],
)
def test_messages_say_what_to_give(kind: Any, entry: Any, message: str) -> None:
    assert [problem.message for problem in read(form(kind), entry).problems] == [message]


def test_a_model_within_itself_is_asked_for_as_far_as_people_go() -> None:
    tree = form(Tree)
    left = dict(tree.parts)["left"]
    assert left.toggled
    assert left.branch(0).kind == "object"
    reading = read(tree, {"value": "1", "left": None, "leaves": [{"value": "2", "left": None, "leaves": []}]})
    assert Tree.model_validate(reading.value).leaves[0].value == 2


def test_a_form_begins_with_the_defaults() -> None:
    assert entry_of(form(Cat)) == {"kind": None, "lives": "9"}
    assert entry_of(form(Order))["pet"] is None
    assert read(form(Cat), entry_of(form(Cat))).value == {"kind": "cat", "lives": 9}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        False,
        {"$ref": "#/$defs/Missing"},
        {"$ref": "https://example.org/schema"},
        {"$ref": "#"},
        {"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"},
        {"type": ["string", "null"]},
        {"type": "array", "prefixItems": [{"type": "integer"}]},
        {"type": "object", "patternProperties": {"^a": {}}},
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"enum": []},
        {"not": {"type": "string"}},
    ],
)
def test_a_schema_of_another_origin_gives_a_form_too(schema: Any) -> None:
    field = form_of(schema)
    assert field.kind in ("json", "text", "union")
    read(field, entry_of(field))


# Any type that Pydantic can express, and any entry that a form can hold.

SCALARS = st.sampled_from(
    [
        bool,
        int,
        float,
        str,
        dt.date,
        dt.datetime,
        dt.time,
        dt.timedelta,
        uuid.UUID,
        Decimal,
        Path,
        SecretStr,
        Colour,
        Literal["a", "b", 3],
        Literal["only"],
        type(None),
        Any,
        Json,
        Annotated[int, Field(ge=0, le=9)],
        Annotated[float, Field(gt=0, lt=1)],
        Annotated[str, Field(min_length=2, max_length=5)],
        Annotated[str, Field(pattern="^[ab]*$")],
        dict[str, int],
        Tree,
        Order,
    ]
)


def model_of(kinds: list[Any]) -> Any:
    fields: dict[str, Any] = {}
    for number, kind in enumerate(kinds):
        fields[f"field_{number}"] = (kind, ...) if number % 2 else (kind | None, None)
    return create_model("Made", **fields)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(lambda kind: list[kind]),
        inner.map(lambda kind: kind | None),
        inner.map(lambda kind: tuple[kind, int]),
        inner.map(lambda kind: dict[str, kind]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        st.lists(inner, max_size=3).map(model_of),
    )


TYPES = st.recursive(SCALARS, containers, max_leaves=4)
TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["1", "-2.5", "2026-05-01", "14:30", "2026-05-01T14:30:00Z", "{}", "[1]", "null"]),
)


def entries(field: FormField, depth: int = 0) -> st.SearchStrategy[Any]:
    """Anything that a form could hold for a field."""
    if field.kind in ("gate", "constant"):
        return st.none()
    if field.kind == "boolean":
        return st.sampled_from([True, False, None])
    if field.kind == "choice":
        return st.sampled_from([None, *range(len(field.options))])
    nothing = st.none() if field.toggled else st.nothing()
    if depth > 3 and field.kind in ("object", "tuple", "list", "union"):
        return nothing | st.just(entry_of(field))
    if field.kind == "object":
        return nothing | st.fixed_dictionaries({str(name): entries(part, depth + 1) for name, part in field.parts})
    if field.kind == "tuple":
        return nothing | st.tuples(*(entries(part, depth + 1) for _, part in field.parts)).map(list)
    if field.kind == "list":
        return nothing | st.lists(entries(field.item(), depth + 1), max_size=2)
    if field.kind == "union":
        branches = range(len(field.branches()))
        return nothing | st.one_of(
            *(st.tuples(st.just(one), entries(field.branch(one), depth + 1)) for one in branches)
        )
    return st.one_of(st.none(), TEXTS)


def has_place(field: FormField, entry: Any, path: tuple[str | int, ...]) -> bool:
    """Whether a path leads to a field of the form, or into the text of a JSON field."""
    if field.kind == "union" and entry is not None and entry[0] is not None:
        return has_place(field.branch(entry[0]), entry[1], path)
    if not path or field.kind in ("json", "union"):
        return True
    if field.kind == "list":
        return isinstance(path[0], int) and path[0] < len(entry) and has_place(field.item(), entry[path[0]], path[1:])
    parts = dict(field.parts)
    return path[0] in parts and has_place(parts[path[0]], entry[path[0]], path[1:])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_entered_fits_or_is_refused_at_a_field(data: st.DataObject) -> None:
    schema = TypeAdapter(data.draw(TYPES)).json_schema()
    field = form_of(schema)
    entry = data.draw(entries(field))
    reading = read(field, entry)
    if not reading.problems:
        assert problems_of(schema, reading.value) == []
    for problem in reading.problems:
        assert problem.message
        assert has_place(field, entry, problem.path), problem


VALUES: list[tuple[Any, Any]] = [
    (Order, {"count": 2, "size": "small", "address": {"city": "Turku", "street": None}, "when": None, "tags": ["a"]}),
    (Cat | Dog, {"kind": "dog", "name": "Rex"}),
    (list[int | str], [1, "a", 2]),
    (tuple[int, str], [1, "a"]),
    (dict[str, int], {"a": 1}),
    (Any, {"a": [None, True]}),
    (bool | None, None),
    (float, 0.1),
    (int, 3),
    (Tree, {"value": 1, "left": {"value": 2, "left": None, "leaves": []}, "leaves": []}),
    (list[Colour], ["blue", "red"]),
    (str, " spaces stay "),
]


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_value_that_is_put_into_a_form_is_read_back(kind: Any, value: Any) -> None:
    field = form(kind)
    read_back = read(field, entry_of(field, value))
    assert read_back.problems == ()
    assert TypeAdapter(kind).validate_python(read_back.value) == TypeAdapter(kind).validate_python(value)
