"""The dashboard notebook, executed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.project.source_tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_the_dashboard_notebook_runs(tmp_path: Path, kitaru_home: Path) -> None:
    executed = tmp_path / "dashboard.ipynb"
    process = subprocess.run(
        [sys.executable, "scripts/run_notebook.py", "notebooks/dashboard.ipynb", str(executed)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("OPENAI")},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    outputs = [output for cell in nbformat.read(executed, as_version=4).cells for output in cell.get("outputs", ())]
    results = [output["data"] for output in outputs if "data" in output]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in results)
    assert any(data.get("text/plain") == "'publish, 5 stars'" for data in results)
