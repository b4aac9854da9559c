"""The export of a notebook's flows to a script."""

from __future__ import annotations

import difflib
import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kitaru.errors import KitaruExportError, KitaruNotFoundError
from kitaru.export.dependencies import Dependencies, Pins, find_dependencies
from kitaru.export.environment import Environment, running_environment
from kitaru.export.files import check_overwriting, write_whole
from kitaru.export.notebook import Notebook, read_notebook
from kitaru.export.problems import Kind, refuse
from kitaru.export.program import Program, add_flow_of_checkpoint, read_program, syntax_problems
from kitaru.export.script import Script
from kitaru.export.secrets import secret_problems
from kitaru.export.slice import Slice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Export:
    """A script that was made from a notebook.

    Attributes
    ----------
    path
        Where it is, or would be.
    text
        Its source.
    flows
        The flows that it runs.
    notes
        Sentences about what was left out.
    dependencies
        What it needs.

    Examples
    --------
    >>> Export(Path("a.py"), "", ("research",), (), Dependencies()).flows
    ('research',)
    """

    path: Path
    text: str
    flows: tuple[str, ...]
    notes: tuple[str, ...]
    dependencies: Dependencies

    def difference(self) -> str:
        """Compare with the file that is there.

        Returns
        -------
        str
            A unified diff from the file to what an export writes now; empty if they are equal.
        """
        there = self.path.read_text(encoding="utf-8") if self.path.is_file() else ""
        lines = difflib.unified_diff(
            there.splitlines(keepends=True),
            self.text.splitlines(keepends=True),
            str(self.path) if there else "/dev/null",
            f"{self.path} (exported now)",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def export_notebook(
    path: str | Path,
    flows: Sequence[str] | None = None,
    *,
    output: str | Path | None = None,
    force: bool = False,
    pins: Pins = "exact",
) -> Export:
    r"""Write the flows of a saved notebook as a script; nothing of the notebook is run or imported.

    Parameters
    ----------
    path
        The notebook.
    flows
        Names of the flows; all of them if not given.
    output
        A folder, or the file itself if it ends in ``.py``; the notebook's folder if not given.
    force
        Whether a file is overwritten although somebody changed it.
    pins
        ``"exact"``: the versions that are installed here, with which the notebook's recorded work is found again.
        ``"compatible"``: these or later ones of the same series. ``"none"``: any.

    Returns
    -------
    Export
        Where it is, and what was left out.

    Raises
    ------
    KitaruExportError
        If something keeps the notebook from becoming a script; every problem is named with cell, line and remedy.
    KitaruNotFoundError
        If there is no such notebook, or no such flow in it.
    KitaruStateError
        If the file that is there was changed by hand, and `force` is not given.

    Examples
    --------
    >>> import json
    >>> source = "from kitaru import flow\n@flow\ndef greet(name: str) -> str:\n    return f'Hello, {name}!'"
    >>> cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source}
    >>> _ = Path("hello.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}))
    >>> export_notebook("hello.ipynb").path.name
    'hello.py'
    """
    made = render_notebook(path, flows, output=output, pins=pins)
    if not force:
        check_overwriting(made.path)
    write_whole(made.path, made.text, executable=True)
    return made


def render_notebook(
    path: str | Path,
    flows: Sequence[str] | None = None,
    *,
    output: str | Path | None = None,
    pins: Pins = "exact",
    environment: Environment | None = None,
    takes_modules: bool = False,
) -> Export:
    """Make a script without writing it.

    Parameters
    ----------
    path, flows, output, pins
        As for `export_notebook`.
    environment
        What is installed where the script is to run; this process's environment if not given.
    takes_modules
        Whether modules beside the notebook go along with the script.

    Returns
    -------
    Export
        The script's text.

    Raises
    ------
    KitaruExportError
        If something keeps the notebook from becoming a script.
    KitaruNotFoundError
        If there is no such notebook, or no such flow in it.
    """
    notebook = read_notebook(path)
    target = _target(Path(path), flows, output)
    folder = None if takes_modules else target.parent
    return render(notebook, flows, target, folder, environment or running_environment(), pins)


def render(
    notebook: Notebook,
    flows: Sequence[str] | None,
    target: Path,
    folder: Path | None,
    environment: Environment,
    pins: Pins = "exact",
) -> Export:
    """Make a script from a notebook that was read.

    Parameters
    ----------
    notebook
        The notebook.
    flows
        Names of the flows; None for all.
    target
        Where the script is to be.
    folder
        Where the script finds modules beside it; None if they go along.
    environment
        What is installed.
    pins
        How versions are asked for.

    Returns
    -------
    Export
        The script's text.

    Raises
    ------
    KitaruExportError
        If something keeps the notebook from becoming a script.
    """
    program = read_program(notebook)
    chosen = _chosen(program, notebook, flows)
    part = Slice(program, chosen)
    dependencies = find_dependencies(
        part.statements, program.installs, environment, folder=notebook.folder, target=folder, pins=pins
    )
    script = Script(program, part, chosen, notebook.name)
    text = script.text(dependencies, environment)
    problems = [*part.problems, *dependencies.problems, *secret_problems(part.statements)]
    refuse(notebook.name, problems)
    _compiles(text, notebook)
    notes = tuple(dict.fromkeys(str(found) for found in problems if found.is_note))
    return Export(target, text, tuple(chosen), notes, dependencies)


def _chosen(program: Program, notebook: Notebook, flows: Sequence[str] | None) -> list[str]:
    asked = list(flows) if flows else [] if program.flows else program.checkpoint_cells
    flows = [add_flow_of_checkpoint(program, name) if name in program.checkpoint_cells else name for name in asked]
    if not flows:
        if not program.flows:
            refuse(notebook.name, [*program.problems, *syntax_problems(program)])
            raise KitaruExportError(Kind.NO_FLOW.format(file=notebook.name))
        return _in_order(program, program.flows)
    for name in flows:
        if name not in program.flows:
            refuse(notebook.name, [*program.problems, *syntax_problems(program)])
            known = ", ".join(program.flows) or "none"
            raise KitaruNotFoundError(Kind.NO_SUCH_FLOW.format(file=notebook.name, name=name, flows=known))
    return _in_order(program, flows)


def _in_order(program: Program, flows: Iterable[str]) -> list[str]:
    return sorted(set(flows), key=lambda name: program.statements.index(program.flows[name]))


def _target(notebook: Path, flows: Sequence[str] | None, output: str | Path | None) -> Path:
    given = notebook.parent if output is None else Path(output)
    if given.suffix == ".py":
        return given
    name = flows[0] if flows and len(set(flows)) == 1 else notebook.stem
    return given / f"{module_name(name)}.py"


def module_name(name: str) -> str:
    """Make a name that a script can be imported by.

    Examples
    --------
    >>> module_name("01 my-notebook")
    'notebook_01_my_notebook'
    """
    safe = re.sub(r"\W+", "_", name).strip("_") or "notebook"
    return f"notebook_{safe}" if safe[0].isdigit() or keyword.iskeyword(safe) else safe


def _compiles(text: str, notebook: Notebook) -> None:
    """Hold on to the promise that what is written is Python."""
    try:
        compile(text, notebook.name, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = text.splitlines()[(error.lineno or 1) - 1].strip()
        message = f"The script would not be Python: {error.msg}, in the line {line!r}"
        raise KitaruExportError(f"{notebook.name}: {message}. Please report it with the notebook.") from error
