from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE
from tests.browser.recorded import record

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter, Server


@pytest.fixture(scope="module")
def ids(server: Server) -> dict[str, str]:
    """Executions by what they are good for."""
    told = record(
        server,
        """
tea = article.run()
tea.wait()
coffee = article.run("Coffee", "cold")
coffee.wait()
fan = wide.run(1200)
fan.wait()
bad = broken.run()
try:
    bad.wait()
except Exception:
    pass
print(f"tea={tea.exec_id} coffee={coffee.exec_id} fan={fan.exec_id} bad={bad.exec_id}")
""",
    )
    return dict(part.split("=") for part in told.split())


def show(lab: Jupyter, exec_id: str) -> Locator:
    lab.execute("kitaru:open-execution", {"execId": exec_id}, wait=False)
    document = lab.page.locator(f".jp-kitaru-document[data-kitaru-execution='{exec_id}']")
    document.wait_for()
    return document


def test_the_document_says_how_it_stands_what_went_in_and_what_came_out(desk: Jupyter, ids: dict[str, str]) -> None:
    document = show(desk, ids["tea"])
    expect(document.locator("header").first).to_contain_text("Completed")
    expect(document).to_contain_text("Code ")
    expect(document.locator(".jp-kitaru-values")).to_contain_text("In a warm tone.")
    assert desk.violations(".jp-kitaru-document", "document") == []


def test_the_timeline_shows_calls_groups_attempts_and_child_flows(desk: Jupyter, ids: dict[str, str]) -> None:
    document = show(desk, ids["tea"])
    outline = document.get_by_role("treeitem", name="outline")
    expect(outline.locator(".jp-kitaru-time-bar")).to_have_count(2)
    expect(outline.locator(".jp-kitaru-bar-failed")).to_have_count(1)
    group = document.get_by_role("treeitem", name="score × 12")
    group.click()
    expect(document.get_by_role("treeitem", name="score_12")).to_be_visible()
    child = document.get_by_role("treeitem", name="helper")
    child.click()
    expect(document.locator("[aria-level='2']", has_text="draft")).to_be_visible()


def test_the_timeline_zooms_with_the_keyboard(desk: Jupyter, ids: dict[str, str]) -> None:
    document = show(desk, ids["tea"])
    tree = document.get_by_role("tree", name="Calls")
    tree.focus()
    ticks = document.locator(".jp-kitaru-tick")
    before = ticks.all_inner_texts()
    desk.page.keyboard.press("+")
    desk.page.keyboard.press("+")
    expect(document.get_by_role("button", name="Show the whole time (0)")).to_be_enabled()
    expect(ticks).not_to_have_text(before)
    desk.page.keyboard.press("0")
    expect(ticks).to_have_text(before)


def test_of_more_than_a_thousand_calls_only_those_in_sight_are_drawn(desk: Jupyter, ids: dict[str, str]) -> None:
    document = show(desk, ids["fan"])
    group = document.get_by_role("treeitem", name="score ×")
    group.click()
    tree = document.get_by_role("tree", name="Calls")
    expect(tree.get_by_role("treeitem", name="Lane 1", exact=True)).to_be_visible()
    tree.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    tree.get_by_role("treeitem", name="1 200 calls, one by one").click()
    tree.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    expect(tree.get_by_role("treeitem", name="score_1200")).to_be_visible()
    assert tree.get_by_role("treeitem").count() < 80


def test_a_call_shows_inputs_attempts_why_it_ran_and_what_it_printed(desk: Jupyter, ids: dict[str, str]) -> None:
    document = show(desk, ids["tea"])
    document.get_by_role("treeitem", name="collect").click()
    pane = document.get_by_role("complementary")
    expect(pane).to_contain_text("Tea fact 2")
    expect(pane).to_contain_text("memory")
    expect(pane).to_contain_text("collect ran")
    pane.get_by_text("Output", exact=True).click()
    expect(pane).to_contain_text("collecting Tea")
    document.get_by_role("treeitem", name="outline").click()
    expect(pane).to_contain_text("the model is away")
    assert desk.violations(".jp-kitaru-document", "document-call") == []
    pane.get_by_role("button", name="Replay from here…").click()
    form = document.get_by_role("region", name="Replay article")
    expect(form.get_by_label("Run again from")).to_have_value("outline")
    expect(form.get_by_role("status")).to_have_text("16 calls run, 1 is reused")


def test_stored_values_are_drawn_by_jupyterlab_and_never_run(desk: Jupyter, ids: dict[str, str]) -> None:
    document = show(desk, ids["tea"])
    document.get_by_role("treeitem", name="table").click()
    pane = document.get_by_role("complementary")
    pane.get_by_role("button", name="table · output").click()
    cells = pane.locator(".jp-RenderedHTML table td")
    expect(cells.filter(has_text="<b>no</b>").first).to_be_visible()
    for name, drawn in {
        "notes.md": "h1:has-text('Hello') ~ * strong:has-text('strong')",
        "page.html": "p em:has-text('page')",
        "settings": ".jp-RenderedJSON",
        "dot": "img[src^='data:image/png']",
    }.items():
        pane.get_by_role("button", name=name, exact=True).click()
        expect(pane.get_by_role("region", name=name, exact=True).locator(drawn).first).to_be_visible()
    assert desk.page.evaluate("() => window.hacked") is None
    with desk.page.expect_download() as download:
        pane.get_by_role("link", name="Download output").first.click()
    assert download.value.path().stat().st_size > 0
    desk.screenshot("document-values")


def test_an_address_opens_the_execution_which_is_there_again_after_a_reload(lab: Jupyter, ids: dict[str, str]) -> None:
    lab.visit(f"?kitaru={ids['tea']}&reset")
    flow = lab.page.locator(".jp-kitaru-document .jp-kitaru-flow")
    expect(flow).to_have_text("article")
    assert "kitaru=" not in lab.page.url
    lab.page.wait_for_function("() => jupyterapp.shell.currentWidget?.title.label === 'article'")
    lab.save_workspace(ids["tea"])
    lab.page.goto(f"{lab.server.url}/lab")
    expect(flow).to_have_text("article")


def test_an_unknown_execution_is_said_to_be_unknown(desk: Jupyter, ids: dict[str, str]) -> None:
    desk.execute("kitaru:open-execution", {"execId": "kr-000000000000"}, wait=False)
    expect(desk.page.locator(".jp-kitaru-empty")).to_contain_text("The server does not know kr-000000000000")


def test_a_failed_execution_is_tried_again(desk: Jupyter, ids: dict[str, str]) -> None:
    document = show(desk, ids["bad"])
    expect(document.locator(".jp-kitaru-failure")).to_contain_text("division by zero")
    desk.screenshot("document-failed")
    desk.page.get_by_role("button", name="Retry").click()
    expect(document).to_contain_text("2 attempts", timeout=ELSEWHERE)


def test_replay_changes_an_argument_and_says_what_runs(desk: Jupyter, ids: dict[str, str]) -> None:
    document = show(desk, ids["tea"])
    desk.page.get_by_role("button", name="Replay…").click()
    form = document.get_by_role("region", name="Replay article")
    form.get_by_label("strict").select_option("true")
    form.get_by_label("tone").fill("dry")
    form.get_by_label("limits").fill("{")
    expect(form.get_by_role("alert")).to_contain_text("This is no JSON")
    expect(form.get_by_role("button", name="Replay", exact=True)).to_be_disabled()
    form.get_by_label("limits").fill('{"words": 50}')
    expect(form.get_by_role("status")).to_have_text("17 calls run if their inputs change")
    assert desk.violations(".jp-kitaru-document", "document-replay") == []
    form.get_by_role("button", name="Replay", exact=True).click()
    replayed = desk.page.locator(".jp-kitaru-document", has_text="Replay of")
    expect(replayed).to_contain_text("In a dry tone.", timeout=ELSEWHERE)


def test_two_executions_are_compared_side_by_side(desk: Jupyter, ids: dict[str, str]) -> None:
    show(desk, ids["tea"])
    desk.execute("kitaru:compare-executions", {"execId": ids["tea"], "with": ids["coffee"]}, wait=False)
    comparison = desk.page.locator(".jp-kitaru-comparison")
    expect(comparison.locator("ins", has_text="In a cold tone.").first).to_be_visible()
    expect(comparison.locator("del", has_text="In a warm tone.").first).to_be_visible()
    expect(comparison.get_by_role("row", name="Duration")).to_contain_text(re.compile(r"\d m?s"))
    assert desk.violations(".jp-kitaru-comparison", "comparison") == []


def test_the_cell_that_defines_a_call_is_shown(desk: Jupyter) -> None:
    name = desk.server.write_notebook(
        "defined.ipynb",
        "from kitaru import checkpoint, flow",
        "1",
        "@checkpoint\ndef step(n: int) -> int:\n    return n + 1",
        "@flow\ndef counted(n: int) -> int:\n    return step(n)",
        "run = counted.run(1); run.wait(); print(run.exec_id)",
    )
    desk.bring(name)
    for index in range(5):
        desk.run(index)
    document = show(desk, desk.exec_id(4))
    document.get_by_role("treeitem", name="step").click()
    document.get_by_role("button", name="Show its cell").click()
    desk.page.wait_for_function("() => jupyterapp.shell.currentWidget.content.activeCellIndex === 2")
