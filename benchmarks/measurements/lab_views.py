"""How soon people see something in JupyterLab: the list of 20,000 executions, a document of 1,000 calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.browser import lab, until_drawn
from benchmarks.filling import fill

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene

CALLS = 10
FIRST_ROW = "#jp-kitaru-panel [role=treeitem] .jp-kitaru-status"
FIRST_CALL = ".jp-kitaru-document [role=treeitem] .jp-kitaru-time-bar"


def measure(scene: Scene) -> Samples:
    """Open both in pages that have opened neither before."""
    folder = scene.new_home()
    home = folder / "kitaru-home"
    home.mkdir(parents=True)
    fill(home / "kitaru.duckdb", scene.pick(20_000, 1_000), CALLS)
    exec_id = scene.run("varied.py", 1_000, home=home).decode().strip()
    samples: Samples = {"sidebar": [], "document": [], "again": []}
    with lab(folder) as jupyter:
        for _ in range(scene.pick(5, 2)):
            with jupyter.page() as shown:
                page = shown.page
                samples["sidebar"].append(until_drawn(page, "kitaru:show-executions", {}, FIRST_ROW))
                opened = "kitaru:open-execution", {"execId": exec_id}
                samples["document"].append(until_drawn(page, *opened, FIRST_CALL))
                shown.execute("application:close")
                samples["again"].append(until_drawn(page, *opened, FIRST_CALL))
    return samples
