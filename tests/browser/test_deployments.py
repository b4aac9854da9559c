"""Deployments in the side bar and in documents of their own: made from a notebook, invoked, tagged, deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.recorded import record

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter, Server

PATIENCE = 60_000

LETTERS = '''
from enum import Enum
from kitaru import checkpoint, flow

class Tone(Enum):
    WARM = "warm"
    DRY = "dry"

@checkpoint
def compose(to: str, tone: Tone, lines: int) -> str:
    return f"Dear {to}, " + f"{tone.value} words. " * lines

@flow
def letter(to: str, tone: Tone = Tone.WARM, lines: int = 2, extra: dict = {}, sender="Bob") -> str:
    """Write a letter to somebody."""
    return compose(to, tone, lines) + f"{extra} {sender}"
'''

DEPLOYED = """
from kitaru import KitaruClient
from letters import letter

letter.deploy(tags={"stable": True})
letter.deploy()
letter.deploy(tags=["canary"])
KitaruClient().schedules.create("weekly", "letter", cron="0 9 * * 1", tag="stable", inputs={"to": "Ada"})
print("done")
"""

GREETING = [
    "from kitaru import flow",
    '@flow\ndef greet(name: str = "you") -> str:\n    """Say hello."""\n    return f"Hello {name}"',
]


@pytest.fixture(scope="module")
def deployed(server: Server) -> Server:
    """The server's home has three versions of a flow, and a schedule."""
    (server.root / "letters.py").write_text(LETTERS)
    record(server, DEPLOYED)
    return server


def opened(lab: Jupyter, version: int) -> Locator:
    lab.visit()
    lab.execute("kitaru:open-deployment", {"flow": "letter", "version": version}, wait=False)
    document = lab.page.locator(".jp-kitaru-deployment")
    expect(document.get_by_role("heading", name=f"Version {version}", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(document.get_by_role("button", name="Invoke")).to_be_visible(timeout=PATIENCE)
    return document


def test_a_version_is_found_in_the_side_bar_and_invoked_with_a_form(lab: Jupyter, deployed: Server) -> None:
    lab.visit()
    lab.execute("kitaru:show-deployments")
    panel = lab.page.locator(".jp-kitaru-panel")
    row = panel.get_by_role("treeitem", name=re.compile("Version 2"))
    expect(row).to_be_visible(timeout=PATIENCE)
    lab.screenshot("deployments-sidebar", panel)
    assert lab.violations(".jp-kitaru-panel [aria-label='Deployments']") == []
    row.click()
    document = lab.page.locator(".jp-kitaru-deployment")
    invoke = document.get_by_role("button", name="Invoke")
    expect(document.get_by_text("This version was not invoked yet.")).to_be_visible(timeout=PATIENCE)
    invoke.click()
    expect(document.get_by_role("alert")).to_have_text("Needed")
    document.get_by_label("To *").fill("Ada")
    document.get_by_label("Tone").select_option("dry")
    document.get_by_label("Extra").fill("{")
    invoke.click()
    expect(document.get_by_role("alert")).to_contain_text("JSON")
    document.get_by_label("Extra").fill('{"a": 1}')
    invoke.dblclick()
    execution = lab.page.locator(".jp-kitaru-document:not(.jp-kitaru-deployment)")
    expect(execution).to_contain_text("Dear Ada, dry words. dry words. {'a': 1} Bob", timeout=PATIENCE)
    expect(execution).to_contain_text(", in JupyterLab")
    execution.get_by_role("button", name="Version 2", exact=True).click()
    expect(document.get_by_role("heading", name="Runs (1)")).to_be_visible(timeout=PATIENCE)
    run = document.get_by_role("treeitem", name=re.compile("Completed"))
    expect(run).to_contain_text(", in JupyterLab", timeout=PATIENCE)
    lab.screenshot("deployments-document")
    assert lab.violations(".jp-kitaru-deployment") == []


def test_a_versions_tags_and_schedules_are_made_changed_and_removed_with_a_word_on_what_follows(
    lab: Jupyter, deployed: Server
) -> None:
    document = opened(lab, 3)
    schedules = document.get_by_role("region", name="Schedules")
    schedules.get_by_role("button", name="Pause weekly").click()
    expect(schedules).to_contain_text("Paused")
    schedules.get_by_role("button", name="Resume weekly").click()
    expect(schedules).to_contain_text("At 09:00 on Monday")
    schedules.get_by_role("button", name="New schedule…").click()
    form = schedules.get_by_role("form", name="New schedule")
    create = form.get_by_role("button", name="Create")
    form.get_by_label("Name", exact=True).fill("workdays")
    form.get_by_label("Cron expression").fill("0 25 * * 1-5")
    expect(form.get_by_role("alert")).to_contain_text("is no cron expression")
    expect(create).to_be_disabled()
    form.get_by_label("Cron expression").fill("30 7 * * 1-5")
    expect(form.get_by_role("status")).to_contain_text("At 07:30 on Monday through Friday. Next:")
    form.get_by_label("Invokes").select_option(label="Whatever has the tag stable, now version 1")
    create.click()
    expect(form.get_by_label("To *")).to_be_focused()
    form.get_by_label("To *").fill("Ada")
    form.scroll_into_view_if_needed()
    lab.screenshot("deployments-schedule", form)
    assert lab.violations(".jp-kitaru-schedule-form") == []
    create.click()
    expect(schedules.get_by_role("button", name="Delete workdays")).to_be_visible()
    # The defaults are left to the version that runs.
    expect(schedules.get_by_text('{"to":"Ada"}', exact=True)).to_have_count(2)
    expect(form).to_have_count(0)
    schedules.scroll_into_view_if_needed()
    lab.screenshot("deployments-schedules", schedules)
    schedules.get_by_role("button", name="Delete workdays").click()
    dialog = lab.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete").click()
    expect(schedules.get_by_text("workdays")).to_have_count(0)
    document.get_by_role("button", name="Set a tag…").click()
    accept = dialog.get_by_role("button", name="Set Tag")
    expect(accept).to_be_disabled()
    dialog.get_by_label("Tag", exact=True).fill("stable")
    expect(dialog.get_by_role("status")).to_contain_text("stable moves from version 1 to version 3.")
    expect(dialog.get_by_role("status")).to_contain_text("The schedule weekly follows it.")
    lab.screenshot("deployments-tag", dialog.locator(".jp-Dialog-content"))
    accept.click()
    versions = document.get_by_role("navigation", name="Versions")
    expect(versions.get_by_role("button", name=re.compile("Version 3"))).to_contain_text("stable", timeout=PATIENCE)
    expect(versions.get_by_role("button", name=re.compile("Version 1"))).not_to_contain_text("stable")
    lab.execute("kitaru:delete-deployment", {"flow": "letter", "version": 3}, wait=False)
    expect(dialog).to_contain_text("It alone has stable.", timeout=PATIENCE)
    dialog.get_by_role("button", name="Ok").click()
    document.get_by_role("button", name="Remove the tag canary").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(versions.get_by_text("canary")).to_have_count(0, timeout=PATIENCE)
    document.locator("summary", has_text="Script").click()
    script = document.get_by_role("region", name="Script")
    expect(script).to_contain_text("def compose(to: str", timeout=PATIENCE)
    script.scroll_into_view_if_needed()
    lab.screenshot("deployments-script")


def test_a_flow_of_an_open_notebook_is_deployed_and_exported(lab: Jupyter, server: Server) -> None:
    lab.open(server.write_notebook("greeting.ipynb", *GREETING))
    lab.page.get_by_role("button", name="Deploy…").click()
    dialog = lab.page.get_by_role("dialog")
    expect(dialog.get_by_label("Flow", exact=True)).to_have_value("greet", timeout=PATIENCE)
    dialog.get_by_label("Tag (may be left out)").fill("beta")
    lab.screenshot("deployments-deploy", dialog.locator(".jp-Dialog-content"))
    dialog.get_by_role("button", name="Deploy").click()
    document = lab.page.locator(".jp-kitaru-deployment")
    expect(document).to_contain_text("Say hello.", timeout=2 * PATIENCE)
    expect(document.get_by_role("navigation", name="Versions")).to_contain_text("beta")
    document.get_by_role("button", name="greeting.ipynb").click()
    expect(lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")).to_be_visible(timeout=PATIENCE)
    lab.page.wait_for_function("() => jupyterapp.commands.isEnabled('kitaru:export-flow')", timeout=PATIENCE)
    lab.execute("kitaru:export-flow", {"flow": "greet"}, wait=False)
    expect(lab.page.get_by_text("Written: greet.py").first).to_be_visible(timeout=2 * PATIENCE)
    assert "def greet(name" in (server.root / "greet.py").read_text()
