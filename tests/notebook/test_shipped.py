"""The tour, executed from the first cell to the last, as a newcomer does with Run All.

Browsers run the other notebooks: `tests/browser/test_start.py` the first one, `test_widgets.py` the dashboard.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.project.source_tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def outputs(name: str, folder: Path) -> list[dict[str, Any]]:
    """Run a notebook in a kernel of its own; return what its cells show."""
    executed = folder / name
    dropped = ("OPENAI", "KITARU_STORE")  # no provider is asked, and the store is what a user has: a service
    process = subprocess.run(
        [sys.executable, "scripts/run_notebook.py", f"notebooks/{name}", str(executed)],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith(dropped)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    cells = nbformat.read(executed, as_version=4).cells
    return [output for cell in cells for output in cell.get("outputs", ())]


def test_the_tour_pays_nothing_twice(tmp_path: Path, kitaru_home: Path) -> None:
    shown = outputs("tour.ipynb", tmp_path)
    printed = "".join(output.get("text", "") for output in shown)
    reports = [output["data"]["text/markdown"] for output in shown if "text/markdown" in output.get("data", {})]
    assert [report.splitlines()[0] for report in reports] == ["### alice", "### alice", "### persuasion"]
    assert "It is the Rabbit's book" in reports[1]
    assert "attempts: 2" in printed
    assert "of them reused instead of run." in printed
