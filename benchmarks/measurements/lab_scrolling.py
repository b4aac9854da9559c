"""Whether a list of 100,000 executions scrolls smoothly in JupyterLab."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks.browser import lab
from benchmarks.filling import fill
from benchmarks.measurements.lab_views import FIRST_ROW

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene

SECONDS = 4
PIXELS = 90
"""For each frame: a quick turn of the wheel is some 5,000 pixels a second."""

SCROLL = """([frames, pixels]) => new Promise(resolve => {
  const tree = document.querySelector('#jp-kitaru-panel [role=tree]');
  const times = [];
  const next = now => {
    times.push(now / 1000);
    tree.scrollTop += pixels;
    if (times.length <= frames) requestAnimationFrame(next);
    else resolve(times.slice(1).map((time, index) => time - times[index]));
  };
  requestAnimationFrame(next);
})"""
JUMP = """async share => {
  const tree = document.querySelector('#jp-kitaru-panel [role=tree]');
  const start = Date.now() / 1000;
  tree.scrollTop = tree.scrollHeight * share;
  await new Promise(requestAnimationFrame);
  const shown = () => {
    const box = tree.getBoundingClientRect();
    return [...tree.querySelectorAll('[role=treeitem]')].filter(row => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom > box.top && top < box.bottom;
    });
  };
  for (;;) {
    await new Promise(requestAnimationFrame);
    const rows = shown();
    if (rows.length > 3 && rows.every(row => row.dataset.kitaruExecution)) return Date.now() / 1000 - start;
  }
}"""


def measure(scene: Scene) -> Samples:
    """Scroll as fast as people do; then jump to places all over the list."""
    folder = scene.new_home()
    home = folder / "kitaru-home"
    home.mkdir(parents=True)
    fill(home / "kitaru.duckdb", scene.pick(100_000, 10_000), 1)
    with lab(folder) as jupyter, jupyter.page() as shown:
        shown.execute("kitaru:show-executions")
        shown.page.locator(FIRST_ROW).first.wait_for()
        frames: list[float] = shown.page.evaluate(SCROLL, [60 * scene.pick(SECONDS, 1), PIXELS])
        jumps = [shown.page.evaluate(JUMP, share) for share in (0.99, 0.2, 0.7, 0.4, 0.95)]
        drawn = shown.page.locator("#jp-kitaru-panel [role=treeitem]").count()
    return {
        "frame": [statistics.quantiles(frames, n=20)[-1]],
        "longest": [max(frames)],
        "jump": jumps,
        "rows": [drawn],
    }
