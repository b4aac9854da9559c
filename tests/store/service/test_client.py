from __future__ import annotations

import io
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from kitaru.errors import (
    KitaruBackendError,
    KitaruNotFoundError,
    KitaruStoreError,
    KitaruStoreVersionError,
    KitaruUsageError,
)
from kitaru.store.payloads import FilePayloads
from kitaru.store.service import client, wire
from kitaru.store.service.client import ServiceStore
from kitaru.store.service.process import start_service, stop_service
from kitaru.store.service.record import ServiceRecord, read_record, write_record
from tests.store.service.traffic import creation, entry, event, numbers

if TYPE_CHECKING:
    from pathlib import Path

Shared = tuple["Path", ServiceRecord]


@pytest.fixture
def local(shared: Shared):
    store = ServiceStore.local(shared[0])
    yield store
    store.close()


@pytest.fixture
def remote(shared: Shared):
    store = ServiceStore.remote(shared[1].url, shared[1].token)
    yield store
    store.close()


def test_nothing_is_started_before_the_first_request(home: Path) -> None:
    store = ServiceStore.local(home)
    assert store.location == str(home)
    assert not home.exists()
    store.close()


def test_a_write_is_seen_by_the_next_read(local: ServiceStore) -> None:
    acks = local.append([creation("kr-a"), entry("kr-a", 1)])
    assert [set(ack) for ack in acks] == [{"position"}, {"position"}]
    assert numbers(local, "kr-a") == [1]


def test_a_refusal_comes_back_with_its_reason(local: ServiceStore) -> None:
    local.append([creation("kr-twice")])
    (ack,) = local.append([creation("kr-twice")])
    assert ack["refused"]["code"] == "conflict"


def test_what_is_not_durable_is_accepted_and_seen(local: ServiceStore) -> None:
    local.append([creation("kr-soft"), entry("kr-soft", 7)], durable=False)
    assert numbers(local, "kr-soft") == [7]


def test_errors_of_the_store_are_raised_as_themselves(local: ServiceStore) -> None:
    with pytest.raises(KitaruNotFoundError, match="kr-nothing"):
        local.read("execution", exec_id="kr-nothing")
    with pytest.raises(KitaruUsageError):
        local.read("no such question")
    with pytest.raises(KitaruUsageError):
        local.append([{"events": [{"kind": "nonsense"}]}])  # type: ignore[typeddict-item]


def test_sql_comes_back_as_an_arrow_stream(local: ServiceStore) -> None:
    local.append([creation("kr-sql")])
    answer = local.sql("SELECT count(*) AS n FROM executions WHERE exec_id = $id", {"id": "kr-sql"})
    assert pa.ipc.open_stream(io.BytesIO(answer)).read_all().to_pylist() == [{"n": 1}]


def test_a_beat_is_taken(local: ServiceStore) -> None:
    local.beat("r-somewhere")


def test_an_append_that_no_service_takes_is_refused_before_it_is_sent(local: ServiceStore) -> None:
    with pytest.raises(KitaruUsageError, match="Save large values as payloads"):
        local.append([{"events": [event("execution.logged", "kr-a", metadata={"x": "y" * wire.MAX_APPEND})]}])


def test_many_threads_share_one_store(local: ServiceStore) -> None:
    local.append([creation("kr-threads")])

    def write(first: int) -> None:
        for number in range(first, first + 25):
            local.append([entry("kr-threads", number)])

    threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 200, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers(local, "kr-threads")) == list(range(200))


def test_a_closed_store_says_so(shared: Shared) -> None:
    store = ServiceStore.local(shared[0])
    store.health()
    store.close()
    store.close()
    with pytest.raises(KitaruStoreError, match="closed"):
        store.health()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_writes_under_its_own_name(local: ServiceStore) -> None:
    local.append([creation("kr-fork"), entry("kr-fork", 0)])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for number in range(100, 150):
                local.append([entry("kr-fork", number)])
            status = 0
        finally:
            os._exit(status)
    for number in range(1, 51):
        local.append([entry("kr-fork", number)])
    assert os.waitpid(child, 0)[1] == 0
    assert sorted(numbers(local, "kr-fork")) == [*range(51), *range(100, 150)]


def test_a_service_that_ends_while_nobody_asks_is_started_by_the_next_call(store: ServiceStore, home: Path) -> None:
    store.append([creation("kr-a"), entry("kr-a", 1)])
    first = store.health()["pid"]
    stop_service(home)
    store.append([entry("kr-a", 2)])
    assert store.health()["pid"] != first
    assert numbers(store, "kr-a") == [1, 2]


def test_a_local_store_uses_the_payload_files_themselves(local: ServiceStore) -> None:
    assert isinstance(local.payloads, FilePayloads)


def test_a_record_with_another_token_is_read_again_when_the_old_one_is_refused(store: ServiceStore, home: Path) -> None:
    store.health()
    record = read_record(home)
    assert record is not None
    stop_service(home)
    start_service(home, port=record.port)
    assert store.health()["pid"] != record.pid


def test_a_token_that_the_home_itself_has_wrong_is_an_error_that_names_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.5)
    record = start_service(home)
    wrong = ServiceRecord(record.pid, record.started, record.host, record.port, token="x" * 20, kitaru="0")
    write_record(home, wrong)
    store = ServiceStore.local(home)
    with pytest.raises(KitaruBackendError, match=r"service\.json"):
        store.health()
    store.close()
    write_record(home, record)


def test_a_remote_store_does_what_a_local_one_does(remote: ServiceStore, shared: Shared) -> None:
    remote.append([creation("kr-remote"), entry("kr-remote", 3)])
    assert numbers(remote, "kr-remote") == [3]
    assert remote.location == shared[1].url


def test_a_remote_store_says_whose_token_is_wrong(shared: Shared) -> None:
    store = ServiceStore.remote(shared[1].url, "not-the-right-token", origin="KITARU_AUTH_TOKEN")
    with pytest.raises(KitaruBackendError, match="refuses the token from KITARU_AUTH_TOKEN") as caught:
        store.health()
    assert "not-the-right-token" not in f"{caught.value} {store!r}"


def test_a_remote_server_that_is_not_there_is_given_up_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.3)
    store = ServiceStore.remote("http://127.0.0.1:9", "some-token")
    with pytest.raises(KitaruBackendError, match=r"could not be reached.*kitaru service status"):
        store.health()
    with pytest.raises(KitaruUsageError, match="asks for a token"):
        ServiceStore.remote("http://127.0.0.1:9", "")


def test_a_remote_server_of_another_protocol_says_which_side_to_upgrade(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, side in ((wire.PROTOCOL + 1, "the server"), (wire.PROTOCOL - 1, "this client")):
        monkeypatch.setattr(wire, "PROTOCOL", number)
        with pytest.raises(KitaruStoreVersionError, match=f"Upgrade {side}"):
            ServiceStore.remote(shared[1].url, shared[1].token).health()
        monkeypatch.undo()


class AwayAtFirst(BaseHTTPRequestHandler):
    """A proxy whose server is away for the first few requests."""

    left = 3

    def do_GET(self) -> None:
        body = b'{"protocol": %d, "kitaru": "1", "pid": 7}' % wire.PROTOCOL
        type(self).left -= 1
        self.send_response(503 if self.left >= 0 else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None: ...


def test_a_proxy_that_says_the_server_is_away_is_asked_again() -> None:
    with HTTPServer(("127.0.0.1", 0), AwayAtFirst) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        store = ServiceStore.remote(f"http://127.0.0.1:{proxy.server_port}", "some-token")
        assert store.health()["pid"] == 7
        store.close()
        proxy.shutdown()
        thread.join()


@pytest.mark.parametrize("url", ["ftp://example.org", "http://", "http://user:secret@example.org", "file:///tmp"])
def test_an_address_that_is_none_is_refused_without_showing_secrets(url: str) -> None:
    with pytest.raises(KitaruUsageError) as caught:
        ServiceStore.remote(url, "some-token")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", ["two words", "line\r\nX-Evil: 1", "é"])
def test_a_token_that_could_forge_a_header_is_refused(token: str) -> None:
    with pytest.raises(KitaruUsageError, match="token"):
        ServiceStore.remote("http://127.0.0.1:9", token)


def test_requests_share_one_connection(store: ServiceStore) -> None:
    """A new connection for each request would double the cost of a checkpoint."""
    store.read("info")
    connection = store._lanes[-1].connection
    assert connection is not None
    opened = connection._socket
    assert opened is not None
    store.read("info")
    assert store._lanes[-1].connection is connection
    assert connection._socket is opened
