"""A hundred trivial checkpoints at the same time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import kitaru

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene

WIDTH = 100


@kitaru.checkpoint
def increment(number: int) -> int:
    return number + 1


@kitaru.flow
def spread(first: int) -> float:
    start = time.perf_counter()
    values = increment.map(range(first, first + WIDTH)).result()
    seconds = time.perf_counter() - start
    assert values == list(range(first + 1, first + WIDTH + 1))
    return seconds


def measure(scene: Scene) -> Samples:
    """Time some fan-outs, from the first call to the last result, after one that is not counted."""
    spread.run(10**6 * next(scene.serial)).wait()
    return {"all": [spread.run(10**6 * next(scene.serial)).wait() for _ in range(scene.pick(10, 3))]}
