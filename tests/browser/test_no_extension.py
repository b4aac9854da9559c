"""JupyterLab with our extension disabled: questions are answered in forms of ipywidgets, and by the command."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import Jupyter, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.jupyter import Server

FLOW = """%%kitaru_flow plain_review -o graded
import datetime
import kitaru
from enum import Enum
from pydantic import BaseModel, Field

class Grade(Enum):
    GOOD = "good"
    BAD = "bad"

class Author(BaseModel):
    name: str = Field(min_length=1)
    born: datetime.date | None = None

class Review(BaseModel):
    stars: int = Field(ge=1, le=5, description="How good the text is.")
    grade: Grade
    due: datetime.date
    authors: list[Author] = []
    tags: list[str] = ["new"]

def draft():
    return "Tea is old."

review = kitaru.wait(schema=Review, name="review", question=f"What about this? {draft()}")
f"{review.stars} {review.grade.value} {review.due} {[a.name for a in review.authors]} {review.tags}"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own, on which `jupyter labextension disable kitaru` was used."""
    folder = tmp_path_factory.mktemp("plain-jupyter")
    settings = folder / "config" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"disabledExtensions": {"kitaru": True}}))
    with running_server(folder) as server:
        yield server


@pytest.fixture
def lab(server: Server, page: Page) -> Jupyter:
    return Jupyter(server, page)


def test_a_question_is_answered_in_a_form_below_the_view(lab: Jupyter) -> None:
    lab.open(lab.server.write_notebook("plain.ipynb", "import kitaru", FLOW, "graded"))
    lab.run(0)
    shown = lab.run(1)
    view, form = shown.locator(".jp-RenderedHTML"), shown.locator(".kitaru-card")
    expect(view).to_contain_text("plain_review")
    expect(view).to_contain_text(re.compile(r"Answer with kitaru executions input kr-\w+ --wait review"))
    expect(form).to_contain_text("What about this? Tea is old.")
    # JupyterLab's own grey boxes around code stay out of a table of results.
    expect(view.locator("td code").first).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    form.get_by_label("Stars").fill("9")
    form.get_by_role("button", name="Add to authors").click()
    form.get_by_role("button", name="Answer", exact=True).click()
    expect(form).to_contain_text("Give 5 or less.")
    expect(form.get_by_text("Choose one.")).to_be_visible()
    expect(form.get_by_text("Fill this in.")).to_have_count(2)
    lab.screenshot("plain-form", shown)
    assert lab.violations(".kitaru-widget") == []
    form.get_by_label("Stars").fill("4")
    form.get_by_label("good").check()
    form.get_by_label("Due").fill("2026-12-24")
    form.get_by_label("Name").fill("Ada")
    form.get_by_role("button", name="Answer", exact=True).click()
    expect(form).to_contain_text(re.compile("Answered by .*"))
    expect(view).to_contain_text("completed")
    expect(lab.run(2)).to_contain_text("4 good 2026-12-24 ['Ada'] ['new']")
