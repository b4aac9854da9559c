"""Results taken from an earlier execution, beside the durable checkpoints that produced them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import kitaru

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene

ran: list[int] = []


@kitaru.checkpoint
def increment(number: int) -> int:
    ran.append(number)
    return number + 1


@kitaru.flow
def chain(first: int, steps: int) -> list[float]:
    seconds = []
    for number in range(first, first + steps):
        start = time.perf_counter()
        increment(number)
        seconds.append(time.perf_counter() - start)
    return seconds


def measure(scene: Scene) -> Samples:
    """Run a flow twice with the same arguments: first it computes, then it finds everything."""
    first, steps = 10**6 * next(scene.serial), scene.pick(300, 60)
    chain.run(-first, 20).wait()
    durable = chain.run(first, steps).wait()
    ran.clear()
    hits = chain.run(first, steps).wait()
    if ran:
        raise RuntimeError(f"{len(ran)} of {steps} results were computed again, not taken from the cache")
    return {"durable": durable, "hit": hits, "first": hits[:1]}
