"""A notebook as it is saved: its cells, read without running anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitaru.errors import KitaruExportError, KitaruNotFoundError
from kitaru.export.problems import Kind

SKIP = "kitaru:skip"
KEEP = "kitaru:export"


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell.

    Attributes
    ----------
    number
        Its place among all cells of the notebook; the first is 1.
    id
        Its id in the file; notebooks before format 4.5 have none.
    source
        Its text.
    tags
        Its tags; ``kitaru:skip`` leaves it out, ``kitaru:export`` takes all of it along.

    Examples
    --------
    >>> Cell(3, "a1b2", "x = 1", frozenset()).label
    'cell 3 (a1b2)'
    """

    number: int
    id: str | None
    source: str
    tags: frozenset[str]

    @property
    def label(self) -> str:
        """What people are told."""
        return f"cell {self.number} ({self.id})" if self.id else f"cell {self.number}"


@dataclass(frozen=True, slots=True)
class Notebook:
    """The code cells of a notebook.

    Attributes
    ----------
    name
        Name of its file.
    folder
        Where it is; None if it came from elsewhere than a file.
    cells
        Its code cells, in order; those that are tagged ``kitaru:skip`` are left out.

    Examples
    --------
    >>> from_json({"cells": []}, "a.ipynb").cells
    ()
    """

    name: str
    folder: Path | None
    cells: tuple[Cell, ...]


def read_notebook(path: str | Path) -> Notebook:
    """Read the code cells of a file.

    Parameters
    ----------
    path
        The notebook.

    Returns
    -------
    Notebook
        Its code cells.

    Raises
    ------
    KitaruNotFoundError
        If there is no such file.
    KitaruExportError
        If the file is no notebook, or its language is not Python.

    Examples
    --------
    >>> import json
    >>> _ = Path("a.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1"]}]}))
    >>> read_notebook("a.ipynb").cells[0].source
    'x = 1'
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise KitaruNotFoundError(f"There is no file {file}. Give the path of a notebook.") from None
    except IsADirectoryError:
        raise KitaruNotFoundError(f"{file} is a folder. Give the path of a notebook.") from None
    except UnicodeDecodeError:
        raise _no_notebook(file.name, "it is not UTF-8 text") from None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_notebook(file.name, f"broken JSON, {error}") from None
    return from_json(content, file.name, file.resolve().parent)


def from_json(content: Any, name: str, folder: Path | None = None) -> Notebook:
    """Take the code cells from a notebook's JSON.

    Parameters
    ----------
    content
        The parsed JSON, or an `nbformat.NotebookNode`.
    name
        Name of the file.
    folder
        Where it is.

    Returns
    -------
    Notebook
        Its code cells.

    Raises
    ------
    KitaruExportError
        If it is no notebook, or its language is not Python.

    Examples
    --------
    >>> from_json({"cells": [{"cell_type": "code", "source": "x", "id": "a"}]}, "a.ipynb").cells[0].id
    'a'
    """
    if not isinstance(content, dict):
        raise _no_notebook(name, "it has no cells")
    cells = content.get("cells")
    if cells is None and isinstance(content.get("worksheets"), list):
        raise _no_notebook(name, "its format is older than 4")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise _no_notebook(name, "it has no cells")
    _check_language(content.get("metadata"), name)
    found = [_cell(cell, number, name) for number, cell in enumerate(cells, 1) if cell.get("cell_type") == "code"]
    return Notebook(name, folder, tuple(cell for cell in found if SKIP not in cell.tags))


def _cell(cell: dict[str, Any], number: int, name: str) -> Cell:
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise _no_notebook(name, f"cell {number} has no text")
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    label = cell.get("id")
    return Cell(
        number,
        label if isinstance(label, str) and label else None,
        source,
        frozenset(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else frozenset(),
    )


def _check_language(metadata: Any, name: str) -> None:
    if not isinstance(metadata, dict):
        return
    info, kernel = metadata.get("language_info"), metadata.get("kernelspec")
    language = (info.get("name") if isinstance(info, dict) else None) or (
        kernel.get("language") if isinstance(kernel, dict) else None
    )
    if isinstance(language, str) and language.lower() not in ("python", "ipython", "python3"):
        raise KitaruExportError(Kind.LANGUAGE.format(file=name, language=language))


def _no_notebook(name: str, message: str) -> KitaruExportError:
    return KitaruExportError(Kind.JSON.format(file=name, message=message))
