"""What a cell that is one checkpoint means: a function of the variables it reads, which returns those it sets."""

from __future__ import annotations

import ast
from dataclasses import replace

from kitaru.code.canonical import parse
from kitaru.code.cells import free_names
from kitaru.code.flow_cell import FlowCell, flow_cell
from kitaru.errors import KitaruUsageError

_MAGIC = "%%kitaru_checkpoint"
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def checkpoint_cell(name: str, body: str) -> FlowCell:
    r"""Analyse a cell that is a checkpoint.

    Parameters
    ----------
    name
        Name of the checkpoint.
    body
        The cell as Python, without the line of the magic.

    Returns
    -------
    FlowCell
        Its function gives a dict of the variables that the cell sets.

    Raises
    ------
    KitaruUsageError
        If the cell sets no variable, or cannot be a function.
    SyntaxError
        If it is not Python.

    Examples
    --------
    >>> cell = checkpoint_cell("clean", "kept = [row for row in rows if row]")
    >>> print(cell.script_text(["rows"]))
    def clean(*, rows=rows):
        kept = [row for row in rows if row]
        return dict(kept=kept)
    """
    body = body.rstrip()
    # What cannot be a function at all is told first, at its line.
    flow_cell(name, f"{body}\ndict()\n", magic=_MAGIC)
    names = ", ".join(f"{output}={output}" for output in outputs_of(name, body))
    cell = flow_cell(name, f"{body}\ndict({names})\n", magic=_MAGIC)
    # Tracebacks show what was written, which that last line was not.
    return replace(cell, source=f"\n{body}\n")


def outputs_of(name: str, body: str) -> tuple[str, ...]:
    """Name the variables that a cell sets, and that are to be recorded.

    Parameters
    ----------
    name
        Name of the checkpoint.
    body
        The cell as Python.

    Returns
    -------
    tuple of str
        Without those that begin with an underscore, and without imports, classes and functions.

    Raises
    ------
    KitaruUsageError
        If there is none.

    Examples
    --------
    >>> outputs_of("clean", "import re; kept = re.findall('a', text)")
    ('kept',)
    """
    statements = [node for node in parse(body).body if not isinstance(node, _DEFINITIONS)]
    written = free_names(ast.Module(body=statements, type_ignores=[])).writes
    outputs = tuple(output for output in written if not output.startswith("_"))
    if not outputs:
        raise KitaruUsageError(
            f"%%kitaru_checkpoint {name}: the cell sets no variable, so there is nothing to record. "
            "Assign its result to one."
        )
    return outputs
