"""The widgets in a real JupyterLab, and as a page of Voilà."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE, ROOT, SCREENSHOTS, end, server_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.jupyter import Jupyter

FLOWS = """
import contextlib, io
from typing import Literal
import kitaru
from kitaru.widgets import *
from pydantic import BaseModel, Field
from traitlets import link

class Order(BaseModel):
    count: int = Field(ge=1, le=5, description="How many of them to make.")
    size: Literal["small", "large"]
    remarks: str | None = None
    tags: list[str] = ["new"]

@kitaru.checkpoint(cache=False)
def look_up(topic: str) -> str:
    return f"notes about {topic}"

@kitaru.flow
def widget_order(topic: str = "tea") -> str:
    look_up(topic)
    order = kitaru.wait(schema=Order, name="order", question="What should it be?")
    return f"{order.count} {order.size} {order.tags}"

@kitaru.flow
def widget_report(topic: str = "tea") -> str:
    return look_up(topic)

client = kitaru.KitaruClient()
def ask():
    with contextlib.redirect_stderr(io.StringIO()):
        handle = widget_order.run()
        next(client.executions.events(handle.exec_id, kinds="wait.created"))
    return handle
"""


def test_a_dashboard_is_live_and_its_widgets_are_linked(lab: Jupyter) -> None:
    dashboard = """
browser, view, inbox = ExecutionBrowser(text="widget_", page_size=5), ExecutionView(), WaitInbox(flow="widget_order")
link((browser, "selected"), (view, "exec_id"))
display(browser, view, inbox)
"""
    lab.open(
        lab.server.write_notebook("live.ipynb", FLOWS, dashboard, "widget_report.run('rain').wait(); handle = ask()")
    )
    lab.run(0)
    shown = lab.run(1)
    expect(shown.get_by_text("Pick an execution to see it here.")).to_be_visible()
    lab.run(2)  # another cell, later: the widgets hear of it by themselves
    shown.get_by_role("button", name="widget_report").first.click()
    expect(shown.get_by_text("'notes about rain'").first).to_be_visible()
    expect(shown.get_by_text("1 question waiting")).to_be_visible()
    lab.screenshot("widgets-dashboard", shown)
    assert lab.violations(".kitaru-widget") == []
    shown.get_by_role("button", name="widget_order").first.click()
    # The view shows the question too; one answer settles both.
    expect(shown.get_by_role("button", name="Answer", exact=True)).to_have_count(2)
    shown.get_by_role("button", name="Abort…").first.click()
    shown.get_by_role("button", name="Cancel the execution").click()
    expect(shown.locator(".kitaru-mark-cancelled").first).to_be_visible()
    expect(shown.get_by_text("1 question waiting")).to_have_count(0)


@contextmanager
def voila(folder: Path, *arguments: str) -> Iterator[str]:
    """Serve the dashboard notebook as a page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "voila", "notebooks/dashboard.ipynb", "--no-browser", f"--port={port}"]
    log = folder / "voila.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--Voila.ip=127.0.0.1", "--VoilaConfiguration.allow_tracking_cookies=False", *arguments],
            cwd=ROOT,
            env=server_environment(folder, folder / "home"),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + 180
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/static/", timeout=5)
                break
            except httpx.HTTPError:
                assert time.monotonic() < until, log.read_text()
                assert process.poll() is None, log.read_text()
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


def test_the_dashboard_notebook_is_a_page_of_voila(page: Page, tmp_path: Path) -> None:
    with voila(tmp_path) as address:
        page.goto(address)
        expect(page.get_by_role("button", name="unlucky")).to_be_visible(timeout=ELSEWHERE)
        expect(page.get_by_text("'publish, 5 stars'")).to_be_visible()  # its last cells have run, too
        page.get_by_role("button", name="unlucky").click()
        expect(page.get_by_text("the printer is out of paper").first).to_be_visible()
        page.get_by_role("tab", name="Questions").click()
        # The notebook itself has answered the other question; this one is of the newest execution.
        newest = re.search(r"kr-\w{12}", page.locator(".kitaru-widget").first.inner_text())
        assert newest
        form = page.locator(".kitaru-card").filter(has_text=newest[0]).filter(visible=True)
        form.get_by_label("publish").check()
        form.get_by_label("Stars").fill("4")
        form.get_by_role("button", name="Answer", exact=True).click()
        expect(form).to_contain_text("Answered by")
        page.get_by_role("tab", name="Costs").click()
        expect(page.get_by_role("img", name="Tokens by flow")).to_be_visible()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "widgets-voila.png", full_page=True)
