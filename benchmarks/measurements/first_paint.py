"""From the start of a flow's cell to the first view of it, in a real kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kernel import kernel

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene

CELL = """%%kitaru_flow trip -p city="Bern" --new
def look_up(city: str) -> str:
    return city.upper()

look_up(city)
"""


def measure(scene: Scene) -> Samples:
    """Run a flow's cell in a fresh kernel, where the service must be started too, and then again."""
    with kernel(scene) as notebook:
        notebook.run("%load_ext kitaru")
        first = notebook.first_shown(CELL)
        again = [notebook.first_shown(CELL) for _ in range(scene.pick(10, 3))]
    return {"first": [first], "again": again}
