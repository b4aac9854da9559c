from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruBackendError, KitaruUsageError
from kitaru.store.connect import (
    choose_target,
    close_store,
    config_folder,
    connect,
    current_store,
    current_target,
    disconnect,
    open_store,
    use_store,
)
from kitaru.store.duckdb import DuckDBStore
from kitaru.store.home import find_home, init_home
from kitaru.store.service.client import ServiceStore
from kitaru.store.service.process import start_service, stop_service
from kitaru.store.service.record import read_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru.store.service.record import ServiceRecord


@pytest.fixture(autouse=True)
def chosen_anew() -> Iterator[None]:
    close_store()
    yield
    close_store()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceRecord]:
    home = tmp_path_factory.mktemp("elsewhere") / "server"
    yield start_service(home)
    stop_service(home)


def in_new_process(program: str, **settings: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **settings}
    imports = "from kitaru.store.connect import *; from kitaru.store.connect import choose_target\n"
    command = [sys.executable, "-c", imports + program]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout.strip()


def test_by_default_it_is_the_service_of_the_home(monkeypatch: pytest.MonkeyPatch, kitaru_home: Path) -> None:
    monkeypatch.delenv("KITARU_STORE")
    store = open_store()
    assert isinstance(store, ServiceStore)
    assert store.location == str(kitaru_home)
    assert not kitaru_home.exists()


def test_embedded_opens_the_home_in_this_process(kitaru_home: Path) -> None:
    store = open_store()
    assert isinstance(store, DuckDBStore)
    assert (store.location, read_record(kitaru_home)) == (str(kitaru_home), None)
    assert stat.S_IMODE(kitaru_home.stat().st_mode) == 0o700


def test_all_threads_get_the_same_store() -> None:
    found = []
    threads = [threading.Thread(target=lambda: found.append(open_store())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(store) for store in found} == {id(current_store())}


def test_an_unknown_mode_is_named_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_STORE", "memory")
    with pytest.raises(KitaruUsageError, match=r"'memory'.*'service'.*'embedded'"):
        open_store()


@pytest.mark.parametrize(("set_one", "missing"), [("SERVER_URL", "AUTH_TOKEN"), ("AUTH_TOKEN", "SERVER_URL")])
def test_a_server_without_a_token_or_a_token_without_a_server_is_an_error(
    monkeypatch: pytest.MonkeyPatch, set_one: str, missing: str
) -> None:
    monkeypatch.setenv(f"KITARU_{set_one}", "http://127.0.0.1:9")
    with pytest.raises(KitaruUsageError, match=f"KITARU_{missing} is not"):
        open_store()


def test_blank_settings_count_as_unset(monkeypatch: pytest.MonkeyPatch, kitaru_home: Path) -> None:
    for name in ("KITARU_SERVER_URL", "KITARU_AUTH_TOKEN", "KITARU_STORE"):
        monkeypatch.setenv(name, " ")
    assert choose_target().home == kitaru_home


def test_a_server_in_the_environment_wins_over_embedded_and_login(
    monkeypatch: pytest.MonkeyPatch, server: ServiceRecord
) -> None:
    connect(server.url, server.token)
    close_store()
    monkeypatch.setenv("KITARU_SERVER_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KITARU_AUTH_TOKEN", "of-the-environment")
    assert open_store().location == "http://127.0.0.1:9"


def test_embedded_wins_over_the_login(server: ServiceRecord, kitaru_home: Path) -> None:
    connect(server.url, server.token)
    close_store()
    assert choose_target().home == kitaru_home


def test_connecting_wins_over_everything_in_this_process(
    monkeypatch: pytest.MonkeyPatch, server: ServiceRecord
) -> None:
    monkeypatch.setenv("KITARU_SERVER_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KITARU_AUTH_TOKEN", "of-the-environment")
    before = open_store()
    store = connect(server.url, server.token)
    assert (open_store(), store.location) == (store, server.url)
    assert before is not store


def test_later_processes_find_the_login_until_it_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, server: ServiceRecord, kitaru_home: Path
) -> None:
    monkeypatch.delenv("KITARU_STORE")
    connect(server.url, server.token)
    file = config_folder() / "login.json"
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    there = open_store().read("info")["location"]
    assert in_new_process("print(open_store().read('info')['location'])") == there != str(kitaru_home)
    assert disconnect()
    assert in_new_process("print(choose_target().home)") == str(kitaru_home)
    assert current_target().home == kitaru_home
    assert not disconnect()


def test_a_server_that_refuses_is_not_remembered(server: ServiceRecord) -> None:
    with pytest.raises(KitaruBackendError, match=r"refuses the token from connect\(\)"):
        connect(server.url, "not-the-right-token")
    assert not (config_folder() / "login.json").exists()
    assert current_store() is None


def test_a_login_for_this_process_only_leaves_nothing_behind(server: ServiceRecord) -> None:
    connect(server.url, server.token, persist=False)
    assert not (config_folder() / "login.json").exists()


def test_a_damaged_login_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KITARU_STORE")
    monkeypatch.setenv("KITARU_CONFIG_PATH", str(tmp_path))
    (tmp_path / "login.json").write_text("{}")
    with pytest.raises(KitaruUsageError, match=r"login\.json.*kitaru connect"):
        open_store()


def test_a_store_once_chosen_stays_though_folder_and_home_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kitaru_home: Path
) -> None:
    store = open_store()
    monkeypatch.setenv("KITARU_HOME", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path)
    assert open_store() is store
    assert current_target().home == kitaru_home
    close_store()
    assert open_store().location == str(tmp_path / "other")


def test_a_project_below_the_working_directory_has_its_own_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KITARU_HOME")
    home = init_home(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert (find_home(), open_store().location) == (home, str(home))


def test_a_lent_store_is_used_inside_the_block_only(tmp_path: Path) -> None:
    before = open_store()
    other = DuckDBStore(tmp_path / "other")
    with use_store(other) as lent:
        assert (lent, open_store(), current_store()) == (other, other, other)
    assert open_store() is before
    other.read("info")
    other.close()


def test_an_embedded_store_is_written_out_when_the_process_ends(kitaru_home: Path) -> None:
    program = (
        "open_store().append([{'events': [{'kind': 'execution.created', 'at': 0.0, 'exec_id': 'kr-a', "
        "'body': {'flow': 'f'}}]}], durable=False)"
    )
    in_new_process(program)
    assert open_store().read("resolve", prefix="kr-a") == ["kr-a"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_chooses_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KITARU_STORE")
    store = open_store()
    child = os.fork()
    if child == 0:
        os._exit(0 if current_store() is None and open_store() is not store else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert open_store() is store
