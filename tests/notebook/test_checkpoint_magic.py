from __future__ import annotations

import os
import re
from typing import Any

import pytest

from kitaru import KitaruClient
from kitaru.errors import KitaruError, KitaruUsageError

CELL = """%%kitaru_checkpoint prepare
import math
def _half(n):
    return n / 2
halves = [_half(n) for n in numbers]
total = math.fsum(halves)
"""


def newest() -> Any:
    client = KitaruClient()
    return client.executions.get(client.executions.latest().exec_id)


def test_a_cell_alone_sets_its_variables_and_records_them(run: Any, shell: Any) -> None:
    run("numbers = [1, 2, 3]")
    run(CELL)
    assert shell.user_ns["halves"] == [0.5, 1.0, 1.5]
    assert shell.user_ns["total"] == 3.0
    [call] = newest().checkpoints
    assert (call.name, call.inputs["numbers"].text) == ("prepare", "[1, 2, 3]")
    assert call.load() == {"halves": [0.5, 1.0, 1.5], "total": 3.0}


def test_run_again_with_the_same_inputs_it_is_reused(run: Any, shell: Any) -> None:
    run("numbers = [1, 2, 3]")
    run(CELL)
    del shell.user_ns["total"]
    run(CELL)
    assert shell.user_ns["total"] == 3.0
    assert newest().checkpoints[0].reused == "cache"
    run("numbers = [4]")
    run(CELL)
    assert newest().checkpoints[0].reused is None


def test_in_a_flow_it_gives_a_dict_of_its_variables(run: Any, shell: Any) -> None:
    run("numbers = [2]")
    run(CELL.replace("prepare", "prepare --no-run"))
    run("%%kitaru_flow sums -o n\nprepare(numbers=[10])['total']")
    assert shell.user_ns["n"] == 5.0
    assert [call.name for call in newest().checkpoints] == ["prepare"]


def test_a_cell_that_awaits(run: Any, shell: Any) -> None:
    run("%%kitaru_checkpoint later\nimport asyncio\nawait asyncio.sleep(0)\nx = 3")
    assert shell.user_ns["x"] == 3


@pytest.mark.slow
def test_a_failure_shows_what_was_written_and_no_frame_of_ours(run: Any) -> None:
    with pytest.raises(KitaruError) as caught:
        run("%%kitaru_checkpoint broken\nrows = []\nfirst = rows[0]")
    told = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(caught.value._render_traceback_()))  # type: ignore[attr-defined]
    assert "line 3, in broken()\n      2 rows = []\n----> 3 first = rows[0]\n\nIndexError" in told


def test_isolated_it_runs_in_a_process_of_its_own(run: Any, shell: Any) -> None:
    run("%%kitaru_checkpoint where --isolated\nimport os\npid = os.getpid()")
    assert shell.user_ns["pid"] != os.getpid()


def test_a_cell_that_sets_nothing_is_refused(run: Any) -> None:
    with pytest.raises(KitaruUsageError, match="sets no variable"):
        run("%%kitaru_checkpoint nothing\nprint(1)")
