from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE
from tests.browser.recorded import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter, Server


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
    assert lab.violations(".jp-kitaru-inbox", "inbox") == []
    form.get_by_role("button", name="Approve").click()
    expect(form).to_have_count(0)
    lab.execute("kitaru:open-execution", {"execId": exec_id}, wait=False)
    # Whoever asked has gone: another process goes on.
    expect(lab.page.locator(".jp-kitaru-document")).to_contain_text("Completed", timeout=ELSEWHERE)


@pytest.fixture
def own_settings(server: Server) -> Iterator[None]:
    """Whatever the person chooses is forgotten afterwards."""
    yield
    for chosen in (server.root.parent / "settings" / "kitaru").glob("*"):
        chosen.unlink()


@pytest.mark.usefixtures("own_settings")
def test_notifications_are_switched_off_in_the_settings_while_the_status_bar_counts_and_leads_on(lab: Jupyter) -> None:
    lab.visit()
    lab.page.wait_for_function("() => jupyterapp.isPluginActivated('kitaru:inbox')")
    lab.await_stream()
    lab.execute("settingeditor:open", {"query": "Kitaru"}, wait=False)
    switch = lab.page.get_by_role("checkbox", name="Notify of questions")
    switch.uncheck()
    lab.screenshot("settings")
    chosen = lab.page.locator(".jp-PluginList").get_by_text("Modified", exact=True)
    expect(chosen).to_be_visible()
    quiet = ask(lab.server, "Quiet tea")
    status = lab.page.locator(".jp-kitaru-waits-status")
    lab.await_waiting(status.inner_text)
    expect(lab.page.get_by_role("alert").filter(has_text="Quiet tea")).to_have_count(0)
    lab.page.get_by_role("button", name="Restore to Defaults").click()
    expect(chosen).to_have_count(0)
    ask(lab.server, "Loud tea")
    expect(lab.page.get_by_role("alert").filter(has_text="Loud tea")).to_be_visible()
    status.get_by_role("button").click()
    expect(question(lab, quiet)).to_be_visible()
    expect(lab.page.get_by_role("alert").filter(has_text="Quiet tea")).to_have_count(0)


def test_a_question_is_answered_while_its_kernel_is_busy(desk: Jupyter) -> None:
    desk.bring(
        desk.server.write_notebook(
            "busy-inbox.ipynb",
            "from kitaru import flow, wait\n@flow\ndef slow() -> str:\n    return wait(name='word', schema=str)",
            "run = slow.run()\nprint(run.exec_id)",
            "import time\nfor _ in range(6000):\n    time.sleep(0.1)",
        )
    )
    desk.run(0)
    desk.run(1)
    exec_id = desk.exec_id(1)
    desk.run(2)
    desk.page.wait_for_function("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")
    desk.execute("kitaru:show-waits")
    form = question(desk, exec_id)
    form.get_by_role("textbox").fill("tea")
    form.get_by_role("button", name="Send").click()
    expect(form).to_have_count(0)
    assert desk.is_busy()
    desk.execute("kitaru:open-execution", {"execId": exec_id}, wait=False)
    expect(desk.page.locator(".jp-kitaru-document")).to_contain_text("Completed")
