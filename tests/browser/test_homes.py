"""A home in which nothing is recorded, and notebooks of folders that have homes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE, Jupyter, running_server
from tests.browser.recorded import ask
from tests.browser.test_sidebar import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.jupyter import Server


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose root has a fresh home, and a folder `other` with a home of its own."""
    with running_server(tmp_path_factory.mktemp("projects"), settings={"KITARU_HOME": ""}) as server:
        (server.root / "other" / ".kitaru").mkdir(parents=True, mode=0o700)
        yield server


@pytest.fixture
def fresh(projects: Server, page: Page) -> Jupyter:
    return Jupyter(projects, page)


def test_a_fresh_home_says_how_to_begin(fresh: Jupyter) -> None:
    fresh.visit()
    panel = opened(fresh)
    expect(panel).to_contain_text("Begin with two cells:")
    expect(panel.get_by_placeholder("Search executions")).to_have_count(0)
    questions = panel.locator(".jp-kitaru-section").first
    expect(questions).to_be_hidden()
    assert fresh.violations("#jp-kitaru-panel", "sidebar-empty") == []
    assert fresh.server.get("kitaru/api/status")["recorded"] is False


def test_a_question_of_an_open_notebooks_home_is_told_and_answered(fresh: Jupyter) -> None:
    name = fresh.server.write_notebook("other/asks.ipynb", "1")
    fresh.open(name)
    fresh.page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(entry => /api\\/waits\\?home=/.test(entry.name))"
    )
    exec_id = ask(fresh.server, "Other tea", fresh.server.root / "other" / ".kitaru")
    notice = fresh.page.get_by_role("alert").filter(has_text="Publish the article on Other tea?")
    notice.get_by_role("button", name="Answer").click()
    question = fresh.page.locator(f".jp-kitaru-inbox [data-kitaru-execution='{exec_id}']")
    expect(question).to_contain_text("in other")
    fresh.screenshot("inbox-other-home")
    question.get_by_role("button", name="asking").click()
    document = fresh.page.locator(f".jp-kitaru-document[data-kitaru-execution='{exec_id}']")
    expect(document.locator("header").first).to_contain_text("Waiting")
    question.get_by_role("button", name="Approve").click()
    expect(document.locator("header").first).to_contain_text("Completed", timeout=ELSEWHERE)


def test_the_side_bar_shows_another_home_where_it_is_chosen(fresh: Jupyter) -> None:
    name = fresh.server.write_notebook(
        "other/runs.ipynb",
        "from kitaru import flow\n@flow\ndef elsewhere() -> int:\n    return 7",
        "run = elsewhere.run(); run.wait(); print(run.exec_id)",
    )
    fresh.open(name)
    fresh.run(0)
    expect(fresh.run(1)).to_contain_text("kr-")
    fresh.page.locator(".jp-NotebookPanel-toolbar [data-command='kitaru:show-notebook-executions']").click()
    panel = fresh.page.locator("#jp-kitaru-panel")
    rows = panel.get_by_role("treeitem")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("elsewhere")
    panel.get_by_role("button", name="Filter and group").click()
    expect(panel.get_by_label("Home").locator("option:checked")).to_have_text("other")
    fresh.screenshot("sidebar-other-home", panel)
    rows.first.click(button="right")
    fresh.page.get_by_role("menuitem", name="Open Execution").click()
    expect(fresh.page.locator(".jp-kitaru-document .jp-kitaru-flow")).to_have_text("elsewhere")
    panel.get_by_role("button", name="Clear filters").click()
    expect(panel).to_contain_text("Begin with two cells:")
