"""A notebook of 200 cells becomes a script: the export itself, and the whole command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.scene import clean_environment
from benchmarks.timing import timed
from kitaru.export import export_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scene import Samples, Scene

CELLS = 200


def measure(scene: Scene) -> Samples:
    """Export a notebook in which each function reads a table and the function above it, and every fifth cell plots."""
    notebook = scene.folder / "long.ipynb"
    notebook.write_text(json.dumps({"cells": cells(CELLS), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    times = scene.pick(10, 2)
    inside = timed(lambda: export_notebook(notebook, output=scene.folder / "out"), times)
    return {"export": inside, "command": [_command(scene, notebook) for _ in range(scene.pick(5, 2))]}


def cells(count: int) -> list[dict[str, object]]:
    """Write the cells of a notebook as people write it."""
    sources = ["import re\nimport numpy as np\nfrom kitaru import checkpoint, flow\n%matplotlib inline"]
    for number in range(count - 2):
        if number % 5 == 4:
            sources.append(f"plot = np.arange({number})\nplot.sum()  # looked at\n!ls\n")
            continue
        above = f"step_{number - 1 - (number % 5 == 0)}(text)" if number else "text"
        sources.append(
            f"TABLE_{number} = {{name: len(name) for name in ('a', 'bb', 'ccc')}}  # sizes\n\n"
            f"@checkpoint\ndef load_{number}(text: str) -> str:\n    return text\n\n"
            f"def step_{number}(text):\n"
            f'    """Go on with the text."""\n'
            f"    words = [word for word in re.split(' ', {above}) if word not in TABLE_{number}]\n"
            f"    return ' '.join(words)\n"
        )
    last = max(number for number in range(count - 2) if number % 5 != 4)
    sources.append(f"@flow\ndef long(text: str = 'a b'):\n    return load_0(step_{last}(text))\n")
    return [{"cell_type": "code", "id": f"c{number}", "source": source} for number, source in enumerate(sources)]


def _command(scene: Scene, notebook: Path) -> float:
    command = [sys.executable, "-m", "kitaru", "export", str(notebook), "-o", str(scene.folder / "out")]
    start = time.perf_counter()
    subprocess.run(command, env=clean_environment(scene.folder / "home"), check=True, capture_output=True)
    return time.perf_counter() - start
