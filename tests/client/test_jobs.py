"""Executions that begin or go on in processes of a worker: with a real service and real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client import KitaruClient
from kitaru.client.continuation import continues_by_itself, go_on
from kitaru.client.provenance import Source
from kitaru.errors import (
    KitaruExecutionError,
    KitaruFeatureNotAvailableError,
    KitaruNotFoundError,
    KitaruStateError,
)
from kitaru.runtime.engine import close_engines
from kitaru.runtime.flow import flow
from kitaru.store.connect import close_store
from kitaru.store.home import home_id
from kitaru.store.service.process import start_service, stop_service
from tests.client.flows import report
from tests.conftest import until
from tests.store.jobs.test_environments import wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from tests.client.flows import approval; sys.stderr.write(approval.run('dogs').exec_id + '|')"
TOKEN = "a-token-that-others-were-given"


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
    assert [event for event in events if event.kind == "execution.completed"]
    after = served.executions.get(parked)
    assert after.result() == "published notes about dogs"
    assert len(after.checkpoints[0].attempts) == 1
    assert (kitaru_home / "runners" / f"{parked}.log").exists()
    (job,) = served.jobs.list(execution=parked)
    assert (job.kind, until(lambda: served.jobs.get(job.job_id).status == "completed")) == ("resume", True)


def test_a_live_kernel_is_given_the_first_claim(served: KitaruClient, parked: str) -> None:
    served.executions.input(parked, True)
    assert served.executions.resume(parked).wait(60) == "published notes about dogs"
    (job,) = until(lambda: served.jobs.list(execution=parked, status="completed").items)
    assert "went on meanwhile" in (job.reason or "")
    assert len(list(served.executions.events(parked, kinds=["execution.claimed"]))) == 2


def test_nothing_is_asked_for_where_nothing_is_needed(served: KitaruClient, parked: str) -> None:
    assert not go_on(served, served.executions.get(parked))


def test_where_the_service_has_no_worker_the_answer_brings_one(parked: str, kitaru_home: Path) -> None:
    close_engines()
    close_store()
    stop_service(kitaru_home)
    start_service(kitaru_home, token=TOKEN)
    client = KitaruClient()
    client.executions.input(parked, True)
    assert until(lambda: client.executions.get(parked).status == "completed")
    (job,) = until(lambda: client.jobs.list(execution=parked, status="completed").items)
    assert (job.worker or "").startswith("worker on ")


def test_an_embedded_store_is_not_kept_from_its_own_process(client: KitaruClient, asking: Any) -> None:
    from tests.client.flows import review

    handle = asking(review, timeout=0)
    with pytest.raises(KitaruStateError):
        handle.wait(60)
    waiting = client.executions.get(handle.exec_id)
    answered = waiting.model_copy(update={"pending_waits": []})
    assert not continues_by_itself(client, answered)
    with pytest.raises(KitaruFeatureNotAvailableError, match="needs the service"):
        client.jobs.post("resume", handle.exec_id)


def test_a_replay_runs_in_a_process_of_its_own_where_its_source_did(
    served: KitaruClient, finished: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    source = finished(report)
    monkeypatch.chdir("/")
    job = served.jobs.post("replay", source, {"at": None})
    assert (job.original_exec_id, job.exec_id) == (source, job.wait_until_begun())
    assert until(lambda: served.executions.get(job.exec_id).status == "completed")
    made = served.executions.get(job.exec_id)
    assert (made.original_exec_id, made.cwd, made.interpreter) == (source, str(tmp_path), sys.executable)
    assert until(lambda: served.jobs.get(job.job_id).status == "completed")


def test_what_a_job_cannot_do_is_raised_where_it_is_waited_for(
    served: KitaruClient, finished: Callable[..., str]
) -> None:
    source = finished(report)
    job = served.jobs.post("replay", source, {"at": "no-such-call"})
    with pytest.raises(KitaruStateError, match="no-such-call"):
        job.wait_until_begun()
    assert "no-such-call" in (served.jobs.get(job.job_id).error or "")


def test_what_the_status_forbids_is_refused_at_once(served: KitaruClient, finished: Callable[..., str]) -> None:
    exec_id = finished(report)
    with pytest.raises(KitaruStateError, match="is completed"):
        served.jobs.post("retry", exec_id)
    assert served.jobs.list().total == 0
    with pytest.raises(KitaruNotFoundError, match="kitaru jobs list"):
        served.jobs.get("kj-nobody")


def test_a_process_that_is_told_to_stop_leaves_a_resumable_execution(served: KitaruClient, tmp_path: Path) -> None:
    exec_id = interrupted(served, tmp_path)
    job = served.jobs.post("resume", exec_id)
    job.wait_until_begun()
    until((tmp_path / "working").exists)
    pid = served.jobs.get(job.job_id).pid
    assert pid is not None
    os.kill(pid, 15)
    assert until(lambda: served.jobs.get(job.job_id).status == "interrupted")
    stopped = served.executions.get(exec_id)
    assert (stopped.status, stopped.status_reason) == ("interrupted", "its runner was told to stop")
    (tmp_path / "go").touch()
    served.jobs.post("resume", exec_id).wait_until_begun()
    assert until(lambda: served.executions.get(exec_id).status == "completed")


def test_a_cancelled_job_stops_and_a_cancelled_execution_takes_its_job_along(
    served: KitaruClient, tmp_path: Path
) -> None:
    exec_id = interrupted(served, tmp_path)
    job = served.jobs.post("resume", exec_id)
    job.wait_until_begun()
    until((tmp_path / "working").exists)
    assert served.jobs.cancel(job.job_id, "not today").reason == "not today"
    assert until(lambda: served.executions.get(exec_id).status == "interrupted")
    with pytest.raises(KitaruStateError, match="is cancelled"):
        served.jobs.cancel(job.job_id)
    (tmp_path / "working").unlink()
    again = served.jobs.post("resume", exec_id)
    again.wait_until_begun()
    until((tmp_path / "working").exists)
    served.executions.cancel(exec_id)
    assert served.jobs.get(again.job_id).status == "cancelled"


def test_a_requirement_that_cannot_be_installed_fails_the_invocation_in_a_sentence(
    served: KitaruClient, tmp_path: Path
) -> None:
    missing = f"tinykit @ {(tmp_path / 'tinykit-1.0-py3-none-any.whl').as_uri()}"
    made = served.deployments.deploy(report, source=Source("# script", requirements=(missing,)))
    handle = served.deployments.invoke(made.flow, inputs={"topic": "dogs"})
    with pytest.raises(KitaruExecutionError, match=r"cannot be built.*tinykit"):
        handle.wait(60)
    (job,) = served.jobs.list(execution=handle.exec_id)
    assert (job.status, "cannot be built" in (job.error or "")) == ("failed", True)


@flow
def needing() -> list[Any]:
    import tinykit

    return [tinykit.answer, sys.prefix]


@pytest.mark.slow
def test_a_version_whose_requirements_are_not_installed_runs_in_an_environment_that_has_them(
    served: KitaruClient, tmp_path: Path
) -> None:
    # No index is asked: what Kitaru itself needs is that of this environment.
    needed = wheel(tmp_path / "wheels", beside=[sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    made = served.deployments.deploy(needing, source=Source("# script", requirements=(needed,)))
    answer, prefix = made.invoke().wait(120)
    assert answer == 42
    assert Path(prefix).parent == Path(served.store.location) / "environments"


def interrupted(served: KitaruClient, folder: Path) -> str:
    """An execution whose process was killed in its first checkpoint."""
    program = folder / "slow.py"
    program.write_text(SLOW)
    started = subprocess.Popen([sys.executable, str(program)], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})
    first = until(lambda: served.executions.list(flow="slow", status="running"))[0]
    until((folder / "working").exists)
    started.kill()
    started.wait()
    until(lambda: served.executions.get(first.exec_id).status == "interrupted")
    (folder / "working").unlink()
    return str(first.exec_id)


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


@pytest.fixture
def of_home(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KitaruClient]:
    """A client of a home that this process itself does not work with."""
    monkeypatch.setenv("KITARU_STORE", "service")
    home = kitaru_home.with_name("other-home")
    yield (client := KitaruClient.of_home(home))
    client.close()
    close_store()
    stop_service(home)


def test_a_client_of_a_home_works_with_that_home_alone(of_home: KitaruClient, kitaru_home: Path) -> None:
    assert of_home.executions.list().total == 0
    assert (of_home.home_id, of_home.is_remote) == (home_id(Path(of_home.store.location)), False)
    assert of_home.home_id != home_id(kitaru_home)
    assert not kitaru_home.exists()
