"""What can be done with an execution: from its toolbar, the palette, the keyboard and a notebook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.jupyter import ELSEWHERE
from tests.browser.recorded import ask, record
from tests.browser.test_document import show
from tests.browser.test_sidebar import opened as opened_list

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter


def await_copied(lab: Jupyter, text: str) -> None:
    lab.page.wait_for_function("text => navigator.clipboard.readText().then(found => found.includes(text))", arg=text)


def test_an_execution_is_cancelled_with_a_reason_once_that_is_confirmed(desk: Jupyter) -> None:
    exec_id = ask(desk.server, "Cancelled tea")
    document = show(desk, exec_id)
    cancel = desk.page.get_by_role("button", name="Cancel…")
    cancel.click()
    desk.page.get_by_role("button", name="Keep It").click()
    expect(document.locator("header").first).to_contain_text("Waiting")
    cancel.click()
    desk.page.get_by_label("Reason (may be left out)").fill("enough tea")
    desk.page.get_by_role("button", name="Cancel Execution").click()
    expect(document.locator("header").first).to_contain_text("Cancelled")
    expect(document).to_contain_text("enough tea")
    expect(document.get_by_role("button", name="Approve")).to_have_count(0)
    expect(cancel).to_be_disabled()


def test_an_interrupted_execution_goes_on_from_where_it_stopped(desk: Jupyter) -> None:
    exec_id = record(
        desk.server,
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
    document = show(desk, exec_id)
    expect(document.locator("header").first).to_contain_text("Interrupted")
    desk.page.get_by_role("button", name="Resume", exact=True).click()
    expect(document.locator("header").first).to_contain_text("Completed", timeout=ELSEWHERE)
    expect(document.locator(".jp-kitaru-values")).to_contain_text("went on")


def test_ids_addresses_and_lines_for_python_and_a_terminal_are_copied(desk: Jupyter) -> None:
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    exec_id = ask(desk.server, "Copied tea")
    show(desk, exec_id)
    desk.page.wait_for_function("() => jupyterapp.shell.currentWidget?.title.label === 'asking'")
    for command, text in {
        "kitaru:copy-id": exec_id,
        "kitaru:copy-as-python": f'execution = kitaru.KitaruClient().executions.get("{exec_id}")',
        "kitaru:copy-as-cli": f"kitaru executions input {exec_id}",
        "kitaru:copy-link": f"/lab?kitaru={exec_id}",
    }.items():
        desk.execute(command)
        await_copied(desk, text)


DESCRIBED = """async () => {
  const all = jupyterapp.commands.listCommands().filter(id => id.startsWith('kitaru:'));
  const found = all.map(async id => [id, (await jupyterapp.commands.describedBy(id)).args]);
  return Object.fromEntries(await Promise.all(found));
}"""


def test_the_palette_finds_the_commands_and_runs_them(desk: Jupyter) -> None:
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    exec_id = ask(desk.server, "Palette tea")
    show(desk, exec_id)
    desk.page.wait_for_function("() => jupyterapp.shell.currentWidget?.title.label === 'asking'")
    # The palette goes when anything else takes the focus, as a document does that opens.
    desk.execute("kitaru:open-execution", {"execId": exec_id})
    desk.execute("apputils:activate-command-palette")
    palette = desk.page.locator(".jp-ModalCommandPalette")
    palette.locator("input").fill("kitaru")
    found = palette.locator(".lm-CommandPalette-item")
    for label in ("Show Executions of This Notebook", "Show Open Questions", "Cancel…", "Replay…", "Copy Link"):
        expect(found.filter(has_text=label)).to_have_count(1)
    # Other extensions and agents are told what each takes.
    described = desk.page.evaluate(DESCRIBED)
    assert len(described) > 20
    assert [command for command, arguments in described.items() if arguments is None] == []
    palette.locator("input").fill("kitaru copy id")
    expect(found.first).to_contain_text("Copy Id")
    desk.page.keyboard.press("Enter")
    await_copied(desk, exec_id)


def test_shortcuts_and_menus_lead_to_the_list_and_to_the_questions(lab: Jupyter) -> None:
    exec_id = ask(lab.server, "Shortcut tea")
    lab.visit()
    lab.await_command("kitaru:show-executions")
    lab.await_command("kitaru:show-waits")
    lab.await_launcher()
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
    open_menu(lab, "View").get_by_text("Show Executions", exact=True).click()
    expect(tree).to_be_focused()
    open_menu(lab, "View").get_by_text("Show Open Questions", exact=True).click()
    expect(focused).to_have_count(1)
    menu = open_menu(lab, "File")
    for entry in ("Deploy Flow…", "Export Flow as a Script…"):
        # There is no notebook yet.
        expect(menu.locator(".lm-Menu-item.lm-mod-disabled").filter(has_text=entry)).to_have_count(1)


def open_menu(lab: Jupyter, name: str) -> Locator:
    """Open a menu of the menu bar."""
    lab.page.locator(".lm-MenuBar-item").filter(has_text=re.compile(f"^{name}$")).click()
    return lab.page.locator(".lm-Menu").last


def test_the_button_of_a_notebook_shows_what_it_started(desk: Jupyter) -> None:
    name = desk.server.write_notebook(
        "toolbar.ipynb",
        "from kitaru import flow\n@flow\ndef of_toolbar() -> int:\n    return 7",
        "run = of_toolbar.run(); run.wait(); print(run.exec_id)",
    )
    desk.bring(name)
    desk.run(0)
    expect(desk.run(1)).to_contain_text("kr-")
    desk.page.locator(".jp-NotebookPanel-toolbar [data-command='kitaru:show-notebook-executions']").click()
    panel = desk.page.locator("#jp-kitaru-panel")
    expect(panel.get_by_role("status")).to_have_text("1 execution")
    expect(panel.get_by_role("treeitem")).to_contain_text("of_toolbar")


def test_search_finds_ids_and_flows(desk: Jupyter) -> None:
    exec_id = record(desk.server, "run = wide.run(1)\nrun.wait()\nprint(run.exec_id)")
    panel = opened_list(desk)
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


def test_a_replay_runs_the_recorded_code_of_a_program_with_a_date_and_a_choice(desk: Jupyter) -> None:
    exec_id = record(desk.server, STAMP.format(version="the first"))
    record(desk.server, STAMP.format(version="the second"))
    document = show(desk, exec_id)
    desk.page.get_by_role("button", name="Replay…").click()
    form = document.get_by_role("region", name="Replay stamped")
    form.get_by_label("text").fill("coffee")
    expect(form.get_by_label("day")).to_have_value("2026-01-02")
    form.get_by_label("day").fill("2026-05-04")
    form.get_by_label("size").select_option("large")
    desk.screenshot("replay-typed")
    expect(form.get_by_role("status")).to_have_text("1 call runs if its inputs change")
    form.get_by_role("button", name="Replay", exact=True).click()
    replayed = desk.page.locator(".jp-kitaru-document", has_text="Replay of")
    expect(replayed).to_contain_text("coffee by the first on datetime.date(2026, 5, 4), Size.LARGE", timeout=ELSEWHERE)


def test_an_answer_goes_to_the_live_kernel_that_parked_the_flow(desk: Jupyter) -> None:
    name = desk.server.write_notebook(
        "parks.ipynb",
        "import os\nfrom kitaru import flow, wait\n@flow\ndef parks() -> str:\n"
        "    word = wait(name='word', schema=str, timeout=0)\n    return f'{word} in {os.getpid()}'",
        "run = parks.run()\nprint(run.exec_id, os.getpid())",
    )
    desk.bring(name)
    desk.run(0)
    expect(desk.run(1)).to_contain_text("kr-")
    # The question may be printed below it already.
    told = re.compile(r"(kr-\w{12}) (\d+)")
    expect(desk.output(1)).to_contain_text(told)
    found = told.search(desk.output(1).inner_text())
    assert found
    exec_id, process = found.groups()
    document = show(desk, exec_id)
    form: Locator = document.get_by_role("group").filter(has=desk.page.get_by_role("button", name="Send"))
    form.get_by_role("textbox").fill("leaf")
    form.get_by_role("button", name="Send").click()
    expect(document.locator(".jp-kitaru-values")).to_contain_text(f"leaf in {process}")
