"""Forms of questions: lists, dates, choices, models within models, and what no form can draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE
from tests.browser.recorded import record
from tests.browser.test_document import show

if TYPE_CHECKING:
    from tests.browser.jupyter import Jupyter, Server

ASKING = """
import os
from datetime import date
from enum import Enum
from typing import Any
from pydantic import BaseModel, Field

class Size(Enum):
    SMALL = "small"
    LARGE = "large"

class Guest(BaseModel):
    name: str = Field(min_length=2)
    age: int | None = None

class Party(BaseModel):
    day: date
    size: Size
    guests: list[Guest] = Field(min_length=1, description="Who comes")
    tables: dict[str, int] = {}
    note: str | int = ""

class Tree(BaseModel):
    name: str
    below: list["Tree"] = []

@flow
def party() -> str:
    found = wait(name="party", schema=Party, question="What party?")
    return repr(found)

@flow
def tree() -> str:
    return repr(wait(name="tree", schema=Tree, question="What tree?"))

@flow
def words() -> str:
    return repr(wait(name="words", schema=list[str], question="Which words?"))

ids = []
for each in (party, tree, words):
    run = each.run()
    ids.append(run.exec_id)
    while run.status != "waiting":
        time.sleep(0.02)
print(*ids, flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def asking(server: Server) -> dict[str, str]:
    return dict(zip(("party", "tree", "words"), record(server, ASKING).split(), strict=True))


def test_a_model_with_a_date_a_choice_a_list_of_models_and_a_mapping_is_filled_in(
    desk: Jupyter, asking: dict[str, str]
) -> None:
    document = show(desk, asking["party"])
    form = document.get_by_role("group", name="What party?", exact=True)
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("alert").first).to_have_text("Needed")
    form.get_by_label("Day").fill("2026-05-04")
    form.get_by_label("Size").select_option("large")
    guests = form.get_by_role("group", name="Guests")
    if guests.get_by_label("Name").count() == 0:
        guests.get_by_role("button", name="Add an entry").click()
    guests.get_by_label("Name").fill("A")
    form.get_by_role("button", name="Send").click()
    expect(guests.get_by_role("alert")).to_have_text("At least 2 characters")
    guests.get_by_label("Name").fill("Ada")
    guests.get_by_label("Age").fill("36")
    guests.get_by_role("button", name="Add another").click()
    guests.get_by_label("Name").nth(1).fill("Bob")
    guests.get_by_role("button", name="Move entry 2 up").click()
    expect(guests.get_by_label("Name").first).to_have_value("Bob")
    tables = form.get_by_role("group", name="Tables")
    tables.get_by_role("button", name="Add an entry").click()
    tables.get_by_label("Name of the entry").fill("hall")
    tables.get_by_label("Name of the entry").blur()
    tables.get_by_label("hall", exact=True).fill("3")
    assert desk.violations(".jp-kitaru-document", "form-nested") == []
    form.get_by_role("button", name="Send").click()
    values = document.locator(".jp-kitaru-values")
    expect(values).to_contain_text("day=datetime.date(2026, 5, 4)", timeout=ELSEWHERE)
    for part in ("Size.LARGE", "name='Bob', age=None", "name='Ada', age=36", "{'hall': 3}"):
        expect(values).to_contain_text(part)


def test_a_form_within_itself_is_typed_as_json_and_checked(desk: Jupyter, asking: dict[str, str]) -> None:
    document = show(desk, asking["tree"])
    form = document.get_by_role("group", name="What tree?", exact=True)
    field = form.get_by_label("Answer as JSON")
    field.fill('{"name": ')
    expect(form.get_by_role("alert")).to_contain_text("This is no JSON")
    field.fill('{"name": "oak", "below": [{"title": 1}]}')
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("alert")).to_contain_text("below.0.name: Needed")
    assert desk.violations(".jp-kitaru-document", "form-json") == []
    field.fill('{"name": "oak", "below": [{"name": "leaf"}]}')
    form.get_by_role("button", name="Send").click()
    expect(document.locator(".jp-kitaru-values")).to_contain_text("below=[Tree(name='leaf'", timeout=ELSEWHERE)


def test_enter_in_a_list_sends_the_form_and_adds_nothing(desk: Jupyter, asking: dict[str, str]) -> None:
    document = show(desk, asking["words"])
    form = document.get_by_role("group", name="Which words?", exact=True)
    form.get_by_role("button", name="Add an entry").click()
    form.get_by_label("Entry 1", exact=True).fill("oak")
    desk.page.keyboard.press("Enter")
    expect(document.locator(".jp-kitaru-values")).to_contain_text("['oak']", timeout=ELSEWHERE)
