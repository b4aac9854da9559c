"""Where a measurement takes place: a folder, homes in it, and processes that see nothing else."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
BUILD: Final = ROOT / "build" / "benchmarks"
PROGRAMS: Final = Path(__file__).parent / "programs"

Samples = dict[str, list[float]]


@dataclass(slots=True)
class Scene:
    """What a measurement is given.

    `folder` is its own; with `quick`, it measures less. `serial` never gives the same number twice, so that no
    result is taken from the cache by chance.
    """

    folder: Path
    quick: bool
    serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def pick(self, full: int, quick: int) -> int:
        """Return how much to do."""
        return quick if self.quick else full

    def new_home(self) -> Path:
        """Return a home that does not exist yet."""
        return self.folder / f"home-{next(self.serial)}"

    def start(
        self,
        program: str,
        *arguments: object,
        home: Path,
        embedded: bool = False,
        stdin: int | None = None,
        stderr: int | None = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start one of the programs with a home; its output can be read line by line."""
        command = [sys.executable, str(PROGRAMS / program), *map(str, arguments)]
        environment = clean_environment(home, embedded=embedded)
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr
        )

    def run(self, program: str, *arguments: object, home: Path, embedded: bool = False) -> bytes:
        """Run one of the programs to its end and return what it printed."""
        process = self.start(program, *arguments, home=home, embedded=embedded, stderr=subprocess.PIPE)
        printed, errors = process.communicate(timeout=300)
        if process.returncode:
            raise RuntimeError(f"{program} ended with {process.returncode}:\n{errors.decode(errors='replace')}")
        return printed


def clean_environment(home: Path, *, embedded: bool = False) -> dict[str, str]:
    """Return an environment in which nothing of this user's Kitaru is seen, and compiled modules are kept."""
    hidden = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITARU_") and name not in hidden}
    user = home.parent / "user"
    return kept | {
        "KITARU_HOME": str(home),
        "KITARU_CONFIG_PATH": str(user / "config"),
        "KITARU_STORE": "embedded" if embedded else "service",
        "PYTHONPYCACHEPREFIX": str(BUILD / "pycache"),
        "XDG_CONFIG_HOME": str(user),
        "XDG_DATA_HOME": str(user),
        "XDG_STATE_HOME": str(user),
    }


def stop_services(folder: Path) -> None:
    """Stop the services of all homes in a folder."""
    from kitaru.store.service.process import stop_service

    for record in sorted(folder.rglob("service.json")):
        stop_service(record.parent)
