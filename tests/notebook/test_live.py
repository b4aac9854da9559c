"""Live views in a real kernel: painted at once, kept up to date in their cell, final when the flow has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru.views.model import MIME_TYPE
from tests.notebook.kernels import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOWS = """
import threading, kitaru
from kitaru.notebook.live import display_view, watch
gate = threading.Event()

@kitaru.checkpoint(cache=False)
def step(n: int) -> int:
    print(f"step {n}")
    return n

@kitaru.checkpoint(cache=False)
def pass_gate() -> int:
    gate.wait(60)
    return step_count()

def step_count() -> int:
    return 3

@kitaru.flow
def short(n: int) -> int:
    return sum(step(i) for i in range(n))

@kitaru.flow
def gated() -> int:
    step(0)
    return pass_gate()

@kitaru.flow
def long(n: int) -> int:
    return sum(step.map(range(n)).result()) + pass_gate()

@kitaru.flow
def asking() -> bool:
    step(1)
    return kitaru.wait(schema=bool, name="publish", question="Publish it?")

@kitaru.flow
def failing() -> int:
    raise ValueError("no <b>page</b>")
"""

# What the stop button does, once the cell's thread is where it waits.
INTERRUPTED = """
import os, signal, sys, time
def frames(frame):
    while frame:
        yield frame.f_code
        frame = frame.f_back
def stop_when_it_waits():
    wait = kitaru.FlowHandle.wait.__code__
    result = threading.Event.wait.__code__, threading.Condition.wait.__code__
    while True:
        codes = [*frames(sys._current_frames()[threading.main_thread().ident])]
        if codes[0] in result and wait in codes:
            break
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with pytest.MonkeyPatch.context() as patch:
        home: Path = tmp_path_factory.mktemp("home")
        patch.setenv("KITARU_HOME", str(home))
        patch.setenv("KITARU_STORE", "embedded")
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
        kernel = Kernel()
    kernel.run_cell(FLOWS)
    yield kernel
    kernel.close()


def document(kernel: Kernel, cell: str) -> dict[str, Any]:
    found = [data[MIME_TYPE] for data in kernel.shown_by(cell) if MIME_TYPE in data]
    return dict(found[0]) if found else {"status": None}


def test_a_view_ends_with_the_flows_result_in_all_three_forms_and_takes_its_output_in(kernel: Kernel) -> None:
    cell = kernel.run_cell("watch(short.run(3))")
    (shown,) = kernel.shown_by(cell)
    told = shown[MIME_TYPE]
    assert (told["status"], told["totals"]["completed"], told["output"]["text"]) == ("completed", 3, "3")
    assert "step_3" in shown["text/html"]
    assert "✓ short  completed" in shown["text/plain"]
    assert [line["text"] for line in told["logs"]] == ["step 0", "step 1", "step 2"]


def test_the_cell_shows_something_before_the_store_has_answered(kernel: Kernel) -> None:
    kernel.run_cell("handle = gated.run()")
    cell = kernel.run_cell("watch(handle, detach=True)")
    assert document(kernel, cell)["status"] in ("pending", "running")
    kernel.run_cell("gate.set()")
    kernel.until(lambda: document(kernel, cell)["status"] == "completed")
    kernel.run_cell("gate.clear()")


def test_a_flow_that_cannot_start_leaves_no_view_that_seems_to_wait(kernel: Kernel) -> None:
    kernel.run_cell("%load_ext kitaru")
    cell = kernel.send("%%kitaru_flow broken\nimport nothing_of_this_name\nnothing_of_this_name.go()")
    kernel.until(lambda: cell in kernel.idle)
    assert "ModuleNotFoundError" in kernel.errors[cell]
    assert kernel.shown_by(cell) == [{"text/plain": "broken did not start."}]


def test_a_view_is_finished_in_its_own_cell_while_another_cell_prints(kernel: Kernel) -> None:
    first = kernel.run_cell("watch(gated.run(), detach=True)")
    second = kernel.run_cell("gate.set(); print('second'); import time; time.sleep(1)")
    kernel.until(lambda: document(kernel, first)["status"] == "completed")
    assert kernel.streams[second] == "second\n"
    assert kernel.shown_by(second) == []
    kernel.run_cell("gate.clear()")


def test_L34_a_cell_returns_at_a_question_and_the_view_goes_on_to_the_end_after_it(kernel: Kernel) -> None:
    cell = kernel.run_cell("handle = asking.run(); watch(handle)")
    told = document(kernel, cell)
    assert (told["status"], told["waits"][0]["question"]) == ("waiting", "Publish it?")
    command = f"kitaru executions input {told['exec_id']} --wait publish --value true"
    assert command in kernel.shown_by(cell)[0]["text/plain"]
    kernel.run_cell("kitaru.KitaruClient().executions.input(handle.exec_id, True)")
    kernel.until(lambda: document(kernel, cell)["status"] == "completed")
    assert document(kernel, cell)["output"]["text"] == "True"


def test_L34_an_interrupt_lets_go_of_the_flow_which_goes_on(kernel: Kernel) -> None:
    cell = kernel.send("watch(gated.run())")
    kernel.until(lambda: document(kernel, cell)["status"] == "running")
    kernel.interrupt()
    kernel.until(lambda: cell in kernel.idle)
    assert "KeyboardInterrupt" in kernel.errors[cell]
    kernel.run_cell("gate.set()")
    kernel.until(lambda: document(kernel, cell)["status"] == "completed")
    kernel.run_cell("gate.clear()")


def test_an_interrupt_of_a_wait_for_a_handle_says_that_the_flow_goes_on_and_shows_no_frames(kernel: Kernel) -> None:
    kernel.run_cell(INTERRUPTED)
    cell = kernel.send("handle = gated.run(); threading.Thread(target=stop_when_it_waits).start()\nhandle.wait()")
    kernel.finished(cell)
    exec_id = kernel.run("print(handle.exec_id)").strip()
    assert kernel.error(cell) == (
        f"KeyboardInterrupt: {exec_id} of gated goes on in the background. %kitaru show {exec_id} follows it, "
        f"%kitaru cancel {exec_id} stops it."
    )
    kernel.run_cell("gate.set()")
    assert "3" in kernel.run("handle.wait()")
    kernel.run_cell("gate.clear()")


def test_a_failure_is_shown_with_its_message_as_text(kernel: Kernel) -> None:
    cell = kernel.run_cell("watch(failing.run())")
    assert document(kernel, cell)["failure"]["message"] == "no <b>page</b>"
    assert "no &lt;b&gt;page&lt;/b&gt;" in kernel.shown_by(cell)[0]["text/html"]


def test_a_flow_of_many_calls_is_followed_without_looking_at_each(kernel: Kernel) -> None:
    cell = kernel.run_cell("watch(long.run(2500), detach=True)")
    kernel.until(lambda: document(kernel, cell)["status"] == "running" and len(document(kernel, cell)["rows"]) == 2)
    fan_out, gate = document(kernel, cell)["rows"]
    assert (fan_out["total"], fan_out["completed"], len(fan_out["calls"])) == (2500, 2500, 5)
    assert (gate["name"], gate["status"]) == ("pass_gate", "running")
    kernel.run("gate.set()")
    kernel.until(lambda: document(kernel, cell)["status"] == "completed")
    assert document(kernel, cell)["totals"]["completed"] == 2501
    kernel.run("gate.clear()")


def test_any_execution_can_be_shown_again(kernel: Kernel) -> None:
    cell = kernel.run_cell("done = short.run(2); done.wait(); display_view(done.exec_id[:9])")
    assert document(kernel, cell)["totals"]["calls"] == 2


def test_L34_a_handle_that_a_cell_returns_becomes_a_live_view(kernel: Kernel) -> None:
    cell = kernel.run_cell("gate.clear(); handle = gated.run(); handle")
    kernel.until(lambda: document(kernel, cell)["status"] == "running")
    kernel.run_cell("gate.set()")
    kernel.until(lambda: document(kernel, cell)["status"] == "completed")
    again = kernel.run_cell("handle")
    assert document(kernel, again)["status"] == "completed"
