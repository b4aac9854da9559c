"""Who takes part, and the environments that they run in."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENVIRONMENTS: Final = Path(__file__).parents[1] / ".envs"
PROGRAMS: Final = Path(__file__).parent / "programs"


@dataclass(frozen=True, slots=True)
class Contender:
    """A library: what to call it, its program, and what to install for it (nothing: it is here already)."""

    label: str
    program: str
    packages: tuple[str, ...] = ()
    embedded: bool = False

    @property
    def folder(self) -> Path:
        """Where its environment is."""
        return ENVIRONMENTS / self.program


CONTENDERS: Final = (
    Contender("Kitaru, local service", "kitaru"),
    Contender("Kitaru, embedded", "kitaru", embedded=True),
    Contender("DBOS, SQLite", "dbos", ("dbos",)),
    Contender("LangGraph, SqliteSaver", "langgraph", ("langgraph", "langgraph-checkpoint-sqlite")),
    Contender("joblib.Memory", "joblib", ("joblib",)),
)


class NotInstalledError(Exception):
    """A library could not be installed; the text says why in one line."""


def interpreter(contender: Contender) -> Path:
    """Return the contender's interpreter; make its environment on first use.

    Raises
    ------
    NotInstalledError
        If its packages cannot be installed.
    """
    if not contender.packages:
        return Path(sys.executable)
    python = contender.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete = contender.folder / "installed"
    if not complete.exists():
        venv.create(contender.folder, with_pip=True, clear=True)
        install(python, contender.packages)
        complete.touch()
    return python


def install(python: Path, packages: tuple[str, ...]) -> None:
    """Install packages from the index that pip is set up for.

    Raises
    ------
    NotInstalledError
        If pip fails; the text is its last line.
    """
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotInstalledError(lines[-1] if lines else f"pip ended with {done.returncode}")


def versions(contender: Contender, python: Path) -> str:
    """Return the versions of what was installed, for people."""
    names = contender.packages or ("kitaru-jupyter",)
    program = (
        "import json, sys; from importlib.metadata import version; "
        "print(json.dumps([version(name) for name in sys.argv[1:]]))"
    )
    printed = subprocess.run([str(python), "-c", program, *names], capture_output=True, check=True).stdout
    found: list[str] = json.loads(printed)
    return ", ".join(found)
