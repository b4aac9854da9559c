"""A Jupyter server between the store and a page: how soon a change arrives, and how long pages wait for answers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from benchmarks.scene import clean_environment
from kitaru.client import KitaruClient
from kitaru.runtime.execution import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.scene import Samples, Scene

PATIENCE = 60.0
APART = 0.3
"""Seconds between changes that are told one by one."""
BURST = 0.02
"""Seconds between the events of a busy execution: 50 a second."""


def measure(scene: Scene) -> Samples:
    """Follow the stream as a page does, while events are written from here."""
    home = scene.new_home()
    exec_id = scene.run("wide.py", 1000, home=home).decode().strip()
    client = KitaruClient.of_home(home)
    with server(scene, home) as (api, process), Page(api) as page:
        lags = [page.lag(client, APART) for _ in range(scene.pick(30, 8))]
        document = [_timed(api, f"executions/{exec_id}") for _ in range(scene.pick(10, 4))]
        listed = [_timed(api, "executions") for _ in range(scene.pick(20, 5))]
        busy, rate, grown = _under_load(scene, page, client, exec_id, process)
    client.close()
    return {
        "change": lags[1:],
        "document": document[1:],
        "list": listed[1:],
        "busy": busy,
        "rate": rate,
        "grown": grown,
    }


class Page:
    """Reads the stream of changes and remembers when each position arrived."""

    def __init__(self, api: httpx.Client) -> None:
        self._api = api
        self._came = threading.Condition()
        self._arrived: dict[int, float] = {}
        self._ready = False
        self.messages = 0

    def __enter__(self) -> Page:
        threading.Thread(target=self._read, daemon=True).start()
        with self._came:
            self._came.wait_for(lambda: self._ready, PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        """The server closes the stream when it ends."""

    def lag(self, client: KitaruClient, pause: float) -> float:
        """Write that an execution was created and return how long it took to arrive."""
        time.sleep(pause)
        start = time.perf_counter()
        position = write(client, new_id(), "execution.created")
        with self._came:
            if not self._came.wait_for(lambda: any(one >= position for one in self._arrived), PATIENCE):
                raise RuntimeError("the change did not arrive")
            return min(when for one, when in self._arrived.items() if one >= position) - start

    def _read(self) -> None:
        with contextlib.suppress(httpx.HTTPError), self._api.stream("GET", "events", timeout=None) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    told = json.loads(line[5:])
                    with self._came:
                        self._ready = True
                        self.messages += 1
                        self._arrived[told["position"]] = time.perf_counter()
                        self._came.notify_all()


def write(client: KitaruClient, exec_id: str, kind: str) -> int:
    """Write an event and return its position."""
    body = {"flow": "written", "inputs": {}, "stack": "local", "tags": [], "metadata": {}}
    event: Any = {"kind": kind, "at": time.time(), "exec_id": exec_id, "body": body}
    return client.store.append([{"events": [event]}])[0]["position"]


def _under_load(
    scene: Scene, page: Page, client: KitaruClient, exec_id: str, process: psutil.Process
) -> tuple[list[float], list[float], list[float]]:
    """Write 50 events a second; say how late a change of status is, how many messages come, and what memory is kept."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(BURST):
            write(client, exec_id, "execution.logged")

    busy = threading.Thread(target=run)
    busy.start()
    time.sleep(1.0)
    memory, messages, start = process.memory_info().rss, page.messages, time.perf_counter()
    lags = [page.lag(client, APART) for _ in range(scene.pick(60, 8))]
    rate = (page.messages - messages - len(lags)) / (time.perf_counter() - start)
    ended.set()
    busy.join()
    return lags, [rate], [(process.memory_info().rss - memory) / 1e6]


def _timed(api: httpx.Client, path: str) -> float:
    start = time.perf_counter()
    api.get(path).raise_for_status()
    return time.perf_counter() - start


@contextlib.contextmanager
def server(scene: Scene, home: Path) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """Run a Jupyter server with the extension alone."""
    runtime = scene.folder / f"jupyter-{next(scene.serial)}"
    runtime.mkdir()
    enabled = '--ServerApp.jpserver_extensions={"kitaru": True, "jupyterlab": False, "jupyter_lsp": False}'
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += ["--ServerApp.port=0", "--ServerApp.port_retries=50", f"--ServerApp.root_dir={runtime}", enabled]
    quiet = subprocess.DEVNULL
    environment = clean_environment(home) | {"JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_CONFIG_DIR": str(runtime)}
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            told = _record(runtime)
            headers = {"Authorization": f"token {told['token']}"}
            with httpx.Client(base_url=f"{told['url']}kitaru/api/", headers=headers, timeout=PATIENCE) as api:
                api.get("status").raise_for_status()
                yield api, psutil.Process(process.pid)
        finally:
            process.terminate()


def _record(runtime: Path) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for path in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):
                told: dict[str, Any] = json.loads(path.read_text())
                return told
        time.sleep(0.05)
    raise RuntimeError("the Jupyter server did not start")
