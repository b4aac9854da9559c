"""Real processes that are killed, stopped and starved; every test has a home and a service of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]

RESUME = """
import sys
from kitaru.errors import KitaruExecutionError, KitaruStateError
from kitaru.runtime.engine import engine
here = engine()
here.stays = False
try:
    handle = here.resume(sys.argv[1])
except KitaruStateError:
    sys.exit(0 if here.status(sys.argv[1]) in ("running", "waiting", "completed") else "it cannot be resumed")
handle.wait()
"""
"""Goes on with an execution, unless a worker of the service was faster."""


class Script:
    """A program that runs flows in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def line(self) -> str:
        """Read the next line that it prints."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline().decode().strip()
        assert text, f"it printed nothing more: {self.process.communicate(timeout=60)} {self.process.returncode}"
        return text

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)

    def end(self, status: int | None = 0, timeout: float = 90) -> tuple[str, str]:
        """Wait for its end; return what else it printed, and its errors."""
        out, err = self.process.communicate(timeout=timeout)
        output, errors = out.decode(), err.decode()
        assert status is None or self.process.returncode == status, (
            f"status {self.process.returncode}: {output}\n{errors}"
        )
        return output, errors


@pytest.fixture
def service_home(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that several processes share through its service."""
    monkeypatch.setenv("KITARU_STORE", "service")
    yield kitaru_home
    from kitaru.store.connect import close_store
    from kitaru.store.service.process import stop_service

    close_store()
    stop_service(kitaru_home)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Script]]:
    """Start a program: a text that is written to a file, or arguments of Python."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, text: str | None = None, name: str = "script.py", **environment: str) -> Script:
        command = [sys.executable, *arguments]
        if text is not None:
            if not (tmp_path / name).exists() or (tmp_path / name).read_text() != text:
                (tmp_path / name).write_text(text)
            command.insert(1, str(tmp_path / name))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment}
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            bufsize=0,  # `communicate` does not see what a buffer has read already
            env=environment,
            cwd=tmp_path,
        )
        started.append(process)
        return Script(process)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        with contextlib.suppress(ValueError):
            process.communicate(timeout=60)


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path / "marks")


class Marks:
    """Counts in files how often each step ran, whoever ran it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def __str__(self) -> str:
        return str(self.folder)

    def counts(self) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in self.folder.iterdir()}


@pytest.fixture
def execution() -> Callable[[str], dict[str, Any]]:
    """Read an execution."""

    def read(exec_id: str) -> dict[str, Any]:
        from kitaru.store.connect import open_store

        found: dict[str, Any] = open_store().read("execution", exec_id=exec_id)
        return found

    return read
