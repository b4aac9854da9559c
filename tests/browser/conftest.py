"""One Jupyter server for all browser tests of a process, one browser for each module, a fresh page for each test."""

from __future__ import annotations

import subprocess
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


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in a fresh context; errors of the front end that nobody caught fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", locale="en-GB")
    context.set_default_timeout(PATIENCE)
    context.set_default_navigation_timeout(ELSEWHERE)
    # A page of JupyterLab loads more than the browser remembers of it.
    context.add_init_script("performance.setResourceTimingBufferSize(10_000)")
    page = context.new_page()
    errors: list[Error] = []
    page.on("pageerror", lambda error: errors.append(error))  # a bound method of a list is refused
    failed = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"failed-{request.node.name}.png")
    context.close()
    # Notebook 7 has some of its own.
    assert [error.stack for error in errors if "kitaru" in (error.stack or "")] == []


@pytest.fixture
def lab(server: Server, page: Page) -> Jupyter:
    return Jupyter(server, page)


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
