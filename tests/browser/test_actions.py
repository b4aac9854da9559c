"""What can be done with an execution: from its toolbar, the palette, the keyboard and a notebook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE
from tests.browser.recorded import ask, record
from tests.browser.test_document import opened, show
from tests.browser.test_sidebar import opened as opened_list

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter


def await_copied(lab: Jupyter, text: str) -> None:
    lab.page.wait_for_function("text => navigator.clipboard.readText().then(found => found.includes(text))", arg=text)


def test_an_execution_is_cancelled_with_a_reason_once_that_is_confirmed(lab: Jupyter) -> None:
    exec_id = ask(lab.server, "Cancelled tea")
    document = opened(lab, exec_id)
    cancel = lab.page.get_by_role("button", name="Cancel…")
    cancel.click()
    lab.page.get_by_role("button", name="Keep It").click()
    expect(document.locator("header").first).to_contain_text("Waiting")
    cancel.click()
    lab.page.get_by_label("Reason (may be left out)").fill("enough tea")
    lab.page.get_by_role("button", name="Cancel Execution").click()
    expect(document.locator("header").first).to_contain_text("Cancelled")
    expect(document).to_contain_text("enough tea")
    expect(document.get_by_role("button", name="Approve")).to_have_count(0)
    expect(cancel).to_be_disabled()


def test_an_interrupted_execution_goes_on_from_where_it_stopped(lab: Jupyter) -> None:
    exec_id = record(
        lab.server,
        """
import os, pathlib
from kitaru import current_execution_id

@flow
def stops(mark: str) -> str:
    collect("Mint")
    if not os.path.exists(mark):
        pathlib.Path(mark).touch()
        os.write(1, (current_execution_id() + "\\n").encode())
        os._exit(0)
    return "went on"

stops.run(os.path.abspath("stops-mark")).wait()
""",
    )
    document = opened(lab, exec_id)
    expect(document.locator("header").first).to_contain_text("Interrupted")
    lab.page.get_by_role("button", name="Resume", exact=True).click()
    expect(document.locator("header").first).to_contain_text("Completed", timeout=ELSEWHERE)
    expect(document.locator(".jp-kitaru-values")).to_contain_text("went on")


def test_ids_addresses_and_lines_for_python_and_a_terminal_are_copied(lab: Jupyter) -> None:
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    exec_id = ask(lab.server, "Copied tea")
    opened(lab, exec_id)
    lab.page.wait_for_function("() => jupyterapp.shell.currentWidget?.title.label === 'asking'")
    for command, text in {
        "kitaru:copy-id": exec_id,
        "kitaru:copy-as-python": f'execution = kitaru.KitaruClient().executions.get("{exec_id}")',
        "kitaru:copy-as-cli": f"kitaru executions input {exec_id}",
        "kitaru:copy-link": f"/lab?kitaru={exec_id}",
    }.items():
        lab.execute(command)
        await_copied(lab, text)


def test_the_palette_finds_the_commands_and_runs_them(lab: Jupyter) -> None:
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    exec_id = ask(lab.server, "Palette tea")
    opened(lab, exec_id)
    lab.page.wait_for_function("() => jupyterapp.shell.currentWidget?.title.label === 'asking'")
    # The palette goes when anything else takes the focus, as a document does that opens.
    lab.execute("kitaru:open-execution", {"execId": exec_id})
    lab.execute("apputils:activate-command-palette")
    palette = lab.page.locator(".jp-ModalCommandPalette")
    palette.locator("input").fill("kitaru")
    found = palette.locator(".lm-CommandPalette-item")
    for label in ("Show Executions of This Notebook", "Show Open Questions", "Cancel…", "Replay…", "Copy Link"):
        expect(found.filter(has_text=label)).to_have_count(1)
    palette.locator("input").fill("kitaru copy id")
    expect(found.first).to_contain_text("Copy Id")
    lab.page.keyboard.press("Enter")
    await_copied(lab, exec_id)


def test_shortcuts_lead_to_the_list_and_to_the_questions(lab: Jupyter) -> None:
    exec_id = ask(lab.server, "Shortcut tea")
    lab.visit()
    lab.await_command("kitaru:show-executions")
    lab.await_command("kitaru:show-waits")
    lab.page.keyboard.press("Control+Alt+k")
    tree = lab.page.get_by_role("tree", name="Executions")
    expect(tree).to_be_focused()
    lab.page.keyboard.press("ArrowDown")
    expect(tree.locator("[aria-selected=true]")).to_have_attribute("aria-posinset", "1")
    lab.page.keyboard.press("Control+Alt+q")
    form = lab.page.locator(f".jp-kitaru-inbox [data-kitaru-execution='{exec_id}']")
    expect(form).to_be_visible()
    focused = lab.page.locator(".jp-kitaru-inbox :focus")
    expect(focused).to_have_count(1)


def test_the_button_of_a_notebook_shows_what_it_started(lab: Jupyter) -> None:
    name = lab.server.write_notebook(
        "toolbar.ipynb",
        "from kitaru import flow\n@flow\ndef of_toolbar() -> int:\n    return 7",
        "run = of_toolbar.run(); run.wait(); print(run.exec_id)",
    )
    lab.open(name)
    lab.run(0)
    expect(lab.run(1)).to_contain_text("kr-")
    lab.page.locator(".jp-NotebookPanel-toolbar [data-command='kitaru:show-notebook-executions']").click()
    panel = lab.page.locator("#jp-kitaru-panel")
    expect(panel.get_by_role("status")).to_have_text("1 execution")
    expect(panel.get_by_role("treeitem")).to_contain_text("of_toolbar")


def test_search_finds_ids_and_flows(lab: Jupyter) -> None:
    exec_id = record(lab.server, "run = wide.run(1)\nrun.wait()\nprint(run.exec_id)")
    panel = opened_list(lab)
    search = panel.get_by_placeholder("Search executions")
    search.fill(exec_id[3:9])
    expect(panel.get_by_role("treeitem")).to_have_count(1)
    expect(panel.locator(f"[data-kitaru-execution='{exec_id}']")).to_be_visible()
    search.fill("wide")
    expect(panel.get_by_role("treeitem").first).to_contain_text("wide")
    expect(panel.get_by_role("treeitem", name="asking")).to_have_count(0)


STAMP = """
from datetime import date
from enum import Enum

class Size(Enum):
    SMALL = "small"
    LARGE = "large"

@checkpoint
def stamp(text: str, day: date, size: Size) -> str:
    return f"{{text}} by {version} on {{day!r}}, {{size}}"

@flow
def stamped(text: str = "tea", day: date = date(2026, 1, 2), size: Size = Size.SMALL) -> str:
    return stamp(text, day, size)

run = stamped.run()
run.wait()
print(run.exec_id)
"""


def test_a_replay_runs_the_recorded_code_of_a_program_with_a_date_and_a_choice(lab: Jupyter) -> None:
    exec_id = record(lab.server, STAMP.format(version="the first"))
    record(lab.server, STAMP.format(version="the second"))
    document = opened(lab, exec_id)
    lab.page.get_by_role("button", name="Replay…").click()
    form = document.get_by_role("region", name="Replay stamped")
    form.get_by_label("text").fill("coffee")
    expect(form.get_by_label("day")).to_have_value("2026-01-02")
    form.get_by_label("day").fill("2026-05-04")
    form.get_by_label("size").select_option("large")
    lab.screenshot("replay-typed")
    expect(form.get_by_role("status")).to_have_text("1 call runs if its inputs change")
    form.get_by_role("button", name="Replay", exact=True).click()
    replayed = lab.page.locator(".jp-kitaru-document", has_text="Replay of")
    expect(replayed).to_contain_text("coffee by the first on datetime.date(2026, 5, 4), Size.LARGE", timeout=ELSEWHERE)


def test_an_answer_goes_to_the_live_kernel_that_parked_the_flow(lab: Jupyter) -> None:
    name = lab.server.write_notebook(
        "parks.ipynb",
        "import os\nfrom kitaru import flow, wait\n@flow\ndef parks() -> str:\n"
        "    word = wait(name='word', schema=str, timeout=0)\n    return f'{word} in {os.getpid()}'",
        "run = parks.run()\nprint(run.exec_id, os.getpid())",
    )
    lab.open(name)
    lab.run(0)
    expect(lab.run(1)).to_contain_text("kr-")
    # The question may be printed below it already.
    told = re.compile(r"(kr-\w{12}) (\d+)")
    expect(lab.output(1)).to_contain_text(told)
    found = told.search(lab.output(1).inner_text())
    assert found
    exec_id, process = found.groups()
    document = show(lab, exec_id)
    form: Locator = document.get_by_role("region").filter(has=lab.page.get_by_role("button", name="Send"))
    form.get_by_role("textbox").fill("leaf")
    form.get_by_role("button", name="Send").click()
    expect(document.locator(".jp-kitaru-values")).to_contain_text(f"leaf in {process}")
