"""Starting processes that outlive whoever started them: a home's service, and runners of executions."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

GRACE: Final = 1.0
"""Seconds for which a new runner leaves the claim to a live kernel."""


def start_runner(
    exec_id: str, interpreter: str | None, cwd: str | None, environment: Mapping[str, str], *, umask: int = -1
) -> subprocess.Popen[bytes]:
    """Start a process that continues an execution, unless a live kernel claims it first.

    Parameters
    ----------
    exec_id
        The execution.
    interpreter, cwd
        What it was recorded with; a working directory that is gone is left out.
    environment
        Of the new process; it says which store the execution is in.
    umask
        Of the new process; -1 for that of this one.

    Returns
    -------
    subprocess.Popen
        The process. Wait for it, or it stays a zombie after its end.

    Raises
    ------
    OSError
        If the interpreter cannot be started.
    """
    folder = Path(cwd or "")
    return subprocess.Popen(
        [interpreter or sys.executable, "-m", "kitaru.runtime.resume", exec_id, "--grace", str(GRACE), "--log"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder if folder.is_dir() else None,
        env=with_package(environment),
        umask=umask,
        **detached(),
    )


def with_package(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which a new interpreter finds this package, however this one has found it.

    Examples
    --------
    >>> with_package({"LANG": "C.UTF-8"})["LANG"]
    'C.UTF-8'
    """
    root = str(Path(__file__).resolve().parents[3])
    if root in (*site.getsitepackages(), site.getusersitepackages()):
        return dict(environment)
    path = os.pathsep.join(filter(None, [environment.get("PYTHONPATH"), root]))
    return {**environment, "PYTHONPATH": path}


def detached() -> dict[str, Any]:
    """Return the arguments of `subprocess.Popen` for a process that stays when this one ends.

    Examples
    --------
    >>> sorted(detached()) in (["start_new_session"], ["creationflags"])
    True
    """
    if os.name == "nt":
        flags = "DETACHED_PROCESS", "CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW"
        return {"creationflags": sum(getattr(subprocess, flag, 0) for flag in flags)}
    return {"start_new_session": True}
