from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]


def cells() -> list[Any]:
    notebook = nbformat.read(ROOT / "notebooks" / "start.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture
def ran(run: Any, shell: Any) -> dict[str, Any]:
    """The notebook's cells, run one after the other; what each of them gave, by its text."""
    return {cell.source: run(cell.source) for cell in cells()}


def test_the_notebook_is_kept_without_outputs() -> None:
    assert [cell.source for cell in cells() if cell.outputs or cell.execution_count] == []


@pytest.mark.slow
def test_the_first_notebook_leads_from_a_cell_to_an_answered_replayed_and_queried_flow(
    ran: dict[str, Any], shell: Any
) -> None:
    assert shell.user_ns["text"] == "PUBLISHED: Tea is old. Tea is loved. Tea is cheap."
    assert shell.user_ns["replayed"].result() == "PUBLISHED: Tea comes from China."
    assert shell.user_ns["replayed"].original_exec_id == shell.user_ns["first"].exec_id
    frame = list(ran.values())[-1]
    assert frame["is_replay"].tolist() == [False, True]
