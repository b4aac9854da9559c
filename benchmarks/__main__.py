"""``python -m benchmarks``: measure, print a table, perhaps write JSON."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import report
from benchmarks.catalog import BY_NAME, CATALOG
from benchmarks.machine import described
from benchmarks.rows import APPEND, COMMIT
from benchmarks.running import Finding, MeasuringFailedError, findings, run, warm_up

SIDE_BY_SIDE = "side-by-side"
ROUNDS = 5


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Kitaru's speed and size.")
    known = [*BY_NAME, SIDE_BY_SIDE]
    parser.add_argument("names", nargs="*", metavar="name", help=f"what to measure: {', '.join(known)}")
    parser.add_argument("--rounds", type=int, help=f"how often each measurement is repeated ({ROUNDS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    parser.add_argument("--quick", action="store_true", help="measure less: shows that it works, not how fast")
    parser.add_argument("--details", action="store_true", help="show rows that have no bar, too")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a bar is missed")
    options = parser.parse_args(given)
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    options.names = options.names or [measurement.name for measurement in CATALOG if not measurement.optional]
    options.rounds = max(1, options.rounds or (2 if options.quick else ROUNDS))
    return options


class Session:
    """One run of the command: what was measured, and what failed."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.console = Console(width=report.WIDTH, highlight=False)
        self.findings: list[Finding] = []
        self.machine: dict[str, list[float]] = {APPEND: [], COMMIT: []}
        self.failed: list[str] = []
        self.compared: list[dict[str, Any]] = []

    def measure(self) -> None:
        """Measure what was asked for, one after the other, so that nothing disturbs the other."""
        names = [name for name in self.options.names if name != SIDE_BY_SIDE]
        if names:
            self._say("compiling modules")
            warm_up()
        for name in names:
            self._say(name)
            self._measure(name)

    def _measure(self, name: str) -> None:
        measurement = BY_NAME[name]
        try:
            rounds = run(measurement, 1 if measurement.once else self.options.rounds, quick=self.options.quick)
        except MeasuringFailedError as error:
            self.failed.append(name)
            self._say(f"{name} failed:\n{error}")
            return
        self.findings += findings(measurement, rounds)
        for found in rounds:
            for yardstick, samples in self.machine.items():
                samples += found["machine"][yardstick]

    def compare(self) -> None:
        """Run the same work on other libraries."""
        if SIDE_BY_SIDE in self.options.names:
            from benchmarks.side_by_side import compare, table

            self.compared = compare(self.options.rounds, quick=self.options.quick, say=self._say)
            self.console.print(table(self.compared))

    def show(self) -> None:
        """Print the table."""
        if not self.findings:
            return
        machine, console = described(), self.console
        append, commit = (report.quantity(statistics.median(self.machine[name]), "s") for name in (APPEND, COMMIT))
        console.print(
            f"{machine['time']}, Python {machine['python']}, {machine['cores']} cores, load {machine['load']}, "
            f"{self.options.rounds} rounds{', less work than the rows say' if self.options.quick else ''}"
        )
        console.print(f"yardsticks: synced append of 600 bytes {append}, DuckDB one-row commit {commit}")
        everything = self.options.details or not any(finding.row.has_bar for finding in self.findings)
        console.print(report.table(found for found in self.findings if everything or found.row.has_bar))

    def save(self) -> None:
        """Write the JSON file, if one was asked for."""
        if self.options.json is not None:
            content = {
                "machine": described() | {name: statistics.median(of) for name, of in self.machine.items() if of},
                "quick": self.options.quick,
                "rounds": self.options.rounds,
                "findings": report.as_data(self.findings),
                "failed": self.failed,
                "side_by_side": self.compared,
            }
            self.options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def exit_code(self) -> int:
        """1 if something could not be measured, or a bar is missed and that counts."""
        missed = any(finding.met is False for finding in self.findings)
        return int(bool(self.failed) or (self.options.strict and missed))

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def main(given: list[str] | None = None) -> int:
    session = Session(arguments(given))
    session.measure()
    session.show()
    session.compare()
    session.save()
    return session.exit_code()


if __name__ == "__main__":
    sys.exit(main())
