from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.notebook.kernels import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
# What differs from the environment of the tests; the newest kernel is the one in it.
VERSIONS = {"newest": [], "7.3": ["ipykernel==7.3.*"], "6.31": ["ipykernel==6.31.*", "nest-asyncio>=1.6"]}


def overlay(version: str) -> Path | None:
    """Install an older kernel into a folder of its own, once; everything else is taken from this environment."""
    wanted = VERSIONS[version]
    folder = ROOT / "build" / "kernels" / f"{version}-py{sys.version_info.major}.{sys.version_info.minor}"
    if wanted and not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent))
        command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(made)]
        done = subprocess.run([*command, *wanted], capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        try:
            made.rename(folder)  # whole or not at all: several processes may run these tests at once
        except OSError:
            shutil.rmtree(made)  # another one was faster
    return folder if wanted else None


@pytest.fixture(scope="package", params=list(VERSIONS))
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="package")
def project(version: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home of its own; the kernels and terminals of a version share it."""
    return tmp_path_factory.mktemp(f"project-{version}")


@pytest.fixture(scope="package")
def environment(version: str, project: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITARU_")}
    kept |= {"KITARU_HOME": str(project / "home"), "KITARU_SERVICE_IDLE": "60", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    kept |= {"IPYTHONDIR": str(project / "ipython"), "JUPYTER_CONFIG_DIR": str(project / "config")}
    folder = overlay(version)
    if folder is not None:
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), kept.get("PYTHONPATH")]))
    return kept


@pytest.fixture(scope="package")
def notebook(environment: dict[str, str], project: Path) -> Iterator[Callable[[str], Kernel]]:
    """Open a notebook by name; each has one kernel."""
    kernels: dict[str, Kernel] = {}

    def open_notebook(name: str) -> Kernel:
        if name not in kernels:
            kernels[name] = Kernel({**environment, "JPY_SESSION_NAME": str(project / name)}, project)
            kernels[name].run("import kitaru")
        return kernels[name]

    yield open_notebook
    for kernel in kernels.values():
        kernel.close()


@pytest.fixture
def kernel(notebook: Callable[[str], Kernel]) -> Kernel:
    return notebook("analysis.ipynb")


@pytest.fixture
def terminal(environment: dict[str, str], project: Path) -> Any:
    """Run a command of the command line in another process; return what it prints."""

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "kitaru", *words],
            env=environment, cwd=project, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
