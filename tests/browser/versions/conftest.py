"""The oldest JupyterLab and Notebook that are supported, laid over the environment of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.browser.jupyter import ROOT, Server, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = ("jupyterlab==4.4.*", "notebook==7.4.*")
FOLDER = ROOT / "build" / "jupyters" / f"oldest-py{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with them; everything else is taken from the environment."""
    if not (FOLDER / "complete").exists():
        command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER)]
        done = subprocess.run([*command, *OLDEST], capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode == 0, done.stderr
        (FOLDER / "complete").touch()
    share = FOLDER / "share" / "jupyter"
    settings = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")])),
        "JUPYTERLAB_DIR": str(share / "lab"),
        "JUPYTER_PATH": str(share),
    }
    with running_server(tmp_path_factory.mktemp("oldest"), settings=settings) as server:
        yield server
