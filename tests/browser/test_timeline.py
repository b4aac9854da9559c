"""Many calls in the timeline of an execution's document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.recorded import record
from tests.browser.test_document import opened

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter, Server

ROUNDS = """
@checkpoint
def work(n: int) -> int:
    time.sleep(0.01 + 0.01 * (n % 7))
    if n == 77:
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
    document = opened(lab, exec_id)
    document.get_by_role("treeitem", name=f"work × {total}").click()
    expect(document.get_by_role("treeitem", name="Lane 1", exact=True)).to_be_visible()
    return document


def test_many_calls_share_lanes_and_a_bar_opens_its_call(lab: Jupyter, rounds: str) -> None:
    document = unfolded(lab, rounds, 60)
    first = document.get_by_role("treeitem", name="Lane 1", exact=True)
    assert first.locator(".jp-kitaru-lane-bar").count() > 1
    document.locator("[data-kitaru-call=work_7]").click()
    expect(document.get_by_role("complementary", name="Call work_7")).to_contain_text("work_7 ran")
    lab.screenshot("timeline-lanes")
    assert lab.violations(".jp-kitaru-document") == []


def test_a_call_that_failed_is_seen_among_many(lab: Jupyter, rounds: str) -> None:
    document = unfolded(lab, rounds, 40)
    document.locator(".jp-kitaru-lane-bar.jp-kitaru-bar-failed").click()
    pane = document.get_by_role("complementary")
    expect(pane).to_contain_text("not this one")


def test_lanes_are_used_with_the_keyboard(lab: Jupyter, rounds: str) -> None:
    document = unfolded(lab, rounds, 60)
    tree = document.get_by_role("tree", name="Calls")
    tree.focus()
    lab.page.keyboard.press("Home")
    lab.page.keyboard.press("ArrowDown")
    told = document.get_by_role("status").filter(has_text="work")
    expect(told).to_contain_text("work, Completed")
    lab.page.keyboard.press("ArrowRight")
    expect(told).not_to_contain_text("work, ")
    name = told.inner_text().split(",")[0]
    lab.page.keyboard.press("Enter")
    expect(document.get_by_role("complementary", name=f"Call {name}")).to_be_visible()
    lab.page.keyboard.press("ArrowLeft")
    expect(document.get_by_role("complementary", name="Call work", exact=True)).to_be_visible()
    lab.page.keyboard.press("ArrowLeft")
    expect(tree.locator("[aria-selected=true]")).to_contain_text("work × 60")


def test_each_call_of_a_group_has_a_row_where_that_is_asked_for(lab: Jupyter, rounds: str) -> None:
    document = unfolded(lab, rounds, 40)
    tree = document.get_by_role("tree", name="Calls")
    tree.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    document.get_by_role("treeitem", name="40 calls, one by one").click()
    tree.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    rows = document.locator("[aria-level='3']")
    expect(rows.last).to_contain_text("work_100")
    expect(rows.filter(has_text="work_77")).to_have_count(1)


def test_zoom_tells_apart_what_is_too_short_to_be_seen(lab: Jupyter, rounds: str) -> None:
    long = record(
        lab.server,
        """
@checkpoint
def quick(n: int) -> int:
    return n

@flow
def long() -> int:
    quick.map(range(30)).result()
    time.sleep(4)
    return quick(31)

run = long.run()
run.wait()
print(run.exec_id)
""",
    )
    document = opened(lab, long)
    document.get_by_role("treeitem", name="quick × 31").click()
    several = document.locator(".jp-kitaru-lane-bar[title*='calls from']").first
    several.click()
    expect(document.locator(".jp-kitaru-lane-bar[data-kitaru-call]").first).to_be_visible()
    expect(document.get_by_role("button", name="Show the whole time (0)")).to_be_enabled()
