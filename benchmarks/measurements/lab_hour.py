"""Whether JupyterLab's memory stays flat: as many events as an hour has at 50/s, as fast as the page takes them."""

from __future__ import annotations

import statistics
import subprocess
import time
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

from benchmarks.browser import lab, side_by_side
from benchmarks.scene import PROGRAMS
from kitaru.views.model import MIME_TYPE
from tests.browser.jupyter import KERNEL

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from benchmarks.scene import Samples, Scene
    from tests.browser.jupyter import Server

EVENTS = 12
"""A line's: a quarter of a second at 50/s, which is how often pages are told."""
LINES = 40
"""A call's: ten seconds. They come at once, and the page is waited for when they have ended."""
CALLS = 360
HASTE = """
const setLater = window.setTimeout;
window.setTimeout = (call, after, ...rest) => setLater(call, after > 0 && after <= 500 ? after / 50 : after, ...rest);
"""
"""What the front end puts off for a moment it puts off for less, as an hour must not last that long."""
UNTIL = """text => new Promise(resolve => {
  const view = document.querySelector('.jp-Notebook .jp-kitaru-execution');
  const look = () => view.textContent.includes(text) && (observer.disconnect(), resolve());
  const observer = new MutationObserver(look);
  observer.observe(view, { subtree: true, childList: true, characterData: true });
  look();
})"""


def measure(scene: Scene) -> Samples:
    """Measure the memory after each quarter, and how many events a second the page takes."""
    folder = scene.new_home()
    calls = scene.pick(CALLS, 8)
    with lab(folder, str(PROGRAMS / "hasty_lab.py"), script=HASTE) as jupyter:
        home = jupyter.server.home
        program = scene.start("on_lines.py", LINES, EVENTS, home=home, stdin=subprocess.PIPE)
        assert program.stdin is not None
        assert program.stdout is not None
        exec_id = program.stdout.readline().decode().strip()
        with jupyter.page(_notebook(jupyter.server, exec_id)) as shown:
            side_by_side(shown, exec_id)
            memory = Memory(shown.page)
            begin = time.perf_counter()
            for call in range(1, calls + 1):
                program.stdin.write(b"on\n" * LINES)
                program.stdin.flush()
                shown.page.evaluate(UNTIL, f"{call} of {call + 1} calls")
                if call % (calls // 4) == 0:
                    memory.take()
            took = time.perf_counter() - begin
        program.stdin.close()
        program.wait(60)
    return {
        "grown": [memory.grown(memory.heap)],
        "nodes": [memory.grown(memory.nodes)],
        "heap": memory.heap,
        "rate": [calls * (LINES * EVENTS + 2) / took],
    }


class Memory:
    """What the page keeps, looked at when the garbage has been collected."""

    def __init__(self, page: Page) -> None:
        self._tools = page.context.new_cdp_session(page)
        self._tools.send("HeapProfiler.enable")
        self._tools.send("Performance.enable")
        self.heap: list[float] = []
        """In megabytes."""
        self.nodes: list[float] = []

    def take(self) -> None:
        """Look."""
        for _ in range(3):  # what a finaliser lets go of is collected by the next
            self._tools.send("HeapProfiler.collectGarbage")
        self.heap.append(self._tools.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
        metrics = {one["name"]: one["value"] for one in self._tools.send("Performance.getMetrics")["metrics"]}
        self.nodes.append(metrics["Nodes"])

    @staticmethod
    def grown(samples: list[float]) -> float:
        """Return by how much something grew from the first sample to the last, along the line that fits best."""
        slope = statistics.linear_regression(range(len(samples)), samples).slope
        return slope * (len(samples) - 1)


def _notebook(server: Server, exec_id: str) -> str:
    """Write a notebook whose output shows the execution."""
    view = server.get(f"kitaru/api/executions/{exec_id}")
    bundle = {MIME_TYPE: view, "text/html": "", "text/plain": ""}
    cell = new_code_cell("1", outputs=[new_output("display_data", bundle)])
    nbformat.write(new_notebook(cells=[cell], metadata=KERNEL), server.root / "hour.ipynb")
    return "hour.ipynb"
