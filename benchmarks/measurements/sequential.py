"""Checkpoints one after the other: each result is on disk before the next call."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import kitaru

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene


@kitaru.checkpoint
def increment(number: int) -> int:
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
    """Time every call of a chain, after a few that are not counted."""
    steps = scene.pick(300, 60)
    chain.run(10**6 * next(scene.serial), 20).wait()
    return {"step": chain.run(10**6 * next(scene.serial), steps).wait()}
