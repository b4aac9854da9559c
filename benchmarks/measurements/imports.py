"""What ``import kitaru`` adds to the start of an interpreter, with compiled modules at hand."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.scene import clean_environment

if TYPE_CHECKING:
    from benchmarks.scene import Samples, Scene

PACKAGE = "import kitaru"
NAMES = "import kitaru; kitaru.flow, kitaru.checkpoint, kitaru.KitaruClient"


def measure(scene: Scene) -> Samples:
    """Start interpreters in turn, so that what else the machine does hits all kinds of them alike."""
    programs = ("pass", PACKAGE, NAMES)
    for program in programs:
        _run(scene, program)
    seconds = [[_run(scene, program) for program in programs] for _ in range(scene.pick(10, 3))]
    bare = statistics.median(row[0] for row in seconds)
    return {
        "bare": [row[0] for row in seconds],
        "package": [row[1] - bare for row in seconds],
        "names": [row[2] - bare for row in seconds],
    }


def _run(scene: Scene, program: str) -> float:
    environment = clean_environment(scene.folder / "home")
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    return time.perf_counter() - start
