from __future__ import annotations

from typing import Any

from kitaru import KitaruClient


def test_it_says_where_executions_are_recorded(run: Any, capsys: Any) -> None:
    run("%load_ext kitaru")
    assert "Kitaru records executions in" in capsys.readouterr().out


def test_it_names_open_questions_with_the_command_that_answers(run: Any, capsys: Any) -> None:
    run("%%kitaru_flow asks\nimport kitaru\nkitaru.wait(schema=bool, question='Go?', timeout=0)")
    exec_id = KitaruClient().executions.latest().exec_id
    capsys.readouterr()
    run("%load_ext kitaru")
    assert f"{exec_id} of asks asks: Go?\n    %kitaru input {exec_id}" in capsys.readouterr().out
