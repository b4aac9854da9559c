from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import ipywidgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, TypeAdapter

from kitaru.views.form import form_of
from kitaru.views.reading import Problem, entry_of, read
from kitaru.widgets.fields import FieldWidget, field_widget
from tests.views.test_form import TYPES, VALUES, Cat, Dog, Tree
from tests.widgets.conftest import click, texts


def made(kind: Any, value: Any = None) -> FieldWidget:
    field = form_of(TypeAdapter(kind).json_schema())
    return field_widget(field, entry_of(field) if value is None else entry_of(field, value))


def answer(widget: FieldWidget) -> Any:
    reading = read(widget.field, widget.entry)
    assert reading.problems == ()
    return reading.value


class Meeting(BaseModel):
    day: dt.date = dt.date(2026, 5, 1)
    at: dt.time = dt.time(14, 30)
    until: dt.datetime = dt.datetime(2026, 5, 1, 16, 0)
    password: SecretStr | None = None
    text: str = Field(default="", json_schema_extra={"format": "markdown"})


@pytest.mark.parametrize(
    ("kind", "control"),
    [
        (int, ipywidgets.Text),
        (str, ipywidgets.Textarea),
        (Annotated[str, Field(max_length=20)], ipywidgets.Text),
        (dict[str, int], ipywidgets.Textarea),
        (Literal["a", "b"], ipywidgets.RadioButtons),
        (Literal["a", "b", "c", "d", "e", "f"], ipywidgets.Dropdown),
        (bool | None, ipywidgets.RadioButtons),
        (dt.date, ipywidgets.DatePicker),
        (dt.time, ipywidgets.TimePicker),
        (dt.datetime, ipywidgets.DatetimePicker),
        (SecretStr, ipywidgets.Password),
    ],
)
def test_each_type_has_its_control(kind: Any, control: type) -> None:
    assert type(made(kind)._input) is control


def test_defaults_are_there_and_come_back_as_they_are() -> None:
    widget = made(Meeting)
    assert Meeting.model_validate(answer(widget)) == Meeting()


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_value_that_is_shown_is_the_value_that_is_read(kind: Any, value: Any) -> None:
    if value is not None:
        assert answer(made(kind, value)) == read(made(kind).field, entry_of(made(kind).field, value)).value


def test_a_list_grows_and_shrinks() -> None:
    widget = made(list[int])
    click(widget, "Add")
    click(widget, "Add")
    first, second = widget.items
    first._input.value, second._input.value = "1", "2"
    assert answer(widget) == [1, 2]
    widget.remove(first)
    assert first._input.comm is None
    assert second._input.comm is not None, "the others stay on the page"
    assert answer(widget) == [2]
    widget.show([Problem((0,), "Wrong.")])
    assert "Wrong." in texts(second)


def test_what_was_entered_in_another_branch_is_still_there() -> None:
    widget = made(Annotated[Cat | Dog, Field(discriminator="kind")])
    assert answer(widget) == {"kind": "cat", "lives": 9}
    widget.choose(1)
    widget._made[1]._parts["name"]._input.value = "Rex"
    assert answer(widget) == {"kind": "dog", "name": "Rex"}
    widget.choose(0)
    widget.choose(1)
    assert answer(widget) == {"kind": "dog", "name": "Rex"}


def test_what_is_switched_off_is_null_and_remembers_what_was_in_it() -> None:
    widget = made(Tree)
    widget._parts["value"]._input.value = "1"
    assert answer(widget) == {"value": 1, "left": None, "leaves": []}
    left = widget._parts["left"]
    left._switch.value = True
    left._made[0]._parts["value"]._input.value = "2"
    left._switch.value = False
    assert answer(widget)["left"] is None
    left._switch.value = True
    assert answer(widget)["left"]["value"] == 2


@settings(max_examples=60, deadline=None)
@given(TYPES, st.text(max_size=5))
def test_every_type_has_a_form_that_can_be_filled_in_and_tells_its_problems(kind: Any, typed: str) -> None:
    widget = made(kind)

    def fill(inside: Any) -> None:
        for child in getattr(inside, "children", ()):
            if isinstance(child, ipywidgets.Text | ipywidgets.Textarea):
                child.value = typed
            fill(child)

    fill(widget)
    reading = read(widget.field, widget.entry)
    widget.show(reading.problems)
    shown = texts(widget)
    for problem in reading.problems:
        assert problem.message.split(".")[0].split("'")[0].split("<")[0].split("&")[0][:20] in shown
    widget.show(())
    ipywidgets.Widget.close_all()
