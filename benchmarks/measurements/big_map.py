"""``.map`` over ten thousand items, each round in a process that has done nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.scene import stop_services

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene


def measure(scene: Scene) -> Samples:
    """Run the program in a new home with a service of its own."""
    count, home = scene.pick(10_000, 2_000), scene.new_home()
    found = json.loads(scene.run("map_many.py", count, home=home))
    stop_services(home)
    return {
        "rate": [count / found["seconds"]],
        "memory": [found["memory"] / 2**20],
        "behind": [found["behind"]],
    }
