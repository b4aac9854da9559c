"""One Jupyter server for all browser tests of a process, one browser for each module, pages for tests."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.jupyter import (
    CHROMIUM_ARGUMENTS,
    ELSEWHERE,
    PATIENCE,
    PYTHON,
    SCREENSHOTS,
    Jupyter,
    Server,
    chromium,
    running_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Error, Page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


# Not for the whole session: while Playwright is there, no other test of the process can run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS, timeout=ELSEWHERE)
        yield browser
        browser.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    begun = report.when != "setup" and item.stash.get(FAILED, False)
    item.stash[FAILED] = begun or report.failed
    return report


@dataclass
class Opened:
    """A page, and the errors of the front end that nobody caught in it."""

    page: Page
    errors: list[Error] = field(default_factory=list)

    def picture(self, name: str) -> None:
        """Keep how it looked when a test failed."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"failed-{name}.png")

    def take_errors(self) -> list[str]:
        """Return those of Kitaru: Notebook 7 has some of its own."""
        found = [error.stack or "" for error in self.errors]
        self.errors.clear()
        return [stack for stack in found if "kitaru" in stack]


def new_page(browser: Browser) -> Opened:
    """Open a page in a fresh context."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", locale="en-GB")
    context.set_default_timeout(PATIENCE)
    context.set_default_navigation_timeout(ELSEWHERE)
    # A page of JupyterLab loads more than the browser remembers of it.
    context.add_init_script("performance.setResourceTimingBufferSize(10_000)")
    opened = Opened(context.new_page())
    opened.page.on("pageerror", lambda error: opened.errors.append(error))  # a bound method of a list is refused
    return opened


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in a fresh context; errors of the front end that nobody caught fail the test."""
    opened = new_page(browser)
    yield opened.page
    if request.node.stash[FAILED]:
        opened.picture(request.node.name)
    opened.page.context.close()
    assert opened.take_errors() == []


@pytest.fixture
def lab(server: Server, page: Page) -> Jupyter:
    """A JupyterLab that is not loaded yet."""
    return Jupyter(server, page)


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[list[Opened]]:
    """The page of a module's `desk`, once there is one."""
    pages: list[Opened] = []
    yield pages
    for opened in pages:
        opened.page.context.close()


@pytest.fixture
def desk(server: Server, browser: Browser, shared: list[Opened], request: pytest.FixtureRequest) -> Iterator[Jupyter]:
    """JupyterLab without a document, in a page that the tests of a module share, as loading it takes seconds.

    It shows no notifications, which would lie above what others of these tests press.
    """
    if shared:
        lab = Jupyter(server, shared[0].page)
        lab.clear()
    else:
        shared.append(new_page(browser))
        lab = Jupyter(server, shared[0].page)
        lab.visit()
        lab.await_launcher()
        lab.page.add_style_tag(content=".Toastify { display: none }")
    yield lab
    (opened,) = shared
    if request.node.stash[FAILED]:
        opened.picture(request.node.name)
        shared.clear()
        opened.page.context.close()
    assert opened.take_errors() == []


@pytest.fixture(scope="session")
def has_notebook7() -> bool:
    """Whether Notebook 7 is in the environment: Kitaru does not need it."""
    asked = [PYTHON, "-c", "import importlib.metadata as all; all.version('notebook')"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.fixture
def notebook7(server: Server, page: Page, has_notebook7: bool) -> Jupyter:
    if not has_notebook7:
        pytest.skip("Notebook 7 is not in this environment")
    return Jupyter(server, page, classic=True)


@pytest.fixture(params=["lab", "notebook7"])
def either(request: pytest.FixtureRequest) -> Jupyter:
    """The test runs twice: in JupyterLab and in Notebook 7."""
    shown: Jupyter = request.getfixturevalue(request.param)
    return shown
