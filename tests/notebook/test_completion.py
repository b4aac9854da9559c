from __future__ import annotations

from typing import Any

import pytest

from kitaru import KitaruClient


@pytest.fixture
def complete(shell: Any) -> Any:
    from IPython.core.completer import provisionalcompleter

    def words(line: str) -> list[str]:
        with provisionalcompleter():
            return [completion.text for completion in shell.Completer.completions(line, len(line))]

    return words


def test_verbs_are_completed(complete: Any) -> None:
    assert complete("%kitaru re") == ["replay", "resume", "retry"]


def test_executions_options_calls_and_flows_are_completed(run: Any, complete: Any) -> None:
    run("%%kitaru_flow article\ndef research():\n    return 1\nresearch()")
    exec_id = KitaruClient().executions.latest().exec_id
    assert exec_id in complete("%kitaru show kr-")
    assert complete("%kitaru list --fl") == ["--flow"]
    assert complete("%kitaru list --flow art") == ["article"]
    assert complete(f"%kitaru replay {exec_id} --at res") == ["research"]
    assert complete(f"%kitaru replay {exec_id} --set res") == ["research.output="]


def test_options_of_a_flows_cell_are_completed(complete: Any) -> None:
    assert complete("%%kitaru_flow article --no-") == ["--no-cache", "--no-run"]


def test_other_lines_are_left_to_others(complete: Any) -> None:
    assert "print" in complete("pri")
