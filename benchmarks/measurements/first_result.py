"""From the start of a process to the result of its first flow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.scene import stop_services

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scene import Samples, Scene


def measure(scene: Scene) -> Samples:
    """Run the smallest program in a new home, then again while the service is there."""
    times, home = scene.pick(5, 2), scene.new_home()
    cold = [_time(scene, "first_result.py", home)]
    warm = [_time(scene, "first_result.py", home) for _ in range(times)]
    stop_services(home)
    embedded = [_time(scene, "first_result.py", scene.new_home(), embedded=True) for _ in range(times)]
    bare = [_time(scene, "nothing.py", home) for _ in range(times)]
    return {
        "cold": [first for first, _ in cold],
        "warm": [first for first, _ in warm],
        "ending": [rest for _, rest in warm],
        "embedded": [first for first, _ in embedded],
        "bare": [first for first, _ in bare],
    }


def _time(scene: Scene, program: str, home: Path, *, embedded: bool = False) -> tuple[float, float]:
    """Return the seconds until the program's first line, and from there to its end."""
    start = time.perf_counter()
    with scene.start(program, next(scene.serial), home=home, embedded=embedded) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        first = time.perf_counter()
    end = time.perf_counter()
    if process.returncode or b"hello" not in line.lower():
        raise RuntimeError(f"{program} ended with {process.returncode} and said {line!r}")
    return first - start, end - first
