"""A call that must not run twice was running when its process was killed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru import KitaruClient
from kitaru.errors import KitaruExecutionError
from tests.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCRIPT = """
import os, sys, time, kitaru
from pathlib import Path

@kitaru.checkpoint(on_interrupted="ask")
def pay(amount: int) -> str:
    with open({log!r}, "a") as file:
        file.write("paid\\n")
    if len(Path({log!r}).read_text().splitlines()) == 1:
        while not Path({log!r} + ".told").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), 9)
    return f"receipt for {{amount}}"

@kitaru.flow
def order(amount: int) -> str:
    return pay(amount)

handle = order.run(5)
print(handle.exec_id, flush=True)
Path({log!r} + ".told").touch()
handle.wait()
"""


@pytest.fixture
def cut_off(run: Callable[..., Any], service_home: Path, tmp_path: Path) -> tuple[str, Path]:
    log = tmp_path / "payments"
    script = run(text=SCRIPT.format(log=str(log)))
    exec_id = script.line()
    script.end(status=None)
    return exec_id, log


def test_a_person_decides_whether_it_runs_again(cut_off: tuple[str, Path]) -> None:
    exec_id, log = cut_off
    client = KitaruClient()
    until(lambda: client.executions.get(exec_id).status == "interrupted")
    handle = client.executions.resume(exec_id)
    until(lambda: client.executions.pending_waits(exec_id))
    (question,) = client.executions.pending_waits(exec_id)
    assert "'pay' was running when its process ended" in (question.question or "")
    assert log.read_text() == "paid\n"
    client.executions.input(exec_id, True)
    assert handle.wait(timeout=60) == "receipt for 5"
    assert log.read_text() == "paid\npaid\n"


def test_a_no_fails_the_call_and_runs_nothing(cut_off: tuple[str, Path]) -> None:
    exec_id, log = cut_off
    client = KitaruClient()
    until(lambda: client.executions.get(exec_id).status == "interrupted")
    handle = client.executions.resume(exec_id)
    until(lambda: client.executions.pending_waits(exec_id))
    client.executions.input(exec_id, False)
    with pytest.raises(KitaruExecutionError, match="is not run again"):
        handle.wait(timeout=60)
    assert log.read_text() == "paid\n"


def test_modules_beside_the_script_are_found_when_another_process_goes_on(
    run: Callable[..., Any], service_home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "prices_beside.py").write_text("def price(amount):\n    return 2 * amount\n")
    (folder / "main.py").write_text(BESIDE)
    run(str(folder / "main.py")).end(status=None)
    client = KitaruClient()
    exec_id = client.executions.latest().exec_id
    until(lambda: client.executions.get(exec_id).status == "interrupted")
    done = run("-m", "kitaru", "executions", "resume", exec_id, PYTHONSAFEPATH="1")
    done.end()
    assert client.executions.get(exec_id).result() == 10


BESIDE = """
import os, kitaru
from prices_beside import price

@kitaru.flow
def order(amount: int) -> int:
    if os.environ.get("PYTHONSAFEPATH") is None:
        os.kill(os.getpid(), 9)
    return price(amount)

order.run(5).wait()
"""
