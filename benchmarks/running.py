"""Runs measurements, each in a fresh process, and makes findings of their samples."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import RESULT
from benchmarks.scene import BUILD, ROOT, clean_environment, stop_services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.rows import Measurement, Row

TIME_LIMIT = 1800.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A row with what was found: medians over all samples, ratio and yardstick as medians over the rounds."""

    row: Row
    measurement: str
    median: float
    p90: float
    samples: int
    yardstick: float | None
    ratio: float | None
    met: bool | None
    """None if the row has no bar."""


class MeasuringFailedError(Exception):
    """A measurement ended with an error; its text is what the process wrote."""


def run(measurement: Measurement, rounds: int, *, quick: bool) -> list[dict[str, Any]]:
    """Measure in a fresh process with a folder of its own, which is removed at the end.

    Raises
    ------
    MeasuringFailedError
        If the process fails.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{measurement.name}-", dir=BUILD))
    command = [sys.executable, "-m", "benchmarks.child", measurement.name, str(rounds), str(folder)]
    try:
        process = subprocess.run(
            command + (["quick"] if quick else []),
            cwd=ROOT,
            env=clean_environment(folder / "home", embedded=measurement.embedded),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT,
            check=False,
        )
        if process.returncode:
            raise MeasuringFailedError(process.stdout.decode(errors="replace").strip())
        found: list[dict[str, Any]] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return found
    finally:
        stop_services(folder)
        shutil.rmtree(folder, ignore_errors=True)


def warm_up() -> None:
    """Let every module that measurements import be compiled once."""
    folder = BUILD / "warm-up"
    folder.mkdir(parents=True, exist_ok=True)
    program = ROOT / "benchmarks" / "programs" / "first_result.py"
    try:
        for embedded in (False, True):
            environment = clean_environment(folder / f"home-{embedded}", embedded=embedded)
            command = [sys.executable, str(program), "warm-up"]
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=300)
    finally:
        stop_services(folder)
        shutil.rmtree(folder, ignore_errors=True)


def findings(measurement: Measurement, rounds: Iterable[dict[str, Any]]) -> list[Finding]:
    """Judge the rows of a measurement."""
    rounds = list(rounds)
    return [_finding(row, measurement.name, rounds) for row in measurement.rows]


def _finding(row: Row, measurement: str, rounds: list[dict[str, Any]]) -> Finding:
    samples = sorted(sample for found in rounds for sample in found["samples"][row.key])
    pairs = [(statistics.median(found["samples"][row.key]), _yardstick(row, found)) for found in rounds]
    median = statistics.median(samples)
    return Finding(
        row,
        measurement,
        median,
        _p90(row, samples),
        len(samples),
        _over(pairs, lambda value, yardstick: yardstick) if row.yardstick else None,
        _over(pairs, lambda value, yardstick: value / yardstick) if row.yardstick else None,
        _met(row, median, pairs) if row.has_bar else None,
    )


def _p90(row: Row, samples: list[float]) -> float:
    """Return what nine of ten samples are at least as good as; `samples` are sorted."""
    place = min(len(samples) - 1, int(0.9 * len(samples)))
    return samples[place if row.at_least is None else len(samples) - 1 - place]


def _yardstick(row: Row, found: dict[str, Any]) -> float:
    samples = found["machine"].get(row.yardstick) or found["samples"].get(row.yardstick)
    return statistics.median(samples) if samples else 0.0


def _over(pairs: list[tuple[float, float]], compare: Callable[[float, float], float]) -> float:
    return statistics.median(compare(value, yardstick) for value, yardstick in pairs)


def _met(row: Row, median: float, pairs: list[tuple[float, float]]) -> bool:
    slack = row.slack
    return (
        (row.at_most is None or median <= row.at_most)
        and (row.at_least is None or median >= row.at_least)
        and (slack is None or _over(pairs, lambda value, yardstick: value - yardstick - slack) <= 0)
    )
