"""Takes the pictures of the front end for the documentation, in a real JupyterLab and Notebook 7.

``python scripts/lab_pictures.py`` writes them all into ``docs/pictures``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kitaru.store.home import home_id  # noqa: E402 -- the tests are no package that is installed
from tests.browser.jupyter import (  # noqa: E402
    CHROMIUM_ARGUMENTS,
    DARK,
    ELSEWHERE,
    LIGHT,
    PATIENCE,
    Jupyter,
    chromium,
    running_server,
)
from tests.browser.recorded import record  # noqa: E402
from tests.browser.test_inline import execution, saved_view, with_outputs  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Locator

    from tests.browser.jupyter import Server

PICTURES: Final = ROOT / "docs" / "pictures"

# Beside the flows of the browser tests, in a program; what is recorded last stands first in the list.
PROGRAM: Final = """
import os
from enum import Enum

class Tone(Enum):
    WARM = "warm"
    DRY = "dry"

@checkpoint
def search(topic: str) -> list[str]:
    time.sleep(0.4)
    return [f"{topic} in the morning", f"Where {topic.lower()} grows", f"{topic} and its price"]

@checkpoint(retries=2)
def plan(notes: list[str]) -> dict:
    time.sleep(0.3)
    tries.append(1)
    if len(tries) == 1:
        raise ConnectionError("the model is away")
    return {"title": notes[0], "parts": notes}

@checkpoint
def write(part: str, tone: Tone) -> str:
    time.sleep(0.15)
    return f"{part}: a {tone.value} paragraph."

@checkpoint
def join(title: str, parts: list[str]) -> str:
    return title + "\\n\\n" + "\\n".join(parts)

@flow
def proofread(text: str) -> str:
    return draft(text, "plain")

@flow
def essay(topic: str = "Tea", tone: Tone = Tone.WARM, words: int = 100, proof: bool = True) -> str:
    found = plan(search(topic))
    parts = [future.result() for future in [write.submit(part, tone) for part in found["parts"]]]
    text = join(found["title"], parts)
    if proof:
        proofread.run(text).wait()
    return text

@checkpoint
def fetch_price(shop: int) -> float:
    time.sleep(0.15 + 0.05 * (shop % 5))
    if shop == 37:
        raise ValueError("could not convert string to float: 'sold out'")
    return 4.2

@flow
def prices(shops: int) -> int:
    found = [fetch_price.submit(shop) for shop in range(shops)]
    return sum(future.exception() is None for future in found)

@flow
def import_prices(shop: int) -> float:
    return fetch_price(shop)

for flow_of in (lambda: prices.run(60), lambda: import_prices.run(37)):
    run = flow_of()
    try:
        run.wait()
    except Exception:
        pass
    print(run.exec_id)
tea = essay.run()
tea.wait()
other = essay.run("Tea", Tone.DRY, proof=False)
other.wait()
asked = asking.run("Cocoa")
while asked.status != "waiting":
    time.sleep(0.02)
many = next(one.exec_id for one in __import__("kitaru").KitaruClient().executions.list(flow="prices"))
print(f"tea={tea.exec_id} other={other.exec_id} many={many}", flush=True)
os._exit(0)
"""

NOTEBOOK: Final = (
    """
import pandas
from pathlib import Path
from pydantic import BaseModel, Field
from kitaru import checkpoint, flow, log, wait

class Review(BaseModel):
    grade: int = Field(ge=1, le=5, description="From 1 to 5")
    remark: str = ""
""",
    """
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
    return f"{square(words)} words"
""",
    """
@flow
def tour(count: int) -> str:
    fetch("https://example.org/cities")
    square.map(range(count)).result()
    summary.run(7).wait()
    wait(name="publish", schema=bool, question="Publish it?")
    raise ValueError("nobody reads this")

tour.run(2000)
""",
    """
@flow
def reviewed(topic: str) -> int:
    return wait(name="review", schema=Review, question="How good is it?").grade

reviewed.run("Tea")
""",
)


def main() -> None:
    """Take all pictures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder) / "server") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS, timeout=ELSEWHERE)
        told = record(server, PROGRAM)
        ids = dict(part.split("=") for part in told.split())
        side_bar(page_of(browser, server, 720, 620))
        notification(page_of(browser, server, 1000, 500))
        documents(page_of(browser, server, 1180, 700), ids)
        inline(page_of(browser, server, 1200, 900))
        beside(page_of(browser, server, 1180, 640), ids["tea"])
        deployments(page_of(browser, server, 1180, 900))
        browser.close()


def page_of(browser: Browser, server: Server, width: int, height: int) -> Jupyter:
    """Open a page of its own, which knows nothing of the others."""
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", locale="en-GB")
    context.set_default_timeout(PATIENCE)
    context.set_default_navigation_timeout(ELSEWHERE)
    return Jupyter(server, context.new_page())


def take(lab: Jupyter, name: str, what: Locator, theme: str = LIGHT, *, corner: FloatRect | None = None) -> None:
    """Write a picture in one theme, of a part of the page or of a corner of it."""
    lab.use_theme(theme)
    lab.page.mouse.move(0, 0)
    suffix = "light" if theme == LIGHT else "dark"
    path = PICTURES / f"{name}-{suffix}.png"
    if corner:
        lab.page.screenshot(path=path, clip=corner, animations="disabled")
    else:
        what.screenshot(path=path, animations="disabled")
    lab.use_theme(LIGHT)


def side_bar(lab: Jupyter) -> None:
    """The list, with an open question above it."""
    lab.visit()
    lab.execute("kitaru:show-executions")
    expect(lab.page.get_by_role("button", name="Approve")).to_be_visible()
    panel = lab.page.locator("#jp-kitaru-panel")
    expect(panel.get_by_role("treeitem").first).to_contain_text("asking")
    take(lab, "sidebar", panel)


def notification(lab: Jupyter) -> None:
    """A question that is asked while nobody looks."""
    lab.visit()
    lab.await_stream()
    record(
        lab.server,
        "import os\nrun = asking.run('Mate')\nwhile run.status != 'waiting':\n    time.sleep(0.02)\n"
        "print(1, flush=True)\nos._exit(0)",
    )
    lab.page.locator(".Toastify__toast").wait_for()
    take(lab, "notification", lab.page.locator("body"), corner={"x": 520, "y": 340, "width": 480, "height": 160})


def show(lab: Jupyter, exec_id: str) -> Locator:
    """Open the document of an execution, with the side bars folded."""
    lab.execute("kitaru:open-execution", {"execId": exec_id})
    document = lab.page.locator(f".jp-kitaru-document[data-kitaru-execution='{exec_id}']")
    document.wait_for()
    return document


def documents(lab: Jupyter, ids: dict[str, str]) -> None:
    """An execution in a document of its own, many calls, a replay, a comparison."""
    lab.visit()
    lab.execute("application:toggle-left-area")
    main_area = lab.page.locator("#jp-main-dock-panel")
    document = show(lab, ids["tea"])
    document.get_by_role("treeitem", name="plan").click()
    pane = document.get_by_role("complementary")
    expect(pane).to_contain_text("the model is away")
    take(lab, "document", main_area)
    pane.get_by_role("button", name="details").click()
    lab.page.get_by_role("button", name="Replay…").click()
    form = document.get_by_role("region", name="Replay essay")
    form.get_by_label("tone").select_option("dry")
    expect(form.get_by_role("status")).to_contain_text("run if their inputs change")
    form.locator("summary").first.click()
    lab.page.set_viewport_size({"width": 860, "height": 900})
    take(lab, "replay", form)
    lab.page.set_viewport_size({"width": 1180, "height": 700})
    many = show(lab, ids["many"])
    many.get_by_text("1 failed", exact=True).last.click()
    expect(many.get_by_role("complementary")).to_contain_text("sold out")
    expect(many.get_by_role("treeitem", name="Lane 1", exact=True)).to_be_visible()
    take(lab, "timeline", main_area)
    lab.execute("kitaru:compare-executions", {"execId": ids["tea"], "with": ids["other"]})
    comparison = lab.page.locator(".jp-kitaru-comparison")
    comparison.locator("ins").first.wait_for()
    take(lab, "comparison", main_area, DARK)


def deployments(lab: Jupyter) -> None:
    """The versions of a flow, a tag that moves, a schedule that is made."""
    record(
        lab.server,
        "from kitaru import KitaruClient\narticle.deploy(tags={'stable': True})\narticle.deploy(tags=['canary'])\n"
        "article.deploy(tags={'next': True})\n"
        "KitaruClient().schedules.create('weekly', 'article', cron='0 9 * * 1', tag='stable')\n"
        "KitaruClient().deployments.invoke('article', version=3).wait()\nprint(1)",
    )
    lab.visit()
    lab.execute("application:toggle-left-area")
    lab.execute("kitaru:open-deployment", {"flow": "article", "version": 3}, wait=False)
    document = lab.page.locator(".jp-kitaru-deployment")
    expect(document.get_by_role("heading", name="Runs (1)")).to_be_visible(timeout=ELSEWHERE)
    expect(document.get_by_role("button", name="Invoke")).to_be_visible()
    take(lab, "deployment", lab.page.locator("#jp-main-dock-panel"))
    document.get_by_role("button", name="Set a tag…").click()
    dialog = lab.page.get_by_role("dialog").locator(".jp-Dialog-content")
    dialog.get_by_label("Tag", exact=True).fill("stable")
    expect(dialog.get_by_role("status")).to_contain_text("The schedule weekly follows it.")
    take(lab, "deployment-tag", dialog)
    dialog.get_by_role("button", name="Cancel").click()
    lab.page.set_viewport_size({"width": 1180, "height": 1500})
    document.get_by_role("button", name="New schedule…").click()
    form = document.get_by_role("form", name="New schedule")
    form.get_by_label("Name", exact=True).fill("workdays")
    form.get_by_label("Cron expression").fill("30 7 * * 1-5")
    expect(form.get_by_role("status")).to_contain_text("At 07:30 on Monday through Friday. Next:")
    form.scroll_into_view_if_needed()
    take(lab, "deployment-schedule", form)


def inline(lab: Jupyter) -> None:
    """What a cell shows: a question and calls, a form, a failure."""
    lab.open(lab.server.write_notebook("pictures.ipynb", *NOTEBOOK))
    lab.run(0)
    lab.run(1)
    view = execution(lab.run(2)).last
    expect(view).to_contain_text("Publish it?", timeout=ELSEWHERE)
    expect(view.get_by_role("button", name="Approve")).to_be_visible()
    view.get_by_role("button", name="fetch").click()
    expect(view).to_contain_text("fetch ran")
    view.get_by_text("Output").first.click()
    expect(view).to_contain_text("fetched https://example.org/cities")
    take(lab, "inline-details", view)
    view.get_by_role("button", name="fetch").click()
    view.get_by_role("button", name="square").first.click()
    view.get_by_role("button", name="Show all").click()
    every = view.get_by_role("region", name="All calls")
    every.evaluate("element => element.scrollTo(0, element.scrollHeight)")
    expect(every.get_by_role("button", name="square_2000 ")).to_be_visible()
    take(lab, "inline-rows", view, DARK)
    view.get_by_role("button", name="Approve").click()
    expect(view.locator(".jp-kitaru-failure")).to_contain_text("raise ValueError")
    take(lab, "inline-error", view)
    review = execution(lab.run(3)).last
    review.get_by_label("Grade").fill("9")
    review.get_by_label("Remark").fill("Not bad")
    review.get_by_role("button", name="Send").click()
    expect(review.get_by_role("alert")).to_have_text("At most 5")
    take(lab, "inline-form", review)


def beside(lab: Jupyter, exec_id: str) -> None:
    """The document beside a notebook in Notebook 7."""
    classic = Jupyter(lab.server, lab.page, classic=True)
    home = home_id(lab.server.home)
    saved = saved_view(exec_id=exec_id, flow="essay", rows=[], failure=None, position=0, home=home)
    classic.open(with_outputs(lab.server, "beside.ipynb", saved))
    execution(classic.output(0)).get_by_role("button", name=exec_id).click()
    document = classic.page.locator(f".jp-kitaru-document[data-kitaru-execution='{exec_id}']")
    expect(document.get_by_role("treeitem", name="plan")).to_be_visible()
    take(classic, "notebook7", classic.page.locator("#main"))


if __name__ == "__main__":
    main()
