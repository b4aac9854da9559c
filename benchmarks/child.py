"""The process of one measurement: ``python -m benchmarks.child NAME ROUNDS FOLDER [quick]``."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.catalog import BY_NAME
from benchmarks.machine import yardsticks
from benchmarks.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.scene import Samples

RESULT = "rounds.json"


def measure_rounds(measure: Callable[[Scene], Samples], rounds: int, scene: Scene) -> list[dict[str, Any]]:
    """Measure the machine and then Kitaru, several times."""
    found = []
    for _ in range(rounds):
        machine = yardsticks(scene.folder, scene.pick(50, 20))
        found.append({"machine": machine, "samples": measure(scene)})
    return found


def main(name: str, rounds: str, folder: str, quick: str = "") -> None:
    scene = Scene(Path(folder), bool(quick))
    module = import_module(f"benchmarks.measurements.{BY_NAME[name].module}")
    found = measure_rounds(module.measure, int(rounds), scene)
    (scene.folder / RESULT).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
