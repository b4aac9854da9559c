"""A real JupyterLab and Notebook 7 in a real browser, for tests."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("KITARU_TESTS_PYTHON") or sys.executable
"""Of the environment whose JupyterLab, Notebook 7 and kernels are tested."""
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000
"""Milliseconds for which a page is given to come to what is expected: the machine may be busy."""
ELSEWHERE = 180_000
"""The same where another process has to be started first."""
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def chromium() -> str:
    """Find Debian's Chromium, or another that is installed."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("The browser tests need Chromium: run `make browser`, or put one on your PATH.")


@dataclass(frozen=True)
class Server:
    """A Jupyter server that offers JupyterLab and Notebook 7."""

    url: str
    token: str
    root: Path
    home: Path
    """The Kitaru home of the server and of its kernels."""
    log: Path

    def write_notebook(self, name: str, *sources: str) -> str:
        """Write a notebook of code cells below the root; with a kernel, as no dialog is to ask for it."""
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources], metadata=KERNEL)
        nbformat.write(notebook, self.root / name)
        return name

    def read_notebook(self, name: str) -> Any:
        return nbformat.read(self.root / name, as_version=4)

    def get(self, path: str) -> Any:
        """Ask one of the server's own routes."""
        answer = httpx.get(f"{self.url}/{path}", headers={"Authorization": f"token {self.token}"}, timeout=120)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_server(folder: Path, *launcher: str, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server that keeps everything of its own below `folder`.

    Parameters
    ----------
    launcher
        What Python starts it by, if it is another JupyterLab than the environment's.
    settings
        Environment variables of its own.
    """
    root, home, log = folder / "root", folder / "kitaru-home", folder / "server.log"
    root.mkdir(parents=True)
    token = secrets.token_hex(16)
    news = folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps(NO_NEWS))
    command = [
        *(PYTHON, *(launcher or ("-m", "jupyterlab")), "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
        *("--ServerApp.port=0", f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"),
        "--LabApp.news_url=None",
        *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
        "--ServerApp.shutdown_no_activity_timeout=0",
    ]
    environment = {**server_environment(folder, home), **(settings or {})}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield Server(address(folder / "runtime", process, log), token, root, home, log)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server; one that takes too long over it is killed."""
    process.terminate()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def server_environment(folder: Path, home: Path) -> dict[str, str]:
    """The tests' environment with every folder of Jupyter's and Kitaru's replaced."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KITARU_", "JUPYTER"))}
    return {
        **inherited,
        "KITARU_HOME": str(home),
        "KITARU_SERVICE_IDLE": "60",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "XDG_DATA_HOME": str(folder / "user"),
        "PYTHONWARNINGS": "default",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def address(runtime: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server has written down its address and answers."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"The Jupyter server ended:\n{log.read_text()[-4000:]}")
        for record in runtime.glob("jpserver-*.json"):
            told = json.loads(record.read_text() or "{}")
            if "port" in told:
                return f"http://127.0.0.1:{told['port']}"
        time.sleep(0.1)
    raise TimeoutError(f"The Jupyter server did not start:\n{log.read_text()[-4000:]}")


class Jupyter:
    """A page of JupyterLab or Notebook 7, as a person uses it.

    Parameters
    ----------
    server, page
        What is asked, and what it is shown in.
    classic
        Whether it is Notebook 7.
    """

    def __init__(self, server: Server, page: Page, *, classic: bool = False) -> None:
        self.server = server
        self.page = page
        self.classic = classic

    def open(self, notebook: str) -> None:
        """Open a notebook and wait until its kernel is there."""
        where = f"notebooks/{notebook}?" if self.classic else f"lab/tree/{notebook}?reset&"
        self.page.goto(f"{self.server.url}/{where}token={self.server.token}")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.await_kernel()

    def bring(self, notebook: str) -> None:
        """Open a notebook in JupyterLab as it stands, without loading the page again, and wait for its kernel."""
        self.execute("docmanager:open", {"path": notebook})
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.await_kernel()

    def clear(self) -> None:
        """Close everything without saving it, and end its kernels."""
        self.page.evaluate(
            """async () => {
              for (const { context } of jupyterapp.shell.widgets('main')) {
                if (context) {
                  context.model.dirty = false;
                }
              }
              await jupyterapp.commands.execute('application:close-all');
              await jupyterapp.serviceManager.sessions.shutdownAll();
            }"""
        )
        self.await_launcher()

    def visit(self, query: str = "?reset") -> None:
        """Open the application without a document."""
        self.page.goto(f"{self.server.url}/lab{query}&token={self.server.token}")
        self.page.wait_for_function("() => window.jupyterapp?.shell")
        self.page.evaluate("() => jupyterapp.restored")
        self.page.locator(".jp-LabShell").wait_for()

    def await_launcher(self) -> None:
        """Wait until the launcher is there, which JupyterLab puts up when it is loaded, and which takes the focus."""
        self.page.locator(".jp-Launcher").click(position={"x": 4, "y": 4})

    def await_waiting(self, text: Callable[[], str | None]) -> None:
        """Wait until a text has the number of open questions, as the server knows it."""
        until = time.monotonic() + PATIENCE / 1000
        while str(self.server.get("kitaru/api/status")["waiting"]) != text():
            assert time.monotonic() < until, text()
            self.page.wait_for_timeout(200)

    def await_command(self, command: str) -> None:
        """Wait until a command has its shortcut: the settings come after the page."""
        self.page.wait_for_function(
            "command => jupyterapp.commands.keyBindings.some(one => one.command === command)", arg=command
        )

    def await_stream(self) -> None:
        """Wait until the page follows what changes."""
        self.page.wait_for_function(
            "() => performance.getEntriesByType('resource').some(entry => entry.name.includes('/kitaru/api/waits'))"
        )

    def save_workspace(self, part: str) -> None:
        """Save the layout, which Lab does by itself a moment after it changed; `part` is what it is to hold by now."""
        with self.page.expect_response(
            lambda answer: (
                "/api/workspaces" in answer.url
                and answer.request.method == "PUT"
                and part in (answer.request.post_data or "")
            )
        ):
            self.page.evaluate("() => jupyterapp.shell.activateById(jupyterapp.shell.currentWidget.id)")
            self.execute("application:toggle-left-area")

    def reload(self) -> None:
        """Load the page again, without saving."""
        self.page.once("dialog", lambda dialog: dialog.accept())
        self.page.reload()
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()

    def await_kernel(self) -> None:
        """Wait until the kernel is idle."""
        self.page.wait_for_function(f"{_PANEL} && {_KERNEL}?.status === 'idle'")

    def run(self, index: int) -> Locator:
        """Run a cell, without waiting for its end; returns its output."""
        self.page.evaluate(f"index => {{ {_PANEL}.content.activeCellIndex = index; }}", index)
        # Not awaited: that would wait for the cell's end.
        self.execute("notebook:run-cell", wait=False)
        return self.output(index)

    def output(self, index: int) -> Locator:
        """The output of a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    def exec_id(self, index: int) -> str:
        """The id of an execution that a cell prints, once it has."""
        expect(self.output(index)).to_contain_text(_ID)
        found = _ID.search(self.output(index).inner_text())
        assert found
        return found.group()

    def save(self) -> None:
        """Save the notebook."""
        self.execute("docmanager:save")

    def shut_kernel_down(self) -> None:
        """End the notebook's kernel."""
        self.page.evaluate(f"() => {_PANEL}.sessionContext.shutdown()")

    def is_busy(self) -> bool:
        """Whether the kernel runs a cell."""
        return bool(self.page.evaluate(f"() => {_KERNEL}?.status === 'busy'"))

    def execute(self, command: str, arguments: dict[str, Any] | None = None, *, wait: bool = True) -> None:
        """Run one of the application's commands."""
        call = "jupyterapp.commands.execute(id, args)"
        # What a command returns may be a widget, with all that belongs to it.
        body = f"await {call};" if wait else f"void {call};"
        self.page.evaluate(f"async ([id, args]) => {{ {body} }}", [command, arguments or {}])

    def use_theme(self, theme: str) -> None:
        """Change to a theme and wait until it is applied."""
        used = self.page.locator(f"body[data-jp-theme-light='{'true' if theme == LIGHT else 'false'}']")
        if used.count() == 0:
            self.execute("apputils:change-theme", {"theme": theme})
            used.wait_for(state="attached")

    def screenshot(self, name: str, what: Locator | None = None) -> None:
        """Take a picture of the page or of a part of it, in light and in dark, for people to look at."""
        for theme in (LIGHT, DARK):
            self.use_theme(theme)
            self._picture(name, what)
        self.use_theme(LIGHT)

    def _picture(self, name: str, what: Locator | None) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        suffix = "light" if self.page.locator("body[data-jp-theme-light='true']").count() else "dark"
        (what or self.page).screenshot(path=SCREENSHOTS / f"{name}-{suffix}.png", animations="disabled")

    def violations(self, selector: str, picture: str | None = None, of: Locator | None = None) -> list[str]:
        """Check a part of the page with axe, in light and in dark; returns what is wrong, each with the element.

        Parameters
        ----------
        picture, of
            Take pictures of this name meanwhile, for people to look at, of the page or of a part of it.
        """
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(f"() => {{ const module = undefined, define = undefined; {AXE.read_text()} }}")
        found = []
        for theme in (LIGHT, DARK):
            self.use_theme(theme)
            if picture is not None:
                self._picture(picture, of)
            found += self._violations_in(theme, selector)
        self.use_theme(LIGHT)
        return found

    def _violations_in(self, theme: str, selector: str) -> list[str]:
        found = self.page.evaluate("selector => axe.run(selector)", selector)["violations"]
        return [
            f"{theme}: {violation['id']}: {' '.join(node['html'].split())} {node['failureSummary']}"
            for violation in found
            for node in violation["nodes"]
        ]


_PANEL = "jupyterapp.shell.currentWidget"
_KERNEL = f"{_PANEL}?.sessionContext?.session?.kernel"

_ID = re.compile(r"kr-\w{12}")

expect.set_options(timeout=PATIENCE)
