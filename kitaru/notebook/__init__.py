"""Kitaru in a notebook: magics, live views, answers in place.

`register` puts the magics into an IPython shell and loads nothing: each magic imports what it needs
when it is used. ``%load_ext kitaru`` also says where executions are recorded and which ones wait.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def register_if_running() -> None:
    """Register the magics in the IPython shell that runs in this process, if one does."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    if shell is not None:
        register(shell)


def register(shell: InteractiveShell) -> None:
    """Register the magics, their completion, and how values and errors show themselves; a second time does nothing.

    Parameters
    ----------
    shell
        The shell of the notebook.
    """
    from kitaru.notebook.magics import CELL, LINE

    known = shell.magics_manager.magics
    add: Any = shell.register_magic_function  # typed as a method of the shell that it is not
    for kind, functions in (("cell", CELL), ("line", LINE)):
        for name, function in functions.items():
            if known[kind].get(name) is not function:
                add(function, kind, name)
    from kitaru.notebook.errors import show_errors
    from kitaru.notebook.reprs import show_values

    show_values(shell)
    show_errors(shell)
    matchers = getattr(shell.Completer, "custom_matchers", None)
    if matchers is not None:
        from kitaru.notebook.completion import kitaru_matcher

        if kitaru_matcher not in matchers:
            matchers.append(kitaru_matcher)


def load(shell: InteractiveShell) -> None:
    """Register the magics; say where executions are recorded, and which ones can go on.

    Parameters
    ----------
    shell
        The shell that loads the extension.
    """
    from kitaru.notebook.greeting import greet

    register(shell)
    greet(shell)
