"""What goes wrong around a page is said where it happened, and the rest goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from kitaru.store.home import home_id, init_home
from kitaru.store.service.process import stop_service
from kitaru.store.service.record import read_record
from tests.browser.jupyter import ELSEWHERE, PATIENCE, PYTHON, Jupyter, server_environment
from tests.browser.recorded import ask, record
from tests.browser.test_inline import execution, saved_view, with_outputs
from tests.browser.test_sidebar import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator

    from tests.browser.jupyter import Server


@pytest.fixture
def other(browser: Browser, server: Server) -> Iterator[Jupyter]:
    """Somebody else's browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    yield Jupyter(server, context.new_page())
    context.close()


def shown(lab: Jupyter, exec_id: str) -> Locator:
    lab.execute("kitaru:open-execution", {"execId": exec_id}, wait=False)
    document = lab.page.locator(f".jp-kitaru-document[data-kitaru-execution='{exec_id}']")
    document.wait_for()
    return document


def question(lab: Jupyter, exec_id: str) -> Locator:
    lab.execute("kitaru:show-waits")
    return lab.page.locator(f".jp-kitaru-inbox [data-kitaru-execution='{exec_id}']")


def shows_saved(lab: Jupyter, name: str, exec_id: str, **changes: Any) -> Locator:
    """Open a notebook whose output shows an execution as it was saved."""
    view = saved_view(exec_id=exec_id, rows=[], failure=None, status="waiting", position=0, **changes)
    lab.bring(with_outputs(lab.server, name, view))
    return execution(lab.output(0))


def test_after_the_service_was_killed_views_and_list_go_on(desk: Jupyter) -> None:
    exec_id = ask(desk.server, "Rooibos")
    panel, document = opened(desk), shown(desk, exec_id)
    service = read_record(desk.server.home)
    assert service is not None
    os.kill(service.pid, signal.SIGKILL)
    assert service.wait_until_gone(60)
    document.get_by_role("button", name="Approve").click()
    expect(document).to_contain_text("Completed", timeout=ELSEWHERE)
    record(desk.server, "run = wide.run(3)\nrun.wait()\nprint(1)")
    expect(panel.get_by_role("treeitem").first).to_contain_text("wide")


HOLDER = """
import os, pathlib, sys
from kitaru.errors import KitaruError
from kitaru.store.connect import open_store
from kitaru.store.service.process import stop_service
while True:
    # Pages that are open may have started a service again.
    stop_service(pathlib.Path(os.environ["KITARU_HOME"]))
    try:
        open_store().read("executions")
        break
    except KitaruError:
        pass
print("open", flush=True)
sys.stdin.read()
"""


def test_a_store_that_another_process_holds_is_named_and_comes_back(desk: Jupyter) -> None:
    exec_id = record(desk.server, "run = wide.run(3)\nrun.wait()\nprint(run.exec_id)")
    panel, document = opened(desk), shown(desk, exec_id)
    expect(panel.get_by_role("treeitem").first).to_contain_text("wide")
    environment = server_environment(desk.server.root.parent, desk.server.home) | {"KITARU_STORE": "embedded"}
    stop_service(desk.server.home)
    with subprocess.Popen(
        [PYTHON, "-c", HOLDER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        panel.get_by_placeholder("Search executions").fill("wid")
        document.get_by_role("treeitem", name="score_2").click()
        expect(panel.get_by_role("alert")).to_contain_text(str(holder.pid), timeout=ELSEWHERE)
        expect(document.get_by_role("alert").filter(has_text=str(holder.pid)).first).to_be_visible()
        expect(panel).not_to_contain_text("No execution fits")
        # What was shown stays.
        expect(document.get_by_role("treeitem", name="score")).to_have_count(3)
        desk.screenshot("store-held")
        assert desk.violations("#jp-kitaru-panel") == []
        holder.stdin.close()
    # Nobody tells that it is back: the list asks again by itself.
    expect(panel.get_by_role("alert")).to_have_count(0, timeout=ELSEWHERE)
    document.get_by_role("treeitem", name="score_3").click()
    expect(document.get_by_role("complementary")).to_contain_text(re.compile("score_3 (ran|was reused)"))
    newer = record(desk.server, "run = wide.run(4)\nrun.wait()\nprint(run.exec_id)")
    expect(panel.locator(f"[data-kitaru-execution='{newer}']")).to_be_visible()


def test_an_execution_that_is_deleted_while_it_is_open_says_so_and_leaves_the_list(desk: Jupyter) -> None:
    exec_id = record(desk.server, "run = wide.run(3)\nrun.wait()\nprint(run.exec_id)")
    view = shows_saved(desk, "deleted.ipynb", exec_id, home=home_id(desk.server.home))
    expect(view).to_contain_text("Completed")
    document, row = shown(desk, exec_id), opened(desk).locator(f"[data-kitaru-execution='{exec_id}']")
    expect(row).to_be_visible()
    record(desk.server, f"from kitaru import KitaruClient\nKitaruClient().executions.delete({exec_id!r})\nprint(1)")
    expect(row).to_have_count(0)
    expect(document.get_by_role("alert")).to_contain_text(f"does not know {exec_id}: it was deleted")
    expect(document.get_by_role("treeitem", name="score")).to_have_count(3)
    desk.execute("application:activate-next-tab")
    expect(view).to_contain_text("this server does not know the execution")


def test_the_second_of_two_browsers_is_told_who_answered(desk: Jupyter, other: Jupyter) -> None:
    exec_id = ask(desk.server, "Yerba")
    other.visit()
    # Its network is slow: it has not heard yet that the question is answered.
    other.page.wait_for_function("() => jupyterapp.isPluginActivated('kitaru:inbox')")
    late = question(other, exec_id)
    expect(late.get_by_role("button", name="Reject")).to_be_visible()
    other.page.route("**/kitaru/api/waits?*", lambda route: route.abort())
    other.page.route("**/kitaru/api/waits", lambda route: route.abort())
    question(desk, exec_id).get_by_role("button", name="Approve").click()
    expect(question(desk, exec_id)).to_have_count(0)
    with other.page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        late.get_by_role("button", name="Reject").click()
    assert refused.value.status == 409
    expect(late.get_by_role("alert")).to_contain_text("answered")
    other.screenshot("answered-by-another")


HOSTILE = """
import numpy
from kitaru import checkpoint, flow, save

@checkpoint
def evil() -> dict:
    print("\\x1b[31mred\\x07 </pre><script>window.hacked = 4</script>")
    save("page", "<img src=x onerror='window.hacked = 1'><script>window.hacked = 2</script>", type="context")
    return {"</script><script>window.hacked = 3</script>": "\\x00\\u202e\\ud800 \\x1b]0;title\\x07", "big": 10**400}

@checkpoint
def huge() -> str:
    return "<b>long</b> " * (50 * 2**20 // 12)

@checkpoint
def deep() -> list:
    found = []
    for _ in range(100):
        found = [found]
    return found

@flow
def hostile(topic: str) -> str:
    evil()
    deep()
    return huge()

run = hostile.run("<svg onload='window.hacked = 5'>")
run.wait()
print(run.exec_id)
"""


def test_hostile_and_huge_values_are_text_of_bounded_length(desk: Jupyter) -> None:
    exec_id = record(desk.server, HOSTILE)
    document = shown(desk, exec_id)
    pane = document.get_by_role("complementary")
    for call in ("evil", "deep", "huge"):
        document.get_by_role("treeitem", name=call).click()
        expect(pane).to_contain_text(f"{call} ran")
        expect(pane.locator(".jp-kitaru-value").first).to_be_visible()
    pane.get_by_role("button", name="output").click()
    expect(pane.get_by_role("region", name="output")).to_contain_text("<b>long</b>")
    document.get_by_role("treeitem", name="evil").click()
    pane.get_by_text("Output", exact=True).click()
    expect(pane).to_contain_text("</pre><script>")
    pane.get_by_role("button", name="page").click()
    expect(pane.get_by_role("region", name="page")).to_be_visible()
    desk.screenshot("hostile")
    assert desk.page.evaluate("() => window.hacked") is None
    assert desk.page.evaluate("() => document.body.textContent.length") < 500_000


def test_a_broken_image_in_a_notebook_is_named_and_loads_nothing_from_elsewhere(desk: Jupyter) -> None:
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    values = {
        name: {"text": f"the image {name}", "type": "Image", "size": 3, "artifact_id": None,
               "preview": {"kind": "image", "png": png}}
        for name, png in {"broken": "AAAA", "foreign": "AA' onerror='window.hacked=1", "far": "https://e.x/a.png"}.items()
    }  # fmt: skip
    call = {**saved_view()["rows"][0], "status": "completed", "failure": None, "inputs": values}
    desk.bring(with_outputs(desk.server, "broken-image.ipynb", saved_view(rows=[call], failure=None)))
    view = execution(desk.output(0))
    view.get_by_role("button", name="draft").click()
    expect(view.get_by_role("img", name="the image broken")).to_have_count(1)
    expect(view).to_contain_text("the image foreign")
    expect(view).to_contain_text("the image far")
    assert desk.page.evaluate("() => window.hacked") is None
    assert [url for url in asked if not url.startswith((desk.server.url, "data:"))] == []


def test_a_notebook_of_another_home_is_live_and_its_question_is_answered(desk: Jupyter, tmp_path: Path) -> None:
    home = init_home(tmp_path)
    exec_id = ask(desk.server, "Guayusa", home)
    try:
        view = shows_saved(desk, "other-home.ipynb", exec_id, home=home_id(home))
        expect(view).to_contain_text("Publish the article on Guayusa?")
        view.get_by_role("button", name="Approve").click()
        expect(view).to_contain_text("Completed", timeout=ELSEWHERE)
        # The list is of this server's home, and has it not.
        expect(opened(desk).locator(f"[data-kitaru-execution='{exec_id}']")).to_have_count(0)
    finally:
        stop_service(home)


def test_a_notebook_of_a_home_that_is_not_on_this_machine_shows_what_was_saved(desk: Jupyter) -> None:
    view = shows_saved(desk, "other-machine.ipynb", "kr-aaaaaaaaaaaa", home="0123456789ab")
    expect(view).to_contain_text("this server does not know the execution")
    expect(view.get_by_role("button", name="Approve")).to_have_count(0)
