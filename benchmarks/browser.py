"""JupyterLab in a real browser, for measurements: what is drawn when."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

from tests.browser.jupyter import CHROMIUM_ARGUMENTS, Jupyter, chromium, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.browser.jupyter import Server

PATIENCE: Final = 120_000
"""Milliseconds for anything that a measurement waits for."""

SETTLING: Final = 1_500
"""Milliseconds in which JupyterLab does what it does after its start."""

CLOCK: Final = """
window.drawn = (selector, text = '') => new Promise(resolve => {
  const look = () => {
    const found = [...document.querySelectorAll(selector)].some(
      node => node.checkVisibility() && node.textContent.includes(text)
    );
    if (!found) {
      requestAnimationFrame(look);
      return;
    }
    // It is in the page; painted it is once the frame that comes next has begun.
    requestAnimationFrame(() => { resolve(Date.now() / 1000); });
  };
  look();
});
"""
"""`drawn` resolves to the time in seconds at which something with a text could be seen."""


@contextmanager
def lab(folder: Path, *launcher: str, script: str = "") -> Iterator[Lab]:
    """Start JupyterLab in a folder, which may hold a home already, and a browser.

    Parameters
    ----------
    launcher
        Arguments of Python that start another JupyterLab than the usual.
    script
        Run in each page before anything else.
    """
    with running_server(folder, *launcher) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        yield Lab(server, browser, CLOCK + script)
        browser.close()


class Lab:
    """A running JupyterLab, and a browser that has none of it yet."""

    def __init__(self, server: Server, browser: Browser, script: str) -> None:
        self.server = server
        self._browser = browser
        self._script = script

    @contextmanager
    def page(self, notebook: str | None = None) -> Iterator[Jupyter]:
        """Open JupyterLab with an empty cache, perhaps with a notebook, and let it come to rest."""
        context = self._browser.new_context(viewport={"width": 1600, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(self._script)
        shown = Jupyter(self.server, page)
        shown.visit() if notebook is None else shown.open(notebook)
        page.wait_for_function("() => jupyterapp.isPluginActivated('kitaru:sidebar')")
        shown.await_stream()
        page.wait_for_timeout(SETTLING)
        yield shown
        context.close()


def until_drawn(page: Page, command: str, arguments: dict[str, Any], selector: str) -> float:
    """Run one of the application's commands; return how many seconds later something was painted."""
    seconds: float = page.evaluate(
        """async ([command, args, selector]) => {
          const start = Date.now() / 1000;
          void jupyterapp.commands.execute(command, args);
          return (await drawn(selector)) - start;
        }""",
        [command, arguments, selector],
    )
    return seconds


def side_by_side(shown: Jupyter, exec_id: str) -> None:
    """Open the list and the document of an execution beside what is open."""
    shown.execute("kitaru:show-executions")
    shown.execute("kitaru:open-execution", {"execId": exec_id}, wait=False)
    document = shown.page.locator(f".jp-kitaru-document[data-kitaru-execution='{exec_id}']")
    document.wait_for()
    shown.page.evaluate(
        """() => {
          const all = [...jupyterapp.shell.widgets('main')];
          const document = all.find(one => one.id.startsWith('kitaru-execution'));
          const other = all.find(one => one !== document);
          jupyterapp.shell.add(document, 'main', { mode: 'split-right', ref: other.id });
        }"""
    )
    document.wait_for()
