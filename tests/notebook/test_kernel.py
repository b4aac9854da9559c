"""What a person meets at a notebook, in a real kernel with a home and a service of its own."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.views.model import MIME_TYPE
from tests.conftest import until
from tests.notebook.kernels import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Kernel]]:
    """Open a notebook by name; each has one kernel, and all share a home."""
    folder: Path = tmp_path_factory.mktemp("project")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KITARU_")}
    environment |= {"KITARU_HOME": str(folder / "home"), "KITARU_SERVICE_IDLE": "60"}
    environment |= {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    kernels: dict[str, Kernel] = {}

    def open_notebook(name: str) -> Kernel:
        if name not in kernels:
            kernels[name] = Kernel({**environment, "JPY_SESSION_NAME": str(folder / name)}, folder)
            kernels[name].run_cell("import kitaru")
        return kernels[name]

    yield open_notebook
    for kernel in kernels.values():
        kernel.close()


@pytest.fixture
def kernel(notebook: Callable[[str], Kernel]) -> Kernel:
    return notebook("analysis.ipynb")


def asks(flow: str) -> str:
    return f"%%kitaru_flow {flow} -o {flow}_result\nkitaru.wait(schema=bool, question='Publish {flow}?', timeout=0)"


def document(kernel: Kernel, cell: str) -> dict[str, Any]:
    return dict(next(data[MIME_TYPE] for data in kernel.shown_by(cell) if MIME_TYPE in data))


def test_a_failure_is_told_once_with_the_users_own_lines_first(kernel: Kernel) -> None:
    cell = kernel.send("%%kitaru_flow broken -p n=0\n\ndef divide(n):\n    return 1 / n\n\nm = n\n\ndivide(m)\n")
    kernel.finished(cell)
    error = kernel.error(cell)
    assert error.count("Traceback") == 1
    assert all("Traceback" not in str(shown) for shown in kernel.shown_by(cell))
    place = f"Cell In[{kernel.number(cell)}], line 8, in broken(n)\n"
    written = f"{place}      4     return 1 / n\n      6 m = n\n----> 8 divide(m)\n"
    assert error.index("ZeroDivisionError") < error.index(written) < error.index("KitaruUserCodeError")
    exec_id = document(kernel, cell)["exec_id"]
    assert error.splitlines()[-1] == (
        f"KitaruUserCodeError: {exec_id} failed. What finished is kept: mend the cause, then run the cell again, or go "
        f"on from there with %kitaru retry {exec_id}"
    )
    failure = document(kernel, cell)["failure"]
    assert (failure["type"], failure["message"], failure["traceback"]) == ("ZeroDivisionError", "division by zero", "")
    again = kernel.run_cell(f"%kitaru show {exec_id}")
    assert "return 1 / n" in document(kernel, again)["failure"]["traceback"]


def test_what_a_task_group_raises_is_told_with_all_that_it_holds(kernel: Kernel) -> None:
    cell = kernel.send(
        "%%kitaru_flow grouped\nimport asyncio\nasync def one():\n    raise LookupError('the first')\n"
        "async with asyncio.TaskGroup() as group:\n    group.create_task(one())\n"
    )
    kernel.finished(cell)
    error = kernel.error(cell)
    assert "LookupError: the first" in error
    assert "raise LookupError('the first')" in error
    assert "kitaru/runtime" not in error


def test_an_error_of_any_call_shows_the_users_line_and_none_of_ours(kernel: Kernel) -> None:
    kernel.run_cell("@kitaru.flow\ndef typed(top: int) -> int:\n    return top")
    cell = kernel.send("handle = typed.run(top='many')")
    kernel.finished(cell)
    error = kernel.error(cell)
    assert "----> 1 handle = typed.run(top='many')" in error
    assert "does not fit" in error
    assert "kitaru/" not in error


def test_a_cell_whose_execution_is_cancelled_stops_run_all(kernel: Kernel) -> None:
    cell = kernel.send(
        "%%kitaru_flow cancelled_flow\ndef stop():\n    client = kitaru.KitaruClient()\n"
        "    client.executions.cancel(client.executions.latest(flow='cancelled_flow').exec_id, 'no need')\n"
        "    return 1\nstop()\nstop()\n"
    )
    following = kernel.send("print('not', 'reached')")
    kernel.finished(cell)
    assert re.fullmatch(
        r"KitaruCancelledError: Execution kr-\w+ of cancelled_flow was cancelled: no need\.", kernel.error(cell)
    )
    assert "not reached" not in kernel.finished(following)


def test_the_greeting_offers_what_this_notebook_has_left_with_commands_and_buttons(
    notebook: Callable[[str], Kernel],
) -> None:
    here, other = notebook("here.ipynb"), notebook("other.ipynb")
    here.run_cell(asks("asked_here"))
    for number in range(2):
        other.run_cell(asks(f"asked_there_{number}"))
    cell = here.run_cell("%load_ext kitaru")
    told = here.streams[cell]
    assert "Kitaru records executions in" in told
    assert re.search(r"of asked_here asks: Publish asked_here\?\n    %kitaru input kr-\w+", told)
    assert "2 questions are open in other notebooks and programs" in told
    assert "asked_there" not in told
    assert any("application/vnd.jupyter.widget-view+json" in data for data in here.shown_by(cell))
    here.until(lambda: "1 open question of this notebook" in str(here.messages))
    assert "asked_there_0" not in str([m["content"] for sent in here.messages.values() for m in sent])


def test_an_answer_without_an_id_is_for_the_question_of_this_notebook(notebook: Callable[[str], Kernel]) -> None:
    here, other = notebook("answering.ipynb"), notebook("other.ipynb")
    here.run_cell(asks("answered_here"))
    other.run_cell(asks("not_answered"))
    here.run_cell("%kitaru input yes")
    here.comes_to_be("answered_here_result is True")
    assert "waiting" in other.run("kitaru.KitaruClient().executions.latest(flow='not_answered').status.value")


HELD = """%%kitaru_flow held -p gate={gate!r} --detach
import pathlib, time
def first(gate):
    return 1
def slow(gate):
    pathlib.Path(gate + ".started").touch()
    while not pathlib.Path(gate).exists():
        time.sleep(0.02)
    return 2
first(gate) + slow(gate)
"""


def test_what_a_restart_interrupted_is_resumed_and_runs_nothing_twice(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    cell = kernel.run_cell(HELD.format(gate=str(gate)))
    until((tmp_path / "gate.started").exists)
    kernel.until(lambda: "kr-" in kernel.text(cell))
    exec_id = document(kernel, cell)["exec_id"]
    kernel.restart()
    kernel.run_cell("import kitaru")
    greeted = kernel.run_cell("%load_ext kitaru")
    assert f"{exec_id} of held was interrupted:\n    %kitaru resume {exec_id}\n" in kernel.streams[greeted]
    gate.touch()
    again = kernel.run_cell(f"%kitaru resume {exec_id}")
    shown = document(kernel, again)
    assert (shown["exec_id"], shown["status"], shown["output"]["text"]) == (exec_id, "completed", "3")
    assert [row["name"] for row in shown["rows"]] == ["first", "slow"]
    assert shown["rows"][0]["attempts"] == 1


def test_tab_completes_verbs_executions_flows_calls_and_functions(kernel: Kernel) -> None:
    kernel.run_cell("def tidy(rows):\n    return rows")
    kernel.run_cell("%%kitaru_flow completed -p size=2\ndef research(size):\n    return size\nresearch(size)")
    cell = kernel.run_cell("first = kitaru.KitaruClient().executions.latest(flow='completed'); print(first.exec_id)")
    exec_id = kernel.streams[cell].strip()
    assert kernel.completions("%kitaru re") == ["replay", "resume", "retry"]
    assert exec_id in kernel.completions("%kitaru show kr-")
    assert exec_id in kernel.completions("%kitaru diff {first} kr-")
    assert exec_id not in kernel.completions("%kitaru resume kr-")
    assert kernel.completions("%kitaru list --flow compl") == ["completed"]
    assert kernel.completions(f"%kitaru replay {exec_id} --at ") == ["research"]
    assert kernel.completions("%kitaru replay {first} --set ") == ["research.output=", "research.size=", "size="]
    assert "tidy" in kernel.completions("%%kitaru_flow next --checkpoint ti")
    assert "local" in kernel.completions("%%kitaru_flow next --stack ")
