from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from kitaru.errors import (
    KitaruError,
    KitaruStateError,
    KitaruStoreBusyError,
    KitaruStoreVersionError,
    KitaruUsageError,
)
from kitaru.store.duckdb import DuckDBStore
from kitaru.store.home import ensure_home, known_homes
from kitaru.store.runner import runner_identity
from kitaru.store.service import wire
from kitaru.store.service.client import ServiceStore
from kitaru.store.service.process import ensure_service, find_service, service_status, start_service, stop_service
from kitaru.store.service.record import ServiceRecord, read_record, write_record
from tests.conftest import until
from tests.store.service.traffic import creation, event
from tests.store.service.traffic import http as ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "a-token-that-is-long-enough"


def services_of(home: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "kitaru.store.service" in line and str(home) in line:
            found.append(process.pid)
    return found


def python(program: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment)


def ask_pid(home: Path) -> int:
    store = ServiceStore.local(home)
    try:
        return store.health()["pid"]
    finally:
        store.close()


def test_the_first_use_starts_exactly_one_service_though_many_processes_race(home: Path) -> None:
    program = (
        "from pathlib import Path; from kitaru.store.service.client import ServiceStore; "
        f"print(ServiceStore.local(Path({str(home)!r})).health()['pid'])"
    )
    racing = [python(program) for _ in range(5)]
    pids = {int(process.communicate(timeout=60)[0]) for process in racing}
    assert pids == {read_record(home).pid}  # type: ignore[union-attr]
    assert services_of(home) == sorted(pids)


def test_a_service_is_nobodys_child_works_in_its_home_and_is_known_to_those_who_show_all_homes(home: Path) -> None:
    assert service_status(home) is None
    assert not home.exists()
    record = start_service(home)
    process = psutil.Process(record.pid)
    assert process not in psutil.Process().children(recursive=True)
    assert process.cwd() == str(home)
    assert os.getsid(process.pid) != os.getsid(0)
    assert known_homes() == [home]
    status = service_status(home)
    assert status is not None
    assert (status["url"], status["pid"], status["home"]) == (record.url, record.pid, str(home))
    assert record.token not in str(status)


def test_starting_twice_is_once_and_never_at_another_address(home: Path) -> None:
    assert start_service(home) == start_service(home)
    with pytest.raises(KitaruStateError, match="service stop"):
        start_service(home, token=TOKEN)


def test_stopping_leaves_no_process_no_record_and_a_free_home(home: Path) -> None:
    record = start_service(home)
    assert stop_service(home)
    assert (record.is_alive(), read_record(home), service_status(home)) == (False, None, None)
    DuckDBStore(home).close()
    assert not stop_service(home)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_a_service_for_other_machines_needs_a_token_of_the_users_choice(home: Path, host: str) -> None:
    with pytest.raises(KitaruUsageError, match="needs a token"):
        start_service(home, host=host)
    assert read_record(home) is None


def test_a_token_that_can_be_guessed_is_refused(home: Path) -> None:
    with pytest.raises(KitaruUsageError, match="16 characters"):
        start_service(home, token="short")


def test_a_service_takes_the_users_token_and_port(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    record = start_service(home, port=port, token=TOKEN)
    assert (record.url, record.token) == (f"http://127.0.0.1:{port}", TOKEN)
    assert ask(record, "GET", "/v1/health")[0] == 200


def test_a_port_that_is_taken_is_an_error_that_names_it(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(KitaruUsageError, match=str(taken.getsockname()[1])):
            start_service(home, port=taken.getsockname()[1])


@pytest.mark.parametrize("whose", ["dead", "reused"])
def test_a_record_that_a_killed_service_left_is_not_believed(home: Path, whose: str) -> None:
    ensure_home(home)
    pid = os.getpid()
    if whose == "dead":
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        pid = ended.pid
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    stale = ServiceRecord(pid, 1.0, "127.0.0.1", port, token=TOKEN, kitaru="0")
    write_record(home, stale)
    assert not stop_service(home)
    record = ensure_service(home)
    assert record.pid != pid
    assert record == read_record(home)


def test_another_program_that_got_the_port_is_not_taken_for_the_service(home: Path, tmp_path: Path) -> None:
    other = start_service(tmp_path / "other")
    try:
        ensure_home(home)
        write_record(home, ServiceRecord(1, 1.0, "127.0.0.1", other.port, token=TOKEN, kitaru="0"))
        assert ensure_service(home).port != other.port
    finally:
        stop_service(tmp_path / "other")


def test_a_record_that_cannot_be_read_is_written_anew(home: Path) -> None:
    ensure_home(home)
    (home / "service.json").write_text('{"pid": ')
    assert ask_pid(home) == read_record(home).pid  # type: ignore[union-attr]


def test_a_process_that_embeds_the_store_is_named_to_who_wants_a_service(home: Path) -> None:
    store = DuckDBStore(home)
    try:
        with pytest.raises(KitaruStoreBusyError, match=str(os.getpid())):
            ensure_service(home)
    finally:
        store.close()
    assert services_of(home) == []


def test_a_service_is_named_to_who_wants_to_embed_the_store(home: Path) -> None:
    record = ensure_service(home)
    with pytest.raises(KitaruStoreBusyError, match=str(record.pid)):
        DuckDBStore(home)


def test_a_service_that_cannot_start_says_why(home: Path) -> None:
    ensure_home(home)
    (home / "journal").write_text("this is no folder")
    with pytest.raises(KitaruError, match=str(home)):
        ensure_service(home)


def test_an_idle_service_goes_away_by_itself(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_SERVICE_IDLE", "0.4")
    record = ensure_service(home)
    assert record.wait_until_gone(60)
    assert read_record(home) is None
    assert "nobody needed the service" in (home / "service.log").read_text()


def test_a_service_whose_home_was_removed_goes_away_whatever_kept_it(home: Path) -> None:
    fill(home, creation("kr-a"), claim("kr-a"))
    record = start_service(home, idle_timeout=0.3)
    shutil.rmtree(home)
    assert record.wait_until_gone(60)
    assert not home.exists()


def test_a_setting_that_is_no_number_of_seconds_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_SERVICE_IDLE", "soon")
    with pytest.raises(KitaruUsageError, match="KITARU_SERVICE_IDLE"):
        ensure_service(home)


def fill(home: Path, *batches: Any) -> None:
    with DuckDBStore(home) as store:
        assert not any("refused" in ack for ack in store.append(batches))


def claim(exec_id: str) -> Any:
    return {"events": [event("execution.claimed", exec_id, runner=runner_identity()) | {"epoch": 1}]}


def completion(exec_id: str) -> Any:
    return {"events": [event("execution.completed", exec_id, output=None) | {"epoch": 1}]}


def test_a_running_execution_a_watch_and_a_deadline_keep_the_service_and_the_end_of_the_last_lets_it_go(
    home: Path,
) -> None:
    fill(home, creation("kr-a"), claim("kr-a"), creation("kr-b"))
    record = start_service(home, idle_timeout=0.3)
    assert not record.wait_until_gone(1.0)
    store = ServiceStore.local(home)
    watch = store.watch()
    store.append([completion("kr-a")])
    assert not record.wait_until_gone(1.0)
    deadline = {"deadline": time.time() + 3600, "default": True}
    store.append([{"events": [event("wait.created", "kr-b", wait="sure", question="?", schema=None, **deadline)]}])
    watch.close()
    assert not record.wait_until_gone(1.0)
    store.append([{"events": [event("wait.answered", "kr-b", wait="sure", value=True, by="me", source="input")]}])
    store.close()
    assert record.wait_until_gone(60)


def test_a_service_that_is_stopped_stays_away_though_somebody_watches_and_the_watch_goes_on_with_the_next_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_service(home)
    store, looks, heard = ServiceStore.local(home), [], []
    look = store.look
    monkeypatch.setattr(store, "look", lambda: looks.append(look()) or looks[-1])
    watch = store.watch(kinds=["execution.created"])

    def listen() -> None:
        for created in watch:
            heard.append(created["exec_id"])
            watch.close()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    stop_service(home)
    until(lambda: looks.count(None) >= 3)
    assert service_status(home) is None
    store.append([creation("kr-a")])
    listener.join(60)
    assert heard == ["kr-a"]
    store.close()


@pytest.fixture
def service_of_protocol(home: Path) -> Iterator[Any]:
    """Start a service that speaks another protocol number; ended by its pid."""
    started: list[subprocess.Popen[bytes]] = []

    def start(protocol: int) -> ServiceRecord:
        program = (
            f"from kitaru.store.service import wire; wire.PROTOCOL = {protocol}\n"
            f"from kitaru.store.service.__main__ import main; main(['--home', {str(home)!r}])"
        )
        started.append(python(program))
        record = until(lambda: read_record(home))
        assert isinstance(record, ServiceRecord)
        return record

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_an_older_service_that_nobody_needs_is_replaced(home: Path, service_of_protocol: Any) -> None:
    old = service_of_protocol(wire.PROTOCOL - 1)
    assert ask_pid(home) not in (old.pid, 0)
    assert "stopped" not in str(find_service(home))


def test_an_older_service_with_a_running_execution_is_left_alone(home: Path, service_of_protocol: Any) -> None:
    old = service_of_protocol(wire.PROTOCOL - 1)
    import orjson

    status, _ = ask(old, "POST", "/v1/append", orjson.dumps({"batches": [creation("kr-a"), claim("kr-a")]}))
    assert status == 200
    with pytest.raises(KitaruStoreVersionError, match=r"kr-a is running.*kitaru service stop"):
        ask_pid(home)
    assert psutil.pid_exists(old.pid)


def test_a_newer_service_tells_the_client_to_upgrade(home: Path, service_of_protocol: Any) -> None:
    service_of_protocol(wire.PROTOCOL + 1)
    with pytest.raises(KitaruStoreVersionError, match="pip install --upgrade"):
        ask_pid(home)


def test_a_service_in_the_foreground_serves_until_it_is_told_to_stop(home: Path) -> None:
    program = (
        "from pathlib import Path; from kitaru.store.service.process import start_service; "
        f"print(start_service(Path({str(home)!r}), foreground=True).port)"
    )
    process = python(program)
    record = until(lambda: read_record(home))
    assert record.pid == process.pid
    assert ask_pid(home) == process.pid
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0].strip() == str(record.port).encode()
    assert read_record(home) is None


def test_whoever_loses_the_race_for_a_home_leaves_quietly(home: Path) -> None:
    record = ensure_service(home)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "kitaru.store.service", "--home", str(home), "--detach"]
    loser = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
    assert b"KitaruStoreBusyError" in loser.stdout
    assert find_service(home) == record


def test_only_this_machine_can_ask_for_the_end(home: Path) -> None:
    record = ensure_service(home)
    assert ask(record, "POST", "/v1/shutdown", b"{}")[0] == 200
    assert record.wait_until_gone(60)
