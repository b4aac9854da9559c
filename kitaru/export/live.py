"""The export of a flow from the notebook that defines it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitaru.code.canonical import normalised
from kitaru.code.notebook import notebook_path
from kitaru.code.source import source_of
from kitaru.errors import KitaruStateError, KitaruUsageError
from kitaru.export.export import Export, export_notebook, render_notebook

if TYPE_CHECKING:
    from kitaru.runtime.flow import Flow


def export_flow(
    flow: Flow[..., Any], output: str | Path | None = None, *, notebook: str | Path | None = None, force: bool = False
) -> Path:
    """Write a flow of the running notebook as a script; what counts is the notebook as it is saved.

    Parameters
    ----------
    flow
        The flow.
    output
        A folder or a ``.py`` file; the notebook's folder if not given.
    notebook
        The notebook; found by itself in JupyterLab, Jupyter Notebook and VS Code.
    force
        Whether a file is overwritten although somebody changed it.

    Returns
    -------
    pathlib.Path
        The script.

    Raises
    ------
    KitaruUsageError
        If the notebook cannot be found.
    KitaruStateError
        If the saved notebook defines the flow otherwise than this process.
    KitaruExportError
        If something keeps the notebook from becoming a script.
    """
    path = Path(notebook) if notebook is not None else notebook_of(flow)
    name = variable_of(flow)
    check_saved(flow, render_notebook(path, [name], output=output))
    return export_notebook(path, [name], output=output, force=force).path


def variable_of(flow: Flow[..., Any]) -> str:
    """Name of the variable that a flow is bound to where it is defined.

    Parameters
    ----------
    flow
        The flow.

    Returns
    -------
    str
        The name of its function, if no variable is found.
    """
    known: dict[str, object] = flow.function.__globals__
    name = str(flow.function.__name__)
    if known.get(name) is flow:
        return name
    return next((found for found, value in list(known.items()) if value is flow), name)


def notebook_of(flow: Flow[..., Any]) -> Path:
    """Find the notebook that runs in this process.

    Parameters
    ----------
    flow
        A flow that it defines.

    Returns
    -------
    pathlib.Path
        Its file.

    Raises
    ------
    KitaruUsageError
        If the flow is defined in a module, or nothing tells the notebook's name.
    """
    file = flow.function.__code__.co_filename
    if Path(file).suffix == ".py" and Path(file).is_file():
        raise KitaruUsageError(
            f"Flow {flow.name} is defined in {file}, which is a script already: python {file} runs it."
        )
    found = notebook_path()
    if found and Path(found).suffix == ".ipynb" and Path(found).is_file():
        return Path(found)
    raise KitaruUsageError(
        f"Nothing tells which notebook this is. Give its path: {flow.name}.export(notebook='work.ipynb')"
    )


def check_saved(flow: Flow[..., Any], made: Export) -> None:
    """Refuse a script that defines a flow otherwise than this process does.

    Parameters
    ----------
    flow
        The flow of this process.
    made
        What an export of the saved notebook writes.

    Raises
    ------
    KitaruStateError
        If the notebook was not saved, or the cell not run, since the flow was changed.
    """
    live = source_of(flow.function)
    if live is None:
        return
    name = flow.function.__name__
    for node in ast.walk(ast.parse(made.text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            if normalised(node) == normalised(ast.parse(live).body[0]):
                return
            raise KitaruStateError(
                f"The saved notebook defines {name} otherwise than this kernel. Save the notebook, or run the cell "
                "that defines it again; then try again."
            )
