from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebook.kernels import Kernel

ROOT = Path(__file__).parents[2]


def cells() -> list[Any]:
    notebook = nbformat.read(ROOT / "notebooks" / "start.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def cell_with(text: str) -> str:
    return str(next(cell.source for cell in cells() if text in cell.source))


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


@pytest.mark.slow
def test_a_newcomer_who_restarts_the_kernel_at_the_question_goes_on_where_it_was(
    kitaru_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("KITARU_STORE", "service")
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "start.ipynb"))
    kernel = Kernel(folder=tmp_path)
    request.addfinalizer(kernel.close)
    importing, flow = cell_with("import kitaru"), cell_with("%%kitaru_flow")
    kernel.run_cell(importing)
    kernel.run_cell(flow)
    kernel.restart()
    kernel.run_cell(importing)
    greeting = kernel.run(cell_with("%load_ext"))
    assert "of article asks: Publish this? Tea is old. Tea is loved. Tea is cheap.\n    %kitaru input kr-" in greeting
    assert ", which is waiting" in kernel.run(flow)
    kernel.run_cell(cell_with("%kitaru input yes"))
    kernel.comes_to_be("text == 'PUBLISHED: Tea is old. Tea is loved. Tea is cheap.'")
    counted = kernel.run(
        "[(e.call_count, len(e.refresh().checkpoints[0].attempts)) for e in kitaru.KitaruClient().executions.list()]"
    )
    assert counted.strip() == "[(3, 1)]"
