"""Notebooks as people write them, and the scripts that they become, byte for byte.

``python -m tests.export.test_golden`` writes the scripts again; read what changed before you keep it.
"""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path

import pytest

from kitaru.export.export import Export, render_notebook
from kitaru.export.script import was_edited
from tests.export.notebooks import ENVIRONMENT, GOLDEN, write

NOTEBOOKS = sorted(GOLDEN.glob("*.nb"))


def exported(file: Path, folder: Path) -> Export:
    flows = ["first"] if file.stem == "only_one_flow" else None
    path = write(folder, file.read_text(encoding="utf-8"), f"{file.stem}.ipynb")
    if file.stem == "no_cell_ids":
        path.write_text(path.read_text().replace('"id"', '"no"'))
    return render_notebook(path, flows, output=folder, environment=ENVIRONMENT)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_becomes_its_script(file: Path, tmp_path: Path) -> None:
    made = exported(file, tmp_path)
    notes = "".join(f"# Note: {note}\n" for note in made.notes)
    assert made.text + notes == file.with_suffix(".py").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_every_exported_script_compiles_has_no_notebook_residue_and_is_the_same_each_time(
    file: Path, tmp_path: Path
) -> None:
    made = exported(file, tmp_path)
    compile(ast.parse(made.text), file.name, "exec")
    assert "get_ipython" not in made.text
    assert "display(" not in made.text
    assert was_edited(made.text) is False
    assert exported(file, tmp_path).text == made.text


def test_there_are_at_least_25_notebooks() -> None:
    assert len(NOTEBOOKS) >= 25


if __name__ == "__main__":
    for notebook in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as scratch:
            script = exported(notebook, Path(scratch))
        told = "".join(f"# Note: {note}\n" for note in script.notes)
        notebook.with_suffix(".py").write_text(script.text + told, encoding="utf-8")
