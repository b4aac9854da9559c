"""Many calls in the timeline of an execution's document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.recorded import record
from tests.browser.test_document import show

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter, Server

ROUNDS = """
@checkpoint
def work(n: int) -> int:
    # The later ones all run at once: more lanes than there are rows in sight.
    time.sleep(0.3 if n < 60 else 1)
    if n == 91:
        raise ValueError("not this one")
    return n

@checkpoint
def rest(n: int) -> int:
    time.sleep(0.05)
    return n

@flow
def rounds() -> int:
    first = [future.result() for future in work.map(range(60))]
    rest(1)
    for future in work.map(range(60, 100)):
        try:
            future.result()
        except ValueError:
            pass
    return sum(first)

run = rounds.run()
run.wait()
print(run.exec_id)
"""


@pytest.fixture(scope="module")
def rounds(server: Server) -> str:
    return record(server, ROUNDS)


def unfolded(lab: Jupyter, exec_id: str, total: int) -> Locator:
    """Open the document and the group of so many calls."""
    document = show(lab, exec_id)
    document.get_by_role("treeitem", name=f"work × {total}").click()
    expect(document.get_by_role("treeitem", name="Lane 1", exact=True)).to_be_visible()
    return document


def test_many_calls_share_lanes_and_a_bar_opens_its_call(desk: Jupyter, rounds: str) -> None:
    document = unfolded(desk, rounds, 60)
    lanes = desk.server.get(f"kitaru/api/executions/{rounds}/lanes?checkpoint=work&first=0&count=60")["lanes"]
    assert len(lanes) < 60
    bar = document.locator(".jp-kitaru-lane-bar[data-kitaru-call]").first
    name = bar.get_attribute("data-kitaru-call")
    bar.click()
    expect(document.get_by_role("complementary", name=f"Call {name}", exact=True)).to_contain_text(f"{name} ran")
    assert desk.violations(".jp-kitaru-document", "timeline-lanes") == []


def test_a_folded_group_says_how_many_calls_failed_and_leads_to_them(desk: Jupyter, rounds: str) -> None:
    document = show(desk, rounds)
    group = document.get_by_role("treeitem", name="work × 40")
    group.get_by_text("1 failed", exact=True).click()
    pane = document.get_by_role("complementary", name="Call work_92")
    expect(pane).to_contain_text("not this one")
    row = document.get_by_role("treeitem", name="work_92")
    expect(row).to_have_attribute("aria-selected", "true")
    expect(row).to_be_in_viewport()
    assert desk.violations(".jp-kitaru-document", "timeline-failed") == []


def test_a_key_leads_to_the_call_that_failed(desk: Jupyter, rounds: str) -> None:
    document = show(desk, rounds)
    group = document.get_by_role("treeitem", name=re.compile("work × 40, Failed, .*, 1 failed"))
    expect(group).to_have_attribute("aria-keyshortcuts", "F")
    tree = document.get_by_role("tree", name="Calls", description=re.compile("F leads to the first call that failed"))
    tree.focus()
    desk.page.keyboard.press("f")
    expect(document.get_by_role("complementary", name="Call work_92")).to_contain_text("not this one")
    expect(tree).to_be_focused()
    expect(tree.locator("[aria-selected=true]")).to_contain_text("work_92")


def test_lanes_are_used_with_the_keyboard(desk: Jupyter, rounds: str) -> None:
    document = unfolded(desk, rounds, 60)
    shared = document.get_by_role("treeitem", name="Lane ").filter(
        has=desk.page.locator(".jp-kitaru-lane-bar ~ .jp-kitaru-lane-bar")
    )
    lane = int((shared.first.get_attribute("aria-label") or "").split()[-1])
    tree = document.get_by_role("tree", name="Calls")
    tree.focus()
    desk.page.keyboard.press("Home")
    for _ in range(lane):
        desk.page.keyboard.press("ArrowDown")
    told = document.get_by_role("status").filter(has_text="work")
    expect(told).to_contain_text("Completed")
    first = told.inner_text()
    desk.page.keyboard.press("ArrowRight")
    expect(told).not_to_have_text(first)
    second = told.inner_text()
    desk.page.keyboard.press("Enter")
    expect(document.get_by_role("complementary", name=called(second), exact=True)).to_be_visible()
    desk.page.keyboard.press("ArrowLeft")
    expect(document.get_by_role("complementary", name=called(first), exact=True)).to_be_visible()
    desk.page.keyboard.press("ArrowLeft")
    expect(tree.locator("[aria-selected=true]")).to_contain_text("work × 60")


def called(told: str) -> str:
    """The name of the pane for a bar of which this is told."""
    return f"Call {told.split(',')[0]}"


def test_each_call_of_a_group_has_a_row_where_that_is_asked_for(desk: Jupyter, rounds: str) -> None:
    document = unfolded(desk, rounds, 40)
    tree = document.get_by_role("tree", name="Calls")
    tree.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    document.get_by_role("treeitem", name="40 calls, one by one").click()
    tree.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    rows = document.locator("[aria-level='3']")
    expect(rows.last).to_contain_text("work_100")
    expect(rows.filter(has_text="work_92")).to_have_count(1)


def test_zoom_tells_apart_what_is_too_short_to_be_seen(desk: Jupyter, rounds: str) -> None:
    long = record(
        desk.server,
        """
@checkpoint
def quick(n: int) -> int:
    return n

@flow
def long() -> int:
    # More calls than can be told apart, however fast the machine is.
    return sum(quick(n) for n in range(450))

run = long.run()
run.wait()
print(run.exec_id)
""",
    )
    document = show(desk, long)
    document.get_by_role("treeitem", name="quick × 450").click()
    several = document.locator(".jp-kitaru-lane-bar[title*='calls from']").first
    several.dispatch_event("click")  # its neighbours are as close as can be
    expect(document.locator(".jp-kitaru-lane-bar[data-kitaru-call]").first).to_be_visible()
    expect(document.get_by_role("button", name="Show the whole time (0)")).to_be_enabled()
