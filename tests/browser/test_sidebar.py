from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import DARK, LIGHT
from tests.browser.recorded import record

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter, Server


@pytest.fixture(scope="module")
def many(server: Server) -> list[str]:
    """A completed, a failed and a waiting execution, the newest last; before them more than one page of the list."""
    told = record(
        server,
        """
import os, time
for index in range(60):
    completed = broken.run(index + 1)
    completed.wait()
failed = broken.run()
try:
    failed.wait()
except Exception:
    pass
waiting = asking.run("Mate")
while waiting.status != "waiting":
    time.sleep(0.02)
print(completed.exec_id, failed.exec_id, waiting.exec_id, flush=True)
os._exit(0)
""",
    )
    return told.split()


def opened(lab: Jupyter) -> Locator:
    """Open the list from its beginning, with nothing chosen."""
    lab.execute("kitaru:show-executions")
    panel = lab.page.locator("#jp-kitaru-panel")
    panel.wait_for()
    clear = panel.get_by_role("button", name="Clear filters")
    if clear.count() > 0:
        clear.click()
    if panel.get_by_label("Group by").count() > 0:
        panel.get_by_label("Group by").select_option("")
        panel.get_by_role("button", name="Filter and group").click()
    panel.get_by_role("tree", name="Executions").evaluate_all(
        "trees => { trees.forEach(one => { one.scrollTop = 0; }); }"
    )
    return panel


def test_executions_are_listed_the_newest_first_with_what_matters_of_each(desk: Jupyter, many: list[str]) -> None:
    panel = opened(desk)
    places = []
    for exec_id, text in zip(many, ("1 call", "ZeroDivisionError: division by zero", "Asks: publish"), strict=True):
        row = panel.locator(f"[data-kitaru-execution='{exec_id}'][role=treeitem]")
        expect(row).to_contain_text(text)
        places.append(int(row.get_attribute("aria-posinset") or ""))
    assert places == [places[0], places[0] - 1, places[0] - 2]
    assert desk.violations("#jp-kitaru-panel", "sidebar") == []


def test_a_new_execution_appears_without_a_reload(desk: Jupyter, many: list[str]) -> None:
    panel = opened(desk)
    expect(panel.get_by_role("treeitem").first).to_be_visible()
    record(desk.server, "named = wide.run(2)\nnamed.wait()\nprint(1)")
    expect(panel.get_by_role("treeitem").first).to_contain_text("wide")


def test_the_list_is_narrowed_by_text_and_status_and_says_how_many_there_are(desk: Jupyter, many: list[str]) -> None:
    panel = opened(desk)
    panel.get_by_placeholder("Search executions").fill("division by zero")
    # Other tests of the server have failed executions too.
    found = desk.server.get("kitaru/api/executions?text=division%20by%20zero")["total"]
    expect(panel.get_by_role("status")).to_have_text("1 execution" if found == 1 else f"{found} executions")
    expect(panel.get_by_role("treeitem")).to_have_count(found)
    panel.get_by_role("button", name="Clear filters").click()
    panel.get_by_role("button", name="Filter and group").click()
    panel.get_by_label("Status").select_option("completed")
    expect(panel.get_by_role("status")).to_contain_text("executions")
    expect(panel.get_by_role("treeitem", name="Failed")).to_have_count(0)
    panel.get_by_label("Status").select_option("")
    panel.get_by_label("Flow").select_option("asking")
    expect(panel.get_by_role("treeitem").first).to_contain_text("asking")
    expect(panel.get_by_role("treeitem", name="broken")).to_have_count(0)
    with desk.page.expect_response(re.compile(r"/executions\?.*since=")) as asked:
        panel.get_by_label("Started").select_option("hour")
    assert time.time() - float(parse_qs(urlsplit(asked.value.url).query)["since"][0]) >= 3600
    expect(panel.get_by_role("treeitem").first).to_contain_text("asking")
    assert desk.violations("#jp-kitaru-panel", "sidebar-filters", panel) == []


def test_what_fits_nothing_says_so(desk: Jupyter, many: list[str]) -> None:
    panel = opened(desk)
    panel.get_by_placeholder("Search executions").fill("never heard of")
    expect(panel).to_contain_text("No execution fits these filters.")


def test_groups_say_how_many_they_hold_and_fold(desk: Jupyter, many: list[str]) -> None:
    panel = opened(desk)
    panel.get_by_role("button", name="Filter and group").click()
    panel.get_by_label("Group by").select_option("flow")
    group = panel.get_by_role("treeitem", expanded=True).first
    expect(group).to_contain_text("broken")
    total = desk.server.get("kitaru/api/executions?flow=broken")["total"]
    expect(group).to_contain_text(str(total))
    group.click()
    expect(panel.get_by_role("treeitem", expanded=False).first).to_contain_text("broken")
    assert desk.violations("#jp-kitaru-panel", "sidebar-groups", panel) == []


def test_the_list_is_used_with_the_keyboard_alone(desk: Jupyter, many: list[str]) -> None:
    panel = opened(desk)
    tree = panel.get_by_role("tree", name="Executions")
    expect(tree.get_by_role("treeitem").first).to_be_visible()
    tree.focus()
    desk.page.keyboard.press("End")
    last = tree.locator("[aria-selected=true]")
    expect(last).to_have_attribute("aria-posinset", last.get_attribute("aria-setsize") or "")
    desk.page.keyboard.press("Home")
    expect(tree.locator("[aria-selected=true]")).to_have_attribute("aria-posinset", "1")
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".jp-kitaru-document")).to_be_visible(timeout=60_000)


def test_rows_far_down_are_fetched_when_they_come_into_sight(desk: Jupyter, many: list[str]) -> None:
    panel = opened(desk)
    tree = panel.get_by_role("tree", name="Executions")
    expect(tree.get_by_role("treeitem").first).to_be_visible()
    drawn = tree.get_by_role("treeitem").count()
    assert drawn < 50
    tree.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    last = tree.locator("[role=treeitem]").last
    expect(last).to_have_attribute("aria-posinset", last.get_attribute("aria-setsize") or "")
    expect(last).not_to_contain_text("…")
    assert tree.get_by_role("treeitem").count() < 50


def test_the_tab_tells_how_many_questions_are_open(desk: Jupyter, many: list[str]) -> None:
    badge = desk.page.locator("[data-kitaru-waits]")
    desk.await_waiting(lambda: badge.get_attribute("data-kitaru-waits"))
    # The icon is of the theme's colour.
    fill = "node => getComputedStyle(node).fill"
    light = badge.locator("svg path").first.evaluate(fill)
    desk.use_theme(DARK)
    assert badge.locator("svg path").first.evaluate(fill) != light
    desk.use_theme(LIGHT)


def test_the_context_menu_acts_on_the_execution_that_is_clicked(desk: Jupyter, many: list[str]) -> None:
    panel = opened(desk)
    panel.get_by_placeholder("Search executions").fill("division by zero")
    found = desk.server.get("kitaru/api/executions?text=division%20by%20zero")["total"]
    expect(panel.get_by_role("treeitem")).to_have_count(found)
    panel.get_by_role("treeitem", name="broken").first.click(button="right")
    menu = desk.page.locator(".lm-Menu")
    disabled = menu.locator(".lm-Menu-item.lm-mod-disabled")
    expect(menu.get_by_role("menuitem", name="Retry")).to_be_visible()
    expect(disabled.filter(has_text="Retry")).to_have_count(0)
    expect(disabled.filter(has_text="Resume")).to_have_count(1)
    desk.screenshot("context-menu")
    menu.get_by_role("menuitem", name="Open Execution").click()
    expect(desk.page.locator(".jp-kitaru-document .jp-kitaru-flow")).to_have_text("broken")
