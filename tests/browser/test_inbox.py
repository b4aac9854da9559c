from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE
from tests.browser.recorded import ask

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter


def question(lab: Jupyter, exec_id: str) -> Locator:
    return lab.page.locator(f".jp-kitaru-inbox [data-kitaru-execution='{exec_id}']")


def test_a_new_question_is_told_and_answered_without_a_notebook(lab: Jupyter) -> None:
    lab.visit()
    lab.page.wait_for_function("() => jupyterapp.isPluginActivated('kitaru:inbox')")
    lab.await_stream()
    exec_id = ask(lab.server, "Cocoa")
    notice = lab.page.get_by_role("alert").filter(has_text="asking asks: Publish the article on Cocoa?")
    lab.screenshot("inbox-notification")
    notice.get_by_role("button", name="Answer").click()
    form = question(lab, exec_id)
    lab.screenshot("inbox")
    assert lab.violations(".jp-kitaru-inbox") == []
    form.get_by_role("button", name="Approve").click()
    expect(form).to_have_count(0)
    lab.execute("kitaru:open-execution", {"execId": exec_id}, wait=False)
    # Whoever asked has gone: another process goes on.
    expect(lab.page.locator(".jp-kitaru-document")).to_contain_text("Completed", timeout=ELSEWHERE)


def test_the_status_bar_says_how_many_wait_and_leads_to_them(lab: Jupyter) -> None:
    exec_id = ask(lab.server, "Milk")
    lab.visit()
    item = lab.page.locator(".jp-kitaru-waits-status")
    lab.await_waiting(item.inner_text)
    item.get_by_role("button").click()
    expect(question(lab, exec_id)).to_be_visible()


def test_a_question_is_answered_while_its_kernel_is_busy(lab: Jupyter) -> None:
    lab.open(
        lab.server.write_notebook(
            "busy-inbox.ipynb",
            "from kitaru import flow, wait\n@flow\ndef slow() -> str:\n    return wait(name='word', schema=str)",
            "run = slow.run()\nprint(run.exec_id)",
            "import time\nfor _ in range(6000):\n    time.sleep(0.1)",
        )
    )
    lab.run(0)
    lab.run(1)
    exec_id = lab.exec_id(1)
    lab.run(2)
    lab.page.wait_for_function("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")
    lab.execute("kitaru:show-waits")
    form = question(lab, exec_id)
    form.get_by_role("textbox").fill("tea")
    form.get_by_role("button", name="Send").click()
    expect(form).to_have_count(0)
    assert lab.is_busy()
    lab.execute("kitaru:open-execution", {"execId": exec_id}, wait=False)
    expect(lab.page.locator(".jp-kitaru-document")).to_contain_text("Completed")
