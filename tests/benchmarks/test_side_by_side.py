from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.side_by_side import table
from benchmarks.side_by_side.contenders import CONTENDERS, PROGRAMS, NotInstalledError, install


def test_every_contender_has_a_program() -> None:
    assert all((PROGRAMS / f"{contender.program}_work.py").is_file() for contender in CONTENDERS)


def test_what_cannot_be_installed_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError, match=r"missing\.whl"):
        install(Path(sys.executable), (str(tmp_path / "missing.whl"),))


def test_a_contender_that_could_not_take_part_has_a_line_that_says_why() -> None:
    rows = [
        {"library": "A", "versions": "1.0", "problem": "", "steps": 0.001, "fan_out": 0.05, "first": 1.5},
        {"library": "B", "versions": "", "problem": "not installed: no network"},
    ]
    text = io.StringIO()
    Console(file=text, width=200).print(table(rows))

    assert "1.00 ms" in text.getvalue()
    assert "no network" in " ".join(text.getvalue().split())
