"""The first notebook, followed cell by cell as its text says, by somebody who clicks and types."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import nbformat
from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter

NOTEBOOK = ROOT / "notebooks" / "start.ipynb"
TEXT = "PUBLISHED: Tea is old. Tea is loved. Tea is cheap."


class Reader:
    """Somebody who reads the first notebook and runs its cells.

    Parameters
    ----------
    lab
        Where the notebook is opened.
    """

    def __init__(self, lab: Jupyter) -> None:
        self.lab = lab
        self.sources = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells]
        shutil.copy(NOTEBOOK, lab.server.root)
        lab.open(NOTEBOOK.name)

    def run(self, beginning: str) -> Locator:
        """Run the cell that begins so to its end; return what it shows."""
        index, source = next(one for one in enumerate(self.sources) if one[1].startswith(beginning))
        self.lab.page.evaluate("index => jupyterapp.shell.currentWidget.content.scrollToItem(index)", index)
        self.lab.run(index)
        # By its text: which cells have elements depends on what is in sight.
        first = self.lab.page.locator(".cm-line", has_text=re.compile(f"^{re.escape(source.splitlines()[0])}$"))
        cell = self.lab.page.locator(".jp-Notebook .jp-CodeCell").filter(has=first)
        expect(cell.locator(".jp-InputArea-prompt")).to_have_text(re.compile(r"\[\d+\]"), timeout=ELSEWHERE)
        return cell.locator(".jp-Cell-outputArea")

    def restart(self) -> None:
        """Choose Kernel ▸ Restart Kernel…, and confirm."""
        page = self.lab.page
        page.get_by_role("menuitem", name="Kernel", exact=True).click()
        page.locator(".lm-Menu-itemLabel").get_by_text("Restart Kernel…", exact=True).click()
        page.get_by_role("button", name="Confirm Kernel Restart").click()
        page.get_by_role("dialog").wait_for(state="detached")
        self.lab.await_kernel()


def test_a_newcomer_comes_to_a_waiting_restarted_answered_replayed_and_queried_flow(lab: Jupyter) -> None:
    reader = Reader(lab)
    reader.run("import kitaru")
    shown = reader.run("%%kitaru_flow")
    view = shown.locator(".jp-kitaru-execution")
    expect(view).to_contain_text("Publish this? Tea is old. Tea is loved. Tea is cheap.")
    exec_id = re.search(r"kr-\w{12}", view.inner_text())
    assert exec_id

    reader.restart()
    reader.run("import kitaru")
    greeting = reader.run("%load_ext")
    expect(greeting).to_contain_text(f"{exec_id[0]} of article asks: Publish this?")
    expect(greeting.get_by_role("button", name="Approve")).to_be_visible()
    lab.screenshot("start-greeting", greeting)

    reader.run("%%kitaru_flow")
    expect(shown).to_contain_text(f"Attached to {exec_id[0]}, which is waiting")
    view.get_by_role("button", name="Approve").click()
    expect(view).to_contain_text("Completed", timeout=ELSEWHERE)
    expect(view).to_contain_text(TEXT)
    expect(reader.run("text")).to_contain_text(TEXT)

    # Others are in the list too: tests of a process share a home.
    expect(reader.run("%kitaru list").get_by_role("row").filter(has_text=exec_id[0])).to_contain_text("completed")
    expect(reader.run("first =")).to_contain_text(exec_id[0])
    replay = reader.run("%kitaru replay")
    expect(replay).to_contain_text("PUBLISHED: Tea comes from China.")
    compared = reader.run("replayed =")
    expect(compared).to_contain_text("Tea comes from China")
    lab.screenshot("start-diff", compared)
    reader.run("flow_name =")
    asked = reader.run("%%kitaru_sql")
    expect(asked.get_by_role("row").filter(has_text=exec_id[0])).to_contain_text("False")
