from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

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
    lab.visit()
    lab.execute("kitaru:show-executions")
    panel = lab.page.locator("#jp-kitaru-panel")
    panel.wait_for()
    return panel


def test_executions_are_listed_the_newest_first_with_what_matters_of_each(lab: Jupyter, many: list[str]) -> None:
    panel = opened(lab)
    places = []
    for exec_id, text in zip(many, ("1 call", "ZeroDivisionError: division by zero", "Asks: publish"), strict=True):
        row = panel.locator(f"[data-kitaru-execution='{exec_id}'][role=treeitem]")
        expect(row).to_contain_text(text)
        places.append(int(row.get_attribute("aria-posinset") or ""))
    assert places == [places[0], places[0] - 1, places[0] - 2]
    lab.screenshot("sidebar")
    assert lab.violations("#jp-kitaru-panel") == []


def test_a_new_execution_appears_without_a_reload(lab: Jupyter, many: list[str]) -> None:
    panel = opened(lab)
    expect(panel.get_by_role("treeitem").first).to_be_visible()
    record(lab.server, "named = wide.run(2)\nnamed.wait()\nprint(1)")
    expect(panel.get_by_role("treeitem").first).to_contain_text("wide")


def test_the_list_is_narrowed_by_text_and_status_and_says_how_many_there_are(lab: Jupyter, many: list[str]) -> None:
    panel = opened(lab)
    panel.get_by_placeholder("Search executions").fill("division by zero")
    # Other tests of the server have failed executions too.
    found = lab.server.get("kitaru/api/executions?text=division%20by%20zero")["total"]
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
    lab.screenshot("sidebar-filters", panel)
    assert lab.violations("#jp-kitaru-panel") == []


def test_what_fits_nothing_says_so(lab: Jupyter, many: list[str]) -> None:
    panel = opened(lab)
    panel.get_by_placeholder("Search executions").fill("never heard of")
    expect(panel).to_contain_text("No execution fits these filters.")


def test_groups_say_how_many_they_hold_and_fold(lab: Jupyter, many: list[str]) -> None:
    panel = opened(lab)
    panel.get_by_role("button", name="Filter and group").click()
    panel.get_by_label("Group by").select_option("flow")
    group = panel.get_by_role("treeitem", expanded=True).first
    expect(group).to_contain_text("broken")
    total = lab.server.get("kitaru/api/executions?flow=broken")["total"]
    expect(group).to_contain_text(str(total))
    group.click()
    expect(panel.get_by_role("treeitem", expanded=False).first).to_contain_text("broken")
    lab.screenshot("sidebar-groups", panel)
    assert lab.violations("#jp-kitaru-panel") == []


def test_the_list_is_used_with_the_keyboard_alone(lab: Jupyter, many: list[str]) -> None:
    panel = opened(lab)
    tree = panel.get_by_role("tree", name="Executions")
    expect(tree.get_by_role("treeitem").first).to_be_visible()
    tree.focus()
    lab.page.keyboard.press("End")
    last = tree.locator("[aria-selected=true]")
    expect(last).to_have_attribute("aria-posinset", last.get_attribute("aria-setsize") or "")
    lab.page.keyboard.press("Home")
    expect(tree.locator("[aria-selected=true]")).to_have_attribute("aria-posinset", "1")
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Enter")
    expect(lab.page.locator(".jp-kitaru-document")).to_be_visible(timeout=60_000)


def test_rows_far_down_are_fetched_when_they_come_into_sight(lab: Jupyter, many: list[str]) -> None:
    panel = opened(lab)
    tree = panel.get_by_role("tree", name="Executions")
    expect(tree.get_by_role("treeitem").first).to_contain_text("call")
    drawn = tree.get_by_role("treeitem").count()
    assert drawn < 50
    tree.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    last = tree.locator("[role=treeitem]").last
    expect(last).to_have_attribute("aria-posinset", last.get_attribute("aria-setsize") or "")
    expect(last).not_to_contain_text("…")
    assert tree.get_by_role("treeitem").count() < 50


def test_the_tab_tells_how_many_questions_are_open(lab: Jupyter, many: list[str]) -> None:
    lab.visit()
    badge = lab.page.locator("[data-kitaru-waits]")
    lab.await_waiting(lambda: badge.get_attribute("data-kitaru-waits"))


def test_the_context_menu_acts_on_the_execution_that_is_clicked(lab: Jupyter, many: list[str]) -> None:
    panel = opened(lab)
    panel.get_by_placeholder("Search executions").fill("division by zero")
    found = lab.server.get("kitaru/api/executions?text=division%20by%20zero")["total"]
    expect(panel.get_by_role("treeitem")).to_have_count(found)
    panel.get_by_role("treeitem", name="broken").first.click(button="right")
    menu = lab.page.locator(".lm-Menu")
    disabled = menu.locator(".lm-Menu-item.lm-mod-disabled")
    expect(menu.get_by_role("menuitem", name="Retry")).to_be_visible()
    expect(disabled.filter(has_text="Retry")).to_have_count(0)
    expect(disabled.filter(has_text="Resume")).to_have_count(1)
    lab.screenshot("context-menu")
    menu.get_by_role("menuitem", name="Open Execution").click()
    expect(lab.page.locator(".jp-kitaru-document .jp-kitaru-flow")).to_have_text("broken")
