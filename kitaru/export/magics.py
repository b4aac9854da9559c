"""IPython's own syntax in a cell: turned into Python by IPython's transformer, and recognised as calls."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.inputtransformer2 import TransformerManager

FLOW = "kitaru_flow"
CHECKPOINT = "kitaru_checkpoint"
_WRAPPING = frozenset({"time", "capture", "prun", "memit"})
"""Cell magics that run the rest of the cell as Python."""
_TIMING = frozenset({"time", "prun", "memit"})
"""Line magics that run the rest of the line as Python."""
_CELL_MAGIC = re.compile(r"\s*%%(\w+)[ \t]*(.*)")
_BARE_PIP = re.compile(r"^(?=(?:pip3?|uv|conda|mamba)[ \t]+(?:pip[ \t]+)?install\b)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CellText:
    r"""The Python of a cell.

    Attributes
    ----------
    magic
        The cell magic on its first line, or None.
    line
        What follows the magic.
    python
        The Python text; None if the cell is in another language. Its line numbers are the cell's, but in a cell that
        is a flow or a checkpoint it begins after the magic.
    shift
        How many lines are above the magic.

    Examples
    --------
    >>> read_cell("%%kitaru_flow research\nx = 1").line
    'research'
    """

    magic: str | None
    line: str
    python: str | None
    shift: int = 0


def read_cell(source: str) -> CellText:
    r"""Turn the text of a cell into Python.

    Parameters
    ----------
    source
        The text as people wrote it.

    Returns
    -------
    CellText
        Its Python; ``%time``, ``!ls`` and the like are calls of ``get_ipython()``.

    Examples
    --------
    >>> read_cell("\n!ls").python
    "\nget_ipython().system('ls')\n"
    >>> read_cell("%%bash\nls").python is None
    True
    """
    shift = source[: len(source) - len(source.lstrip())].count("\n")
    head, _, rest = source.lstrip().partition("\n")
    magic = _CELL_MAGIC.fullmatch(head)
    if magic is None:
        return CellText(None, "", _timed(_transformed(source)))
    name, line = magic[1], magic[2].strip()
    if name in (FLOW, CHECKPOINT):
        return CellText(name, line, _transformed(rest), shift)
    if name not in _WRAPPING:
        return CellText(name, line, None)
    return CellText(name, line, "\n" * (1 + shift) + _timed(_transformed(rest)))


def _transformed(source: str) -> str:
    if _is_python(source, await_is_allowed=True):
        return source  # importing IPython takes longer than the rest of an export
    marked = _BARE_PIP.sub("%", source)
    # IPython drops the blank lines at the top, and every line number would be off.
    above = len(marked) - len(marked.lstrip("\n")) if marked.strip() else 0
    text = _transformer().transform_cell(marked)
    return "\n" * above + str(text)


@cache
def _transformer() -> TransformerManager:
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager()


def _timed(python: str) -> str:
    """Put the statement behind ``%time`` where it would be without it; the transformer gives one line for one."""
    if "run_line_magic(" not in python:
        return python
    lines = python.split("\n")
    for index, line in enumerate(lines):
        found = re.fullmatch(r"(\s*)get_ipython\(\)\.run_line_magic\('(\w+)', (.*)\)", line)
        if found is None or found[2] not in _TIMING:
            continue
        statement: Any = _literal(found[3])
        if isinstance(statement, str) and _is_python(statement):
            lines[index] = found[1] + statement
    return "\n".join(lines)


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _is_python(text: str, *, await_is_allowed: bool = False) -> bool:
    flags = ast.PyCF_ONLY_AST | (ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if await_is_allowed else 0)
    try:
        compile(text, "<cell>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def split_arguments(text: str) -> list[str]:
    """Split what follows ``pip install`` into words, as a shell does.

    Parameters
    ----------
    text
        The arguments.

    Returns
    -------
    list of str
        The words; a text whose quotes do not match is split at its spaces.

    Examples
    --------
    >>> split_arguments("-q 'pandas>=2' rich")
    ['-q', 'pandas>=2', 'rich']
    """
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()
