"""Which notebook this process works for."""

from __future__ import annotations

import os
import sys


def notebook_path() -> str | None:
    """Path of the notebook whose kernel this process is, or was started by.

    Returns
    -------
    str or None
        As VS Code tells it in the notebook's namespace, or the Jupyter server in the environment; None elsewhere. VS
        Code comes first: the server that it may use knows the notebook by another name then.

    Examples
    --------
    >>> import os
    >>> os.environ["JPY_SESSION_NAME"] = "work/analysis.ipynb"
    >>> notebook_path()
    'work/analysis.ipynb'
    >>> del os.environ["JPY_SESSION_NAME"]
    """
    return _of_vs_code() or os.environ.get("JPY_SESSION_NAME")


def is_in_vs_code() -> bool:
    """Whether VS Code shows the notebook of this process, whichever server runs the kernel."""
    return bool(os.environ.get("VSCODE_PID")) or _of_vs_code() is not None


def _of_vs_code() -> str | None:
    # Where IPython is not loaded, or only half, this is no kernel.
    running = getattr(sys.modules.get("IPython"), "get_ipython", None)
    names = getattr(running() if running is not None else None, "user_ns", {})
    told = names.get("__vsc_ipynb_file__")
    return told if isinstance(told, str) and told else None
