"""Runs the contenders' programs, in turn, so that what else the machine does hits all of them alike."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.scene import BUILD, clean_environment, stop_services
from benchmarks.side_by_side.contenders import (
    CONTENDERS,
    PROGRAMS,
    NotInstalledError,
    interpreter,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.side_by_side.contenders import Contender

TASKS: Final = ("steps", "fan_out", "first")
WIDTH: Final = 100
TIME_LIMIT: Final = 300.0


@dataclass(slots=True)
class Lane:
    """A contender on the track: its interpreter, and seconds by task."""

    contender: Contender
    python: Path
    versions: str
    seconds: dict[str, list[float]] = field(default_factory=lambda: {task: [] for task in TASKS})


def compare(rounds: int, *, quick: bool, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Measure every contender and return one row for each, in seconds; what cannot be installed says why."""
    lanes: list[Lane] = []
    rows: list[dict[str, Any]] = []
    for contender in CONTENDERS:
        try:
            say(f"preparing {contender.label}")
            python = interpreter(contender)
            lanes.append(Lane(contender, python, versions(contender, python)))
        except NotInstalledError as error:
            rows.append({"library": contender.label, "versions": "", "problem": f"not installed: {error}"})
    for number in range(rounds + 1):
        say(f"round {number} of {rounds}" if number else "compiling modules")
        for lane in lanes:
            _run_all(lane, steps=50 if quick else 200, counted=number > 0)
    return [_row(lane) for lane in lanes] + rows


def _row(lane: Lane) -> dict[str, Any]:
    medians = {task: statistics.median(seconds) for task, seconds in lane.seconds.items()}
    return {"library": lane.contender.label, "versions": lane.versions, "problem": ""} | medians


def _run_all(lane: Lane, *, steps: int, counted: bool) -> None:
    """Do each task once, in a new folder; the first task also starts what the contender needs."""
    BUILD.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{lane.contender.program}-", dir=BUILD))
    try:
        _, first = _run(lane, folder, "first", 1)
        step, _ = _run(lane, folder, "steps", steps)
        fan_out, _ = _run(lane, folder, "fan_out", WIDTH)
    finally:
        stop_services(folder)
        shutil.rmtree(folder, ignore_errors=True)
    if counted:
        for task, seconds in zip(TASKS, (step / steps, fan_out, first), strict=True):
            lane.seconds[task].append(seconds)


def _run(lane: Lane, folder: Path, task: str, count: int) -> tuple[float, float]:
    """Return the seconds that the program measured, and those from its start to its first line."""
    command = [str(lane.python), str(PROGRAMS / f"{lane.contender.program}_work.py"), task, str(count)]
    environment = clean_environment(folder / "home", embedded=lane.contender.embedded)
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        first = time.perf_counter() - start
        _, errors = process.communicate(timeout=TIME_LIMIT)
    if process.returncode or not line:
        raise RuntimeError(f"{command[1]} {task} ended with {process.returncode}:\n{errors.decode(errors='replace')}")
    return float(json.loads(line)["seconds"]), first
