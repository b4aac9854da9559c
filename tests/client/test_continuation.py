"""An answer continues an execution whose process has ended, by a new one: with a real service and real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client import KitaruClient
from kitaru.client.continuation import continues_by_itself, go_on
from kitaru.runtime.engine import close_engines
from kitaru.store.connect import close_store
from kitaru.store.service.process import stop_service
from tests.conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from tests.client.flows import approval; sys.stderr.write(approval.run('dogs').exec_id + '|')"
RESUME = [sys.executable, "-m", "kitaru.runtime.resume"]


@pytest.fixture
def served(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KitaruClient]:
    monkeypatch.delenv("KITARU_STORE")
    monkeypatch.setenv("KITARU_SERVICE_IDLE", "60")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield KitaruClient()
    close_engines()
    close_store()
    stop_service(kitaru_home)


@pytest.fixture
def parked(served: KitaruClient) -> str:
    """An execution that asked its question and whose process has ended."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr.partition("|")[0][-15:]


def test_L7_an_answer_starts_a_new_runner(served: KitaruClient, parked: str, kitaru_home: Path) -> None:
    before = served.executions.get(parked)
    assert (before.status, before.runner) == ("waiting", None)
    events = served.executions.events(parked, since=0)
    served.executions.input(parked, True)
    *_, last = events
    assert last.kind == "execution.completed"
    after = served.executions.get(parked)
    assert after.result() == "published notes about dogs"
    assert len(after.checkpoints[0].attempts) == 1
    assert (kitaru_home / "runners" / f"{parked}.log").exists()


def test_a_runner_that_comes_too_late_ends_quietly(served: KitaruClient, parked: str) -> None:
    answer(served, parked)
    runners = [
        subprocess.Popen([*RESUME, parked], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    said = [runner.communicate(timeout=60) for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0]
    assert all(b"Traceback" not in problems for _, problems in said)
    assert served.executions.get(parked).status == "completed"
    claims = list(served.executions.events(parked, kinds=["execution.claimed"]))
    assert len(claims) == 2


def test_a_live_kernel_is_given_the_first_claim(served: KitaruClient, parked: str) -> None:
    answer(served, parked)
    late = subprocess.Popen([*RESUME, parked, "--grace", "30"], cwd=ROOT, stderr=subprocess.PIPE)
    assert served.executions.resume(parked).wait(30) == "published notes about dogs"
    late.communicate(timeout=60)
    assert late.returncode == 0
    assert len(list(served.executions.events(parked, kinds=["execution.claimed"]))) == 2


def test_no_runner_is_started_where_none_is_needed(served: KitaruClient, parked: str) -> None:
    assert go_on(served, served.executions.get(parked)) is None


def test_an_embedded_store_is_not_kept_from_its_own_process(client: KitaruClient, asking: Any) -> None:
    from kitaru.errors import KitaruStateError
    from tests.client.flows import review

    handle = asking(review, timeout=0)
    with pytest.raises(KitaruStateError):
        handle.wait(20)
    waiting = client.executions.get(handle.exec_id)
    answered = waiting.model_copy(update={"pending_waits": []})
    assert not continues_by_itself(client, answered)


def test_a_runner_that_is_told_to_stop_leaves_a_resumable_execution(served: KitaruClient, tmp_path: Path) -> None:
    program = tmp_path / "slow.py"
    program.write_text(SLOW)
    started = subprocess.Popen([sys.executable, str(program)], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    first = until(lambda: served.executions.list(flow="slow", status="running"))[0]
    until((tmp_path / "working").exists)
    started.kill()
    started.wait()
    until(lambda: served.executions.get(first.exec_id).status == "interrupted")
    (tmp_path / "working").unlink()
    runner = subprocess.Popen([*RESUME, first.exec_id], cwd=tmp_path)
    until((tmp_path / "working").exists)
    runner.terminate()
    assert runner.wait(30) == 130
    stopped = served.executions.get(first.exec_id)
    assert (stopped.status, stopped.status_reason) == ("interrupted", "its runner was told to stop")
    (tmp_path / "go").touch()
    assert subprocess.run([*RESUME, first.exec_id], cwd=tmp_path, check=False).returncode == 0
    assert served.executions.get(first.exec_id).result() == "done"


SLOW = """
import time
from pathlib import Path
from kitaru.runtime.checkpoint import checkpoint
from kitaru.runtime.flow import flow

@checkpoint(cache=False)
def work():
    Path("working").touch()
    for _ in range(3000):
        if Path("go").exists():
            return "done"
        time.sleep(0.02)

@flow
def slow():
    return work()

slow.run().wait()
"""


def answer(client: KitaruClient, exec_id: str) -> None:
    """Record an answer without starting a runner."""
    event: Any = {
        "kind": "wait.answered",
        "at": 0.0,
        "exec_id": exec_id,
        "body": {"wait": "approve", "value": True, "by": "test", "source": "input"},
    }
    assert "refused" not in client.store.append([{"events": [event]}])[0]
