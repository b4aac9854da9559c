"""IPython's magics in code: IPython turns them into calls of ``get_ipython()``, and here these are recognised."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HARMLESS = frozenset({"matplotlib", "load_ext", "reload_ext", "autoreload", "pylab", "config", "precision", "xmode"})
_INSTALL = re.compile(r"(?:python3?\s+-m\s+)?(?:(?:uv\s+)?pip3?\s+install|uv\s+add)\s+(.*)", re.DOTALL)


def magic_calls(node: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Find the calls of magics inside of a piece of code.

    Parameters
    ----------
    node
        The code, after IPython's transformation.

    Yields
    ------
    tuple of str, str and int
        The call as people wrote it (``%cd data``, ``!ls``), the name of the magic (``""`` for a shell), its line.

    Examples
    --------
    >>> list(magic_calls(ast.parse("get_ipython().run_line_magic('cd', 'data')")))
    [('%cd data', 'cd', 1)]
    """
    for inner in ast.walk(node):
        found = _magic(inner)
        if found is not None:
            yield found


def is_setting_up(node: ast.stmt) -> bool:
    """Whether a statement only prepares the notebook: ``%matplotlib inline``, ``%load_ext``, ``%pip install``, help.

    Parameters
    ----------
    node
        A statement.

    Returns
    -------
    bool
        True if a flow does not need it.

    Examples
    --------
    >>> is_setting_up(ast.parse("get_ipython().run_line_magic('matplotlib', 'inline')").body[0])
    True
    """
    found = _magic(node.value) if isinstance(node, ast.Expr) else None
    if found is None:
        return False
    text, name, _ = found
    return name in _HARMLESS or name.startswith(("pinfo", "psource", "pdoc")) or installed_by(text) is not None


def installed_by(text: str) -> str | None:
    """What a line asks pip to install.

    Parameters
    ----------
    text
        A magic or a shell line, as `magic_calls` gives it.

    Returns
    -------
    str or None
        The arguments; None if it installs nothing.

    Examples
    --------
    >>> installed_by("%pip install -q pandas"), installed_by("!uv pip install rich"), installed_by("!ls")
    ('-q pandas', 'rich', None)
    """
    found = _INSTALL.fullmatch(text.lstrip("%!").strip())
    return None if found is None else found[1].strip()


def _magic(node: ast.AST) -> tuple[str, str, int] | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    shell = node.func.value
    if not (isinstance(shell, ast.Call) and isinstance(shell.func, ast.Name) and shell.func.id == "get_ipython"):
        return None
    texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if not texts:
        return None
    if node.func.attr == "run_line_magic":
        return f"%{' '.join(texts)}".strip(), texts[0], node.lineno
    if node.func.attr == "run_cell_magic":
        return f"%%{texts[0]}", texts[0], node.lineno
    return (f"!{texts[0]}", "", node.lineno) if node.func.attr in ("system", "getoutput") else None
