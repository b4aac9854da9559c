from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import expect

from kitaru.views.model import MIME_TYPE
from tests.browser.jupyter import ELSEWHERE, KERNEL

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.jupyter import Jupyter, Server

FLOWS = """
import threading, time
from pathlib import Path
from kitaru import checkpoint, flow, progress, wait
from pydantic import BaseModel, Field

class Review(BaseModel):
    grade: int = Field(ge=1, le=5, description="From 1 to 5")
    remark: str = ""

@checkpoint
def collect(topic: str) -> list[str]:
    print("collecting", topic)
    return [f"{topic} is old", f"{topic} is loved"]

@checkpoint
def draft(facts: list[str]) -> str:
    return ". ".join(facts) + "."

@flow
def article(topic: str) -> str:
    text = draft(collect(topic))
    ok = wait(name="publish", schema=bool, question="Publish it?")
    return text if ok else "nothing"

@flow
def named(topic: str) -> str:
    draft(collect(topic))
    return wait(name="title", schema=str, question="Under which title?")

@checkpoint
def follow() -> int:
    while not Path("go").exists():
        time.sleep(0.05)
    return 1

@flow
def paced() -> str:
    other = follow.submit()
    title = wait(name="title", schema=str, question="Under which title?")
    return f"{title} {other.result()}"

@flow
def reviewed(topic: str) -> int:
    draft(collect(topic))
    return wait(name="review", schema=Review, question="How good is it?").grade
"""

# What `%%kitaru_flow` displays, without its updates: the document as it was when the execution began.
SHOW = """
def show(handle, **changes):
    from IPython.display import display
    from kitaru.views.model import MIME_TYPE, ExecutionView, Totals
    fields = {name: None for name in ExecutionView.model_fields}
    lists = dict.fromkeys(["tags", "waits", "rows", "logs"], [])
    totals = Totals(calls=0, completed=0, running=0, failed=0, reused=0, tokens=None, cost=None)
    known = dict(version=1, exec_id=handle.exec_id, flow=handle.flow_name, status="running", at=time.time(), position=0)
    view = ExecutionView(**{**fields, **lists, **known, "totals": totals, "inputs": {}, "hidden": 0, **changes})
    bundle = {MIME_TYPE: view.model_dump(mode="json"), "text/html": "<b>no extension</b>", "text/plain": "plain"}
    shown = display(bundle, raw=True, display_id=handle.exec_id)
    return lambda: shown.update(bundle, raw=True)

def then_update(update, handle):
    def run():
        while not Path("go").exists():
            time.sleep(0.05)
        update()
    threading.Thread(target=run).start()
"""


def execution(output: Locator) -> Locator:
    return output.locator(".jp-kitaru-execution")


def written(server: Server, name: str, *sources: str) -> str:
    return server.write_notebook(name, FLOWS + SHOW, *sources)


def test_a_flow_is_seen_live_and_answered_in_place_while_the_kernel_is_busy(either: Jupyter) -> None:
    name = f"busy-{'classic' if either.classic else 'lab'}.ipynb"
    either.open(written(either.server, name, "show(article.run('Tea'))", "time.sleep(600)"))
    either.run(0)
    view = execution(either.run(1))
    expect(view).to_contain_text("Waiting for an answer")
    expect(view.get_by_role("button", name="draft", exact=False)).to_be_visible()
    either.run(2)
    either.page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
    )
    view.get_by_role("button", name="Approve").click()
    expect(view).to_contain_text("Completed")
    expect(view).to_contain_text("Tea is old. Tea is loved.")
    assert either.is_busy()
    either.execute("notebook:interrupt-kernel")


def test_after_a_reload_a_saved_notebook_shows_where_the_execution_stands_by_now(lab: Jupyter) -> None:
    lab.open(written(lab.server, "saved.ipynb", "show(named.run('Tea'))"))
    lab.run(0)
    view = execution(lab.run(1))
    expect(view).to_contain_text("Under which title?")
    lab.save()
    lab.shut_kernel_down()
    lab.reload()
    expect(view).to_contain_text("Under which title?")
    view.get_by_role("textbox").fill("Tea for two")
    view.get_by_role("button", name="Send").click()
    # The kernel is gone: another process goes on.
    expect(view).to_contain_text("Completed", timeout=ELSEWHERE)
    expect(view).to_contain_text("Tea for two")


# Not told by what the thread prints: JupyterLab 4.4 loses some of what a cell prints after its end.
COUNT_UPDATES = """() => {
  window.updates = 0;
  jupyterapp.shell.currentWidget.sessionContext.session.kernel.iopubMessage.connect((_, { header }) => {
    window.updates += header.msg_type === 'update_display_data' ? 1 : 0;
  });
}"""


def test_typed_text_and_focus_stay_while_the_view_is_updated(lab: Jupyter) -> None:
    (lab.server.root / "go").unlink(missing_ok=True)
    lab.open(written(lab.server, "typing.ipynb", "run = paced.run()\nshown = show(run)\nthen_update(shown, run)"))
    lab.run(0)
    view = execution(lab.run(1))
    expect(view.get_by_role("button", name="Running follow")).to_be_visible()
    field = view.get_by_role("textbox")
    field.press_sequentially("add more b")
    lab.page.evaluate("() => { document.activeElement.dataset.before = 'yes'; }")
    lab.page.evaluate(COUNT_UPDATES)
    (lab.server.root / "go").touch()
    expect(view.get_by_role("button", name="Completed follow")).to_be_visible()
    lab.page.wait_for_function("() => window.updates > 0")
    field.press_sequentially("ooks")
    expect(field).to_have_value("add more books")
    assert lab.page.evaluate("() => document.activeElement.dataset.before") == "yes"
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == 2  # a and b are shortcuts outside of a form


def test_an_answer_that_does_not_fit_is_told_at_its_field_and_an_abort_is_confirmed(lab: Jupyter) -> None:
    lab.open(written(lab.server, "review.ipynb", "show(reviewed.run('Tea'))", "show(article.run('Tea'))"))
    lab.run(0)
    view = execution(lab.run(1))
    grade = view.get_by_label("Grade")
    grade.fill("9")
    view.get_by_label("Remark").fill("Not bad")
    view.get_by_role("button", name="Send").click()
    expect(view.get_by_role("alert")).to_have_text("At most 5")
    lab.screenshot("inline-form", view)
    assert lab.violations(".jp-kitaru-execution") == []
    grade.fill("4")
    view.get_by_role("button", name="Send").click()
    expect(view).to_contain_text("Completed")
    another = execution(lab.run(2))
    another.get_by_role("button", name="Abort").click()
    lab.page.get_by_role("button", name="Keep it").click()
    expect(another).to_contain_text("Waiting for an answer")
    another.get_by_role("button", name="Abort").click()
    lab.page.get_by_role("dialog").get_by_role("button", name="Abort").click()
    expect(another).to_contain_text("Cancelled")


TOUR = """
import pandas
from kitaru import log

@checkpoint
def square(n: int) -> int:
    return n * n

@checkpoint(retries=2)
def fetch(url: str) -> pandas.DataFrame:
    if not Path("tried").exists():
        Path("tried").touch()
        raise TimeoutError("no answer within 5 s")
    log(rows=3)
    print("fetched", url)
    return pandas.DataFrame({"city": ["Uji", "Mahé", "Ōsaka"], "population": [184_000, 94_000, 2_750_000]})

@flow
def summary(words: int) -> str:
    return draft([f"{square(words)} words"])

@flow
def tour(count: int) -> str:
    fetch("https://example.org/cities")
    square.map(range(count)).result()
    summary.run(7).wait()
    ok = wait(name="publish", schema=bool, question="Publish it?")
    raise ValueError("nobody reads this\\nnot even the author")
"""


def test_many_calls_are_one_row_that_opens_to_all_of_them(lab: Jupyter) -> None:
    count = 500
    lab.open(lab.server.write_notebook("tour.ipynb", FLOWS + SHOW + TOUR, f"show(tour.run({count}))"))
    lab.run(0)
    view = execution(lab.run(1))
    expect(view).to_contain_text("Publish it?", timeout=ELSEWHERE)
    view.get_by_role("button", name="fetch").click()
    expect(view.get_by_role("cell", name="Ōsaka")).to_be_visible()
    expect(view.locator(".jp-kitaru-details")).to_contain_text('"rows": 3')
    view.get_by_text("Output").first.click()
    expect(view).to_contain_text("fetched https://example.org/cities")
    lab.screenshot("inline-details", view)
    view.get_by_role("button", name="fetch").click()
    view.get_by_role("button", name="square").first.click()
    view.get_by_role("button", name="Show all").click()
    every = view.get_by_role("region", name="All calls")
    expect(every.get_by_role("button", name="square_3 ")).to_be_visible()
    every.evaluate("element => element.scrollTo(0, element.scrollHeight)")
    expect(every.get_by_role("button", name=f"square_{count} ")).to_be_visible()
    assert every.locator("li").count() < 60
    lab.screenshot("inline-rows", view)
    assert lab.violations(".jp-kitaru-execution") == []
    view.get_by_role("button", name="Approve").click()
    expect(view).to_contain_text("nobody reads this")
    expect(view.locator(".jp-kitaru-failure")).to_contain_text("raise ValueError")
    lab.screenshot("inline-error", view)


def saved_view(**changes: Any) -> dict[str, Any]:
    call = {
        **dict.fromkeys(["type", "started_at", "ended_at", "reused", "why", "tokens", "cost", "output", "progress"]),
        "kind": "call",
        "name": "draft",
        "checkpoint": "draft",
        "status": "failed",
        "sequence": 0,
        "attempts": 3,
        "duration": 1.25,
        "concurrent": False,
        "inputs": {},
        "stream": None,
        "failure": {"type": "ValueError", "message": "<b>no</b>", "traceback": "", "origin": "checkpoint"},
    }
    totals = {"calls": 1, "completed": 0, "running": 0, "failed": 1, "reused": 0, "tokens": None, "cost": None}
    unknown = ["home", "reason", "created_at", "notebook", "stack", "snapshot_id", "original_exec_id", "parent_exec_id"]
    return {
        **dict.fromkeys([*unknown, "output", "failed_call"]),
        "version": 1,
        "exec_id": "kr-from-elsewhere",
        "flow": "article",
        "status": "failed",
        "started_at": 1000.0,
        "ended_at": 1002.5,
        "at": 1003.0,
        "position": 10,
        "tags": [],
        "totals": totals,
        "inputs": {},
        "waits": [],
        "rows": [call],
        "hidden": 0,
        "logs": [],
        "failure": {
            "type": "ValueError",
            "message": "<b>no</b>",
            "traceback": 'Cell In[1], line 3, in draft\n    raise ValueError("<b>no</b>")\nValueError: <b>no</b>\n',
            "origin": "checkpoint",
        },
        **changes,
    }


def with_outputs(server: Server, name: str, *views: Any) -> str:
    """Write a notebook whose cells have an output each, as it was saved somewhere."""
    bundles = [{MIME_TYPE: view, "text/html": "<b>no extension</b>", "text/plain": "article failed"} for view in views]
    cells = [new_code_cell("1", outputs=[new_output("display_data", bundle)]) for bundle in bundles]
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), server.root / name)
    return name


def test_a_notebook_from_elsewhere_shows_what_was_saved_and_says_so_or_is_plain_text(lab: Jupyter) -> None:
    costly = {**saved_view()["totals"], "tokens": 1234, "cost": 0.0123}
    others = [{"version": 2, "exec_id": "kr-1", "rows": []}, {}, [], "text", None]
    lab.open(with_outputs(lab.server, "elsewhere.ipynb", *others, saved_view(totals=costly)))
    view = execution(lab.output(len(others)))
    expect(view.locator("header").first).to_contain_text("$0.0123")
    expect(view).to_contain_text("this server does not know the execution")
    expect(view).to_contain_text("2.5 s")
    expect(view.locator(".jp-kitaru-failure")).to_contain_text("ValueError: <b>no</b>")
    lab.screenshot("inline-failed", view)
    assert lab.violations(".jp-kitaru-execution") == []
    # A document of another version, or none at all.
    for number in range(len(others)):
        expect(lab.output(number)).to_contain_text("article failed")
