from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from kitaru.store.service.record import read_record
from tests.conftest import until

pytestmark = pytest.mark.slow

# The first step says that it ran; the second waits for a file, so that a test decides when it ends.
STEPS = """%%kitaru_flow {name} -p gate={gate!r} -o {name}_result {options}
import pathlib, time
def paid(gate):
    with open(gate + ".paid", "a") as file:
        return file.write("x")
def slow(gate):
    pathlib.Path(gate + ".started").touch()
    while not pathlib.Path(gate).exists():
        time.sleep(0.02)
    return "done"
paid(gate)
slow(gate)
"""
ASKS = """%%kitaru_flow {name} -o {name}_result
kitaru.wait(schema=bool, name="publish", question="Publish {name}?")
"""


def exec_id(shown: str) -> str:
    found = re.search(r"kr-[0-9a-z]{12}", shown)
    assert found, shown
    return found[0]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def test_importing_kitaru_makes_the_magics_known(kernel: Any) -> None:
    assert "kitaru_flow" in kernel.run("print(*get_ipython().magics_manager.magics['cell'])")


def test_an_await_in_a_cell_gives_the_result_of_a_flow(kernel: Any) -> None:
    kernel.run("@kitaru.flow\ndef double(n: int) -> int:\n    return 2 * n")
    assert "42" in kernel.run("await double.run(21)")


def test_a_cell_shows_its_flow_before_the_store_answers(kernel: Any, project: Path) -> None:
    kernel.run("kitaru.KitaruClient().executions.list()")
    service = read_record(project / "home")
    assert service is not None
    os.kill(service.pid, signal.SIGSTOP)
    try:
        cell = kernel.send("%%kitaru_flow early -p n=1\nn + 1")
        kernel.until(lambda: bool(kernel.shown_by(cell)))
        shown = kernel.text(cell)
    finally:
        os.kill(service.pid, signal.SIGCONT)
    assert "early  pending" in shown
    assert "early  completed" in kernel.finished(cell)


def test_an_interrupt_stops_run_all_and_lets_the_flow_go_on(kernel: Any, gate: Path) -> None:
    cell = kernel.send(STEPS.format(name="let_go", gate=str(gate), options=""))
    following = kernel.send("print('not', 'reached', let_go_result)")
    # Before the view has the id, the interrupt would meet what prepares it.
    kernel.until(lambda: "kr-" in kernel.text(cell))
    until(Path(f"{gate}.started").exists)
    kernel.interrupt()
    one = exec_id(kernel.finished(cell))
    assert kernel.error(cell) == (
        f"KeyboardInterrupt: {one} of let_go goes on in the background. %kitaru show {one} follows it, "
        f"%kitaru cancel {one} stops it."
    )
    assert "not reached" not in kernel.finished(following)
    assert "running" in kernel.run("kitaru.KitaruClient().executions.latest(flow='let_go').status.value")
    gate.touch()
    kernel.comes_to_be("let_go_result == 'done'")


def test_an_interrupt_ends_a_cell_that_awaits_a_flow_and_lets_the_flow_go_on(kernel: Any, gate: Path) -> None:
    kernel.run(STEPS.format(name="awaited", gate=str(gate), options="--no-run"))
    cell = kernel.send("handle = awaited.run()\nprint(handle.exec_id, flush=True)\nawait handle")
    until(Path(f"{gate}.started").exists)
    kernel.interrupt()
    one = exec_id(kernel.finished(cell))
    assert kernel.error(cell).startswith(f"KeyboardInterrupt: {one} of awaited goes on in the background.")
    gate.touch()
    kernel.comes_to_be("handle.status == 'completed'")


def test_after_a_restart_the_cell_goes_on_and_pays_nothing_twice(kernel: Any, gate: Path) -> None:
    text = STEPS.format(name="survivor", gate=str(gate), options="--no-cache")
    kernel.send(text)
    until(Path(f"{gate}.started").exists)
    kernel.restart()
    kernel.run("import kitaru")
    gate.touch()
    kernel.run(text)
    assert "done" in kernel.run("survivor_result")
    assert Path(f"{gate}.paid").read_text() == "x"
    assert "1" in kernel.run("kitaru.KitaruClient().executions.list(flow='survivor').total")


def test_run_all_goes_on_through_a_question_and_an_answer_from_a_terminal_sets_the_result(
    kernel: Any, terminal: Any
) -> None:
    asking = kernel.send(ASKS.format(name="asks"))
    following = kernel.send("print('Run All went on')")
    shown = kernel.finished(asking)
    assert asking not in kernel.errors
    assert "Run All went on" in kernel.finished(following)
    terminal("executions", "input", exec_id(shown), "--value", "true")
    kernel.comes_to_be("asks_result is True")


def test_an_answer_from_a_terminal_reaches_a_cell_that_blocks(kernel: Any, terminal: Any) -> None:
    kernel.run("@kitaru.flow\ndef ask_me():\n    return kitaru.wait(schema=int, name='n', timeout=600)")
    cell = kernel.send("handle = ask_me.run()\nprint(handle.exec_id, flush=True)\nprint('answer', handle.wait())")
    kernel.until(lambda: "kr-" in kernel.text(cell))
    shown = kernel.text(cell)
    until(lambda: exec_id(shown) in terminal("executions", "list", "--status", "waiting"))
    terminal("executions", "input", exec_id(shown), "--value", "7")
    assert "answer 7" in kernel.finished(cell)
    # Nothing of it in red: a question is no error.
    assert {m["content"]["name"] for m in kernel.messages[cell] if m["msg_type"] == "stream"} == {"stdout"}


def test_two_notebooks_and_a_terminal_work_at_once(notebook: Any, terminal: Any, gate: Path) -> None:
    first, second = notebook("analysis.ipynb"), notebook("other.ipynb")
    cells = [
        (kernel, kernel.send(STEPS.format(name="shared", gate=f"{gate}-{index}", options="")))
        for index, kernel in enumerate((first, second))
    ]
    for index in range(2):
        until(Path(f"{gate}-{index}.started").exists)
    assert terminal("executions", "list", "--flow", "shared", "--status", "running").count("kr-") == 2
    for index in range(2):
        Path(f"{gate}-{index}").touch()
    for kernel, cell in cells:
        kernel.finished(cell)
        assert "done" in kernel.run("shared_result")


def test_a_failure_points_at_the_cells_line_and_stops_run_all(kernel: Any) -> None:
    cell = kernel.send("%%kitaru_flow broken -p n=0\n\ndef divide(n):\n    return 1 / n\n\ndivide(n)\n")
    following = kernel.send("print('not reached')")
    kernel.finished(cell)
    told = kernel.error(cell)
    assert "ZeroDivisionError" in told
    assert "----> 4     return 1 / n" in told
    assert "kitaru/runtime" not in told
    assert "not reached" not in kernel.finished(following)


def test_what_a_flow_prints_shows_in_the_cell_that_started_it(kernel: Any, gate: Path) -> None:
    cell = kernel.send(
        f"%%kitaru_flow printing -p gate={str(gate)!r} --detach -o printed\nimport pathlib, time\n"
        "while not pathlib.Path(gate).exists(): time.sleep(0.02)\nprint('from the flow')\n1\n"
    )
    kernel.finished(cell)
    gate.touch()
    others = kernel.comes_to_be("printed == 1")
    assert "from the flow" not in "".join(kernel.text(other) for other in others)
