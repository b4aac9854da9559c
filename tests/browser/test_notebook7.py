"""What Notebook 7 has beside the inline view: the list and the document in its panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from kitaru.store.home import home_id
from tests.browser.recorded import ask, record
from tests.browser.test_inline import execution, saved_view, with_outputs

if TYPE_CHECKING:
    from tests.browser.jupyter import Jupyter, Server


@pytest.fixture
def tea(server: Server) -> str:
    return record(server, "run = article.run()\nrun.wait()\nprint(run.exec_id)")


def test_the_document_opens_beside_the_notebook(notebook7: Jupyter, tea: str) -> None:
    saved = saved_view(exec_id=tea, rows=[], failure=None, position=0, home=home_id(notebook7.server.home))
    notebook7.open(with_outputs(notebook7.server, "beside.ipynb", saved))
    view = execution(notebook7.output(0))
    view.get_by_role("button", name=tea).click()
    document = notebook7.page.locator(f".jp-kitaru-document[data-kitaru-execution='{tea}']")
    expect(document).to_be_visible()
    expect(view).to_be_visible()
    document.get_by_role("treeitem", name="collect").click()
    expect(document.get_by_role("complementary")).to_contain_text("Tea fact 2")
    assert notebook7.violations(".jp-kitaru-document", "notebook7-document") == []


def test_the_list_and_the_questions_are_in_the_left_panel(notebook7: Jupyter, tea: str) -> None:
    notebook7.open(notebook7.server.write_notebook("list.ipynb", "1"))
    notebook7.await_stream()
    exec_id = ask(notebook7.server, "Matcha")
    notice = notebook7.page.get_by_role("alert").filter(has_text="Publish the article on Matcha?")
    notice.get_by_role("button", name="Answer").click()
    form = notebook7.page.locator(f".jp-kitaru-inbox [data-kitaru-execution='{exec_id}']")
    form.get_by_role("button", name="Approve").click()
    expect(form).to_have_count(0)
    notebook7.execute("kitaru:show-executions")
    panel = notebook7.page.locator("#jp-kitaru-panel")
    panel.locator(f"[data-kitaru-execution='{tea}']").click()
    expect(notebook7.page.locator(f".jp-kitaru-document[data-kitaru-execution='{tea}']")).to_be_visible()
    assert notebook7.violations("#jp-kitaru-panel", "notebook7-list") == []
