"""Executions that begin or go on in processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client import KitaruClient
from kitaru.client.elsewhere import Job, prepare
from kitaru.errors import KitaruRuntimeError, KitaruStateError
from kitaru.store.connect import close_store
from kitaru.store.home import home_id
from kitaru.store.service.process import stop_service
from tests.client.flows import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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


def test_a_job_runs_the_recorded_interpreter_where_the_execution_was_started(
    client: KitaruClient, finished: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    exec_id = finished(report)
    monkeypatch.chdir("/")
    job = prepare(client, "retry", exec_id)
    assert (job.command[0], job.cwd) == (sys.executable, str(tmp_path))
    assert job.environment["KITARU_HOME"] == client.store.location


@pytest.mark.slow
def test_what_a_job_refuses_is_raised_here(
    client: KitaruClient, finished: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITARU_STORE", "service")
    exec_id = finished(report)
    with pytest.raises(KitaruStateError, match="completed"):
        prepare(client, "retry", exec_id).start()
    close_store()
    stop_service(Path(job_home(client)))


def job_home(client: Any) -> str:
    return str(client.store.location)


def test_a_process_that_ends_without_a_word_is_explained_with_its_last_one() -> None:
    job = Job([sys.executable, "-c", "raise SystemExit('no module named kitaru')"], None, {}, b"{}")
    with pytest.raises(KitaruRuntimeError, match=r"no module named kitaru.*It was started with"):
        job.start()
