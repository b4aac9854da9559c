"""Starting processes that outlive whoever started them: a home's service, workers, and what does their jobs."""

from __future__ import annotations

import os
import site
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


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
