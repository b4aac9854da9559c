"""JupyterLab with list, inline view and document open while a flow streams: how late and how busy the page is."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.browser import lab, side_by_side
from kitaru.client import KitaruClient

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene
    from tests.browser.jupyter import Jupyter, Server

CELL = """%%kitaru_flow streaming -p steps={steps} --new
def search(n):
    report(n)

def weigh(n):
    report(n)

for n in range(steps):
    (search, weigh)[n % 2](n)
"""
REPORT = """
import time, kitaru
def report(n):
    print("step", n)
    for part in range(4):
        kitaru.progress(f"part {part} of step {n}", percent=part / 4)
        time.sleep(0.024)
"""
"""A step writes its start, four times how far it is, a line, and its end: seven events in some 140 ms."""

STEPS_A_SECOND = 7.4
OBSERVE = """() => {
  window.tasks = [];
  window.began = performance.now();
  new PerformanceObserver(list => {
    window.tasks.push(...list.getEntries().map(one => one.duration / 1000));
  }).observe({ type: 'longtask' });
}"""
EXPECT = """([execId, ended]) => {
  window.arrived = new Promise(resolve => { window.onArrived = resolve; });
  window.expected = Promise.all([
    ended === 0 ? 0 : window.arrived,
    drawn('.jp-kitaru-document .jp-kitaru-facts', `${ended} of ${ended + 1} calls`),
    drawn(`#jp-kitaru-panel [data-kitaru-execution='${execId}']`, ended === 0 ? '1 call' : `${ended + 1} calls`)
  ]);
}"""
FOLLOW = """async () => {
  const answer = await fetch(`${jupyterapp.serviceManager.serverSettings.baseUrl}kitaru/api/events`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const read = async () => {
    for (;;) {
      await reader.read();
      window.onArrived?.(Date.now() / 1000);
    }
  };
  void read();
}"""
COMPLETED = "() => document.querySelector('.jp-kitaru-document header').textContent.includes('Completed')"
APART = 0.6
"""Seconds between changes that are told one by one."""


def measure(scene: Scene) -> Samples:
    """Stream for 20 s from a notebook's kernel; then tell changes one by one."""
    folder = scene.new_home()
    steps = int(scene.pick(22, 6) * STEPS_A_SECOND)
    with lab(folder) as jupyter:
        name = jupyter.server.write_notebook("streaming.ipynb", REPORT, CELL.format(steps=steps))
        with jupyter.page(name) as shown:
            tasks, rate = _streamed(shown, jupyter.server)
        with jupyter.page() as shown:
            lags = _lags(scene, shown, jupyter.server)
    return {"longest": [max(tasks, default=0.0)], "tasks": [float(len(tasks))], "rate": [rate], **lags}


def _streamed(shown: Jupyter, server: Server) -> tuple[list[float], float]:
    shown.run(0)
    view = shown.run(1).locator(".jp-kitaru-execution")
    view.wait_for()
    exec_id = server.get("kitaru/api/executions?limit=1")["items"][0]["exec_id"]
    side_by_side(shown, exec_id)
    shown.page.wait_for_timeout(1_000)
    shown.page.evaluate(OBSERVE)
    shown.page.wait_for_function(COMPLETED, polling=500)  # not in each frame: that is work for the page
    tasks: list[float] = shown.page.evaluate("() => window.tasks")
    client = KitaruClient.of_home(server.home)
    events = client.store.read("events", exec_id=exec_id, limit=100_000)
    client.close()
    return tasks, len(events) / (events[-1]["at"] - events[0]["at"])


def _lags(scene: Scene, shown: Jupyter, server: Server) -> Samples:
    """Return how long after a call has ended the browser knows, and the document and the list show it."""
    program = scene.start("on_lines.py", 1, 0, home=server.home, stdin=subprocess.PIPE)
    assert program.stdin is not None
    assert program.stdout is not None
    exec_id = program.stdout.readline().decode().strip()
    shown.execute("kitaru:show-executions")
    shown.execute("kitaru:open-execution", {"execId": exec_id}, wait=False)
    shown.page.evaluate(FOLLOW)
    shown.page.evaluate(EXPECT, [exec_id, 0])
    shown.page.evaluate("() => window.expected")
    found: Samples = {"arrived": [], "document": [], "list": []}
    for line in range(1, scene.pick(16, 4)):
        time.sleep(APART)
        shown.page.evaluate(EXPECT, [exec_id, line])
        start = time.time()
        program.stdin.write(f"{line}\n".encode())
        program.stdin.flush()
        arrived, document, listed = shown.page.evaluate("() => window.expected")
        found["arrived"].append(arrived - start)
        found["document"].append(document - start)
        found["list"].append(listed - start)
    program.stdin.close()
    program.wait(60)
    return found
