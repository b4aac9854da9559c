"""What it costs a flow to be watched: CPU time of the kernel with a live view and without one, in turns."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from benchmarks.kernel import kernel

if TYPE_CHECKING:
    from benchmarks.kernel import Kernel
    from benchmarks.scene import Samples, Scene

FLOWS = """
import gc, time, kitaru
from kitaru.notebook.live import watch

@kitaru.checkpoint(cache=False)
def step(n):
    return n

@kitaru.flow
def loop(count):
    return sum(step(n) for n in range(count))

@kitaru.flow
def fan_out(count):
    return sum(step.map(range(count)).result())

def used(flow, count, watched):
    gc.collect()
    before = time.process_time()
    handle = flow.run(count)
    if watched:
        watch(handle)
    handle.wait()
    return time.process_time() - before
"""


def measure(scene: Scene) -> Samples:
    """Run each flow watched and unwatched, several times in one kernel."""
    count, pairs = scene.pick(10_000, 1_000), scene.pick(4, 1)
    with kernel(scene) as notebook:
        notebook.run(FLOWS)
        for flow in ("loop", "fan_out"):  # what is loaded, compiled or asked of the system for a first run of this size
            _share(notebook, flow, count, (True, False))
        orders = itertools.islice(itertools.cycle([(True, False), (False, True)]), pairs)
        shares = [
            (_share(notebook, "loop", count, order), _share(notebook, "fan_out", count, order)) for order in orders
        ]
    return {"loop": [loop for loop, _ in shares], "map": [fan_out for _, fan_out in shares]}


def _share(notebook: Kernel, flow: str, count: int, order: tuple[bool, bool]) -> float:
    """Return how much more CPU time the flow takes when it is watched, in percent."""
    used = {watched: float(notebook.run(f"used({flow}, {count}, {watched})")) for watched in order}
    return 100 * (used[True] / used[False] - 1)
