"""Runs the browser tests with what people install: the built wheel and JupyterLab in an environment of their own.

``python scripts/wheel_tests.py newest`` or ``oldest``, and options of pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "build" / "wheel-tests"
VERSIONS: Final = {
    "newest": ["jupyterlab"],
    "oldest": ["jupyterlab==4.4.*", "notebook==7.4.*"],
}
UV: Final = [sys.executable, "-m", "uv", "--quiet"]


def build() -> Path:
    """Build the wheel; the front end in it is the one that `make lab` built."""
    target = FOLDER / "wheel"
    for old in target.glob("*.whl"):
        old.unlink()
    run([*UV, "build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", str(target), "."])
    (wheel,) = target.glob("*.whl")
    return wheel


def install(wheel: Path, version: str) -> Path:
    """Make an environment of the wheel and the packages of a version; return its interpreter."""
    environment = FOLDER / version
    run([*UV, "venv", "--clear", "--python", sys.executable, str(environment)])
    python = environment / "bin" / "python"
    run([*UV, "pip", "install", "--python", str(python), str(wheel), *VERSIONS[version]])
    return python


def run(command: list[str], **settings: str) -> None:
    done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def main(version: str, *options: str) -> None:
    python = install(build(), version)
    tests = [sys.executable, "-m", "pytest", "tests/browser", "--ignore", "tests/browser/versions", *options]
    run(tests, KITARU_TESTS_PYTHON=str(python))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in VERSIONS:
        sys.exit(f"Which version? {' or '.join(VERSIONS)}")
    main(*sys.argv[1:])
