"""The view of an execution of ten thousand calls: how long it takes to make, and how large it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.scene import stop_services

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene


def measure(scene: Scene) -> Samples:
    """Make views of a fan-out, which is folded, and of calls that take turns, of which the middle is left out."""
    found: Samples = {}
    for embedded in (True, False):
        home, where = scene.new_home(), "embedded" if embedded else "service"
        count, times = scene.pick(10_000, 1_000), scene.pick(7, 2)
        made = json.loads(scene.run("show_many.py", count, times, home=home, embedded=embedded))
        stop_services(home)
        found |= {f"{shape} {where}": made[shape] for shape in ("folded", "windowed")}
        found |= {f"{shape} size": made[f"{shape} size"] for shape in ("folded", "windowed")}
    return found
