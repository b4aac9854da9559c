"""How large JupyterLab's extension is: what it adds to what JupyterLab has."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from benchmarks.scene import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scene import Samples, Scene

BUILT = ROOT / "kitaru" / "labextension" / "static"


def measure(scene: Scene) -> Samples:
    """Compress every script as a web server does."""
    scripts = list(BUILT.glob("*.js"))
    if not scripts:
        raise FileNotFoundError(f"There is no extension in {BUILT}: run make lab.")
    return {"all": [sum(map(_kilobytes, scripts))]}


def _kilobytes(path: Path) -> float:
    return len(gzip.compress(path.read_bytes())) / 1000
