"""Environments for jobs whose locked requirements are not what an interpreter has: built by uv, and kept."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from kitaru.errors import KitaruError, KitaruFeatureNotAvailableError, KitaruRuntimeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FOLDER: Final = "environments"
"""Where in the home they are, one folder for each set of requirements; it may be deleted, and is built again."""

_OWN: Final = "kitaru-jupyter"
_LOCKED: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*==\s*([^\s;]+)")
_ASK: Final = (
    "import json; from importlib import metadata; "
    "print(json.dumps({d.metadata['Name']: d.version for d in metadata.distributions()}))"
)
_LINES: Final = 5
_BUILDING_SECONDS: Final = 1800.0
_KEPT_SECONDS: Final = 60.0
_FAILED_SECONDS: Final = 2.0


class Interpreters:
    """Finds the interpreters of jobs, in the background as to build one takes a while; remembers them for a time.

    Parameters
    ----------
    home
        Where environments are kept.
    on_change
        Called when one was found, or cannot be had.
    """

    def __init__(self, home: Path, on_change: Callable[[], None]) -> None:
        self._home = home
        self._on_change = on_change
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], _Found] = {}

    def of(self, base: str, requirements: str | None) -> str | None:
        """Return the interpreter for a job; None while it is looked for or built.

        Raises
        ------
        KitaruError
            If it cannot be had.
        """
        if not requirements:
            return base
        with self._lock:
            found = self._found.get((base, requirements))
            if found is None or found.is_old():
                found = self._found[base, requirements] = _Found(found.python if found else None)
                arguments = (found, base, requirements)
                threading.Thread(target=self._find, args=arguments, name="kitaru-environment", daemon=True).start()
        if found.error is not None:
            raise found.error
        return found.python

    def _find(self, found: _Found, base: str, requirements: str) -> None:
        try:
            found.python = interpreter_for(base, requirements.splitlines(), self._home)
        except KitaruError as error:
            found.error = error
        except OSError as error:
            found.error = KitaruRuntimeError(f"The environment of a job cannot be built in {self._home}: {error}.")
        found.at = time.monotonic()
        self._on_change()


@dataclass(slots=True)
class _Found:
    python: str | None = None
    error: KitaruError | None = None
    at: float = float("inf")

    def is_old(self) -> bool:
        return time.monotonic() - self.at > (_FAILED_SECONDS if self.error else _KEPT_SECONDS)


def interpreter_for(base: str, requirements: Sequence[str], home: Path) -> str:
    """Return an interpreter that has what a job needs: `base`, or one of an environment that is built for it.

    Parameters
    ----------
    base
        The interpreter that is taken if it has them, and whose version of Python the new environment has.
    requirements
        Locked: ``name==version``. Kitaru itself is left out: processes have the worker's own.
    home
        Where the environment is kept.

    Raises
    ------
    KitaruFeatureNotAvailableError
        If an environment is needed, and uv is not installed.
    KitaruRuntimeError
        If it cannot be built.

    Examples
    --------
    >>> import sys
    >>> interpreter_for(sys.executable, ["orjson"], Path("/nowhere")) == sys.executable
    True
    """
    wanted = [text.strip() for text in requirements if text.strip() and _name(text) != _OWN]
    missing = differences(installed(base, [_name(text) for text in wanted]), wanted)
    if not missing:
        return base
    digest = hashlib.sha256("\n".join([base, *sorted(wanted)]).encode()).hexdigest()[:16]
    folder = home / FOLDER / digest
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if not ready.exists():
        _build(base, wanted, folder, python, missing)
    return str(python)


def differences(found: Mapping[str, str], wanted: Sequence[str]) -> list[str]:
    """Say which locked requirements an environment does not have.

    Examples
    --------
    >>> differences({"pandas": "2.2.0"}, ["pandas==2.3.0", "six==1.0"])
    ['pandas==2.3.0 (it has 2.2.0)', 'six==1.0 (it has none)']
    """
    told = []
    for text in wanted:
        locked = _LOCKED.match(text)
        version = found.get(_name(text))
        if locked is None and version is None:
            told.append(f"{text} (it has none)")
        elif locked is not None and version != locked[2]:
            told.append(f"{text} (it has {version or 'none'})")
    return told


def installed(interpreter: str, names: Sequence[str]) -> dict[str, str]:
    """Return the versions of distributions, by their normalised names, as far as an interpreter has them.

    Raises
    ------
    KitaruRuntimeError
        If the interpreter cannot be asked.
    """
    if interpreter == sys.executable:
        return {name: version for name in names if (version := _version(name)) is not None}
    try:
        told = subprocess.run([interpreter, "-c", _ASK], capture_output=True, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise KitaruRuntimeError(
            f"{interpreter} does not say what is installed in it: {error}. Deploy again with a Python that works."
        ) from error
    return {_name(name): version for name, version in orjson.loads(told.stdout).items() if name}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _build(base: str, wanted: Sequence[str], folder: Path, python: Path, missing: Sequence[str]) -> None:
    from filelock import FileLock

    uv = _find_uv()
    if uv is None:
        raise KitaruFeatureNotAvailableError(
            f"{base} does not have what the version was deployed with: {', '.join(missing[:_LINES])}. An environment "
            "for it is built by uv, which is not installed: pip install uv. Or install these there, or deploy again."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Whoever comes second waits, and finds it built; what was left half-built is built anew.
    with FileLock(folder.with_suffix(".lock"), timeout=_BUILDING_SECONDS, mode=0o600):
        if (folder / "ready").exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        _run([uv, "venv", "--quiet", "--python", base, str(folder)])
        _run([uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python), *wanted])
        (folder / "ready").write_text("\n".join(wanted), encoding="utf-8")


def _find_uv() -> str | None:
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    return str(beside) if beside.is_file() else shutil.which("uv")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-_LINES:])
        raise KitaruRuntimeError(
            f"The environment that the version was deployed with cannot be built: {said}. The command was: "
            f"{' '.join(command[:8])} …"
        )


def _name(text: str) -> str:
    name = re.split(r"[\s\[<>=!~;@(]", text.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()
