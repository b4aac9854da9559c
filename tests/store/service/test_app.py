"""What any HTTP client sees; the Python client is tested in test_client."""

from __future__ import annotations

import http.client
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
import pytest

from kitaru.store.service import wire
from tests.store.service.traffic import creation, entry
from tests.store.service.traffic import http as ask

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.store.service.record import ServiceRecord

Shared = tuple["Path", "ServiceRecord"]

ROUTES = [
    ("POST", "/v1/append"),
    ("POST", "/v1/read/info"),
    ("POST", "/v1/sql"),
    ("GET", "/v1/watch"),
    ("GET", "/v1/payloads"),
    ("GET", f"/v1/payloads/{'0' * 64}"),
    ("PUT", f"/v1/payloads/{'0' * 64}"),
    ("DELETE", f"/v1/payloads/{'0' * 64}"),
    ("POST", "/v1/beat"),
    ("GET", "/v1/health"),
    ("POST", "/v1/shutdown"),
    ("POST", "/v1/maintenance/verify"),
    ("GET", "/no/such/route"),
]


def message(answer: dict[str, dict[str, str]]) -> str:
    return f"{answer['error']['type']}: {answer['error']['message']}"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_without_the_token(shared: Shared, method: str, path: str) -> None:
    status, answer = ask(shared[1], method, path, Authorization="")
    assert status == 401
    assert message(answer).startswith("KitaruBackendError: The request carries no token")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_to_a_wrong_token(shared: Shared, method: str, path: str) -> None:
    status, answer = ask(shared[1], method, path, Authorization="Bearer wrong")
    assert status == 401
    assert "service.json" in message(answer)
    assert shared[1].token not in message(answer)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_under_another_name_of_this_machine(shared: Shared, method: str, path: str) -> None:
    status, answer = ask(shared[1], method, path, Host="attacker.example")
    assert status == 403
    assert "attacker.example" in message(answer)


def test_a_page_of_another_origin_can_neither_write_nor_read(shared: Shared) -> None:
    body = orjson.dumps({"batches": [creation("kr-forged")]})
    plain = ask(
        shared[1], "POST", "/v1/append", body, Authorization="", Origin="https://a.example", Content_Type="text/plain"
    )
    preflight = ask(shared[1], "OPTIONS", "/v1/append", Authorization="", Origin="https://a.example")
    assert (plain[0], preflight[0]) == (401, 401)
    assert ask(shared[1], "POST", "/v1/read/resolve", b'{"prefix": "kr-forged"}')[1] == {"result": []}


def test_no_answer_allows_other_origins(shared: Shared) -> None:
    connection = http.client.HTTPConnection(urlsplit(shared[1].url).netloc, timeout=60)
    for authorization in (f"Bearer {shared[1].token}", "Bearer wrong"):
        connection.request("GET", "/v1/health", headers={"Authorization": authorization, "Origin": "https://a.example"})
        answer = connection.getresponse()
        answer.read()
        assert [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")] == []
    connection.close()


def test_health_says_who_answers(shared: Shared) -> None:
    status, health = ask(shared[1], "GET", "/v1/health")
    assert status == 200
    assert (health["pid"], health["home"], health["protocol"]) == (shared[1].pid, str(shared[0]), wire.PROTOCOL)
    assert health["kitaru"] == wire.kitaru_version()
    assert health["uptime"] >= 0


def test_an_unknown_route_is_named_with_the_services_version(shared: Shared) -> None:
    for method, path in (("GET", "/v1/nothing"), ("DELETE", "/v1/sql"), ("GET", "/"), ("GET", "/v1/append")):
        status, answer = ask(shared[1], method, path)
        assert status in (404, 405)
        assert f"no route {method} {path}" in message(answer)


def test_an_append_is_read_back(shared: Shared) -> None:
    body = orjson.dumps({"batches": [creation("kr-plain"), entry("kr-plain", 1)]})
    status, answer = ask(shared[1], "POST", "/v1/append", body)
    assert (status, [set(ack) for ack in answer["acks"]]) == (200, [{"position"}, {"position"}])
    status, answer = ask(shared[1], "POST", "/v1/read/execution", b'{"exec_id": "kr-plain"}')
    assert (status, answer["result"]["execution"]["exec_id"]) == (200, "kr-plain")


def test_a_repeated_append_gets_the_first_ones_answer_and_writes_nothing(shared: Shared) -> None:
    body = orjson.dumps({"batches": [creation("kr-twice")]})
    answers = [
        ask(shared[1], "POST", "/v1/append", body, X_Kitaru_Client="test-client", X_Kitaru_Sequence="1")
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert "refused" not in answers[0][1]["acks"][0]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", "no JSON"),
        (b"[]", "an object is expected"),
        (b"{}", "needs 'batches'"),
        (b'{"batches": {}}', "needs 'batches'"),
        (b'{"batches": [{"events": [{"kind": "nothing"}]}]}', "'kind'"),
    ],
)
def test_a_body_that_is_no_append_is_explained(shared: Shared, body: bytes, expected: str) -> None:
    status, answer = ask(shared[1], "POST", "/v1/append", body)
    assert status == 400
    assert expected in message(answer)


@pytest.mark.parametrize("body", [b'{"batches": [{}]}', b'{"batches": [1]}', b'{"batches": [{"events": [1]}]}'])
def test_a_malformed_batch_harms_nobody_else(shared: Shared, body: bytes) -> None:
    status, _ = ask(shared[1], "POST", "/v1/append", body)
    assert 400 <= status < 600
    assert ask(shared[1], "GET", "/v1/health")[0] == 200


def test_a_sequence_that_is_no_number_is_refused(shared: Shared) -> None:
    status, answer = ask(
        shared[1], "POST", "/v1/append", b'{"batches": []}', X_Kitaru_Client="c", X_Kitaru_Sequence="-1"
    )
    assert status == 400
    assert "X-Kitaru-Sequence" in message(answer)


@pytest.mark.parametrize("path", ["/v1/read/info", "/v1/sql", "/v1/beat"])
def test_a_body_that_is_too_large_is_refused_with_the_limit(shared: Shared, path: str) -> None:
    status, answer = ask(shared[1], "POST", path, b" " * (wire.MAX_QUESTION + 1))
    assert status == 413
    assert message(answer).startswith(f"KitaruUsageError: The request is larger than the {wire.MAX_QUESTION} bytes")


def test_a_body_of_unknown_length_is_counted_while_it_comes(shared: Shared) -> None:
    connection = http.client.HTTPConnection(urlsplit(shared[1].url).netloc, timeout=60)
    pieces = (b" " * (1 << 20) for _ in range((wire.MAX_QUESTION >> 20) + 2))
    connection.request(
        "POST", "/v1/beat", pieces, headers={"Authorization": f"Bearer {shared[1].token}"}, encode_chunked=True
    )
    answer = connection.getresponse()
    assert (answer.status, b"larger than" in answer.read()) == (413, True)
    connection.close()


def test_an_unknown_question_is_an_error_of_the_caller(shared: Shared) -> None:
    status, answer = ask(shared[1], "POST", "/v1/read/nonsense", b"{}")
    assert status == 400
    assert "nonsense" in message(answer)


def test_a_missing_execution_is_404(shared: Shared) -> None:
    status, answer = ask(shared[1], "POST", "/v1/read/execution", b'{"exec_id": "kr-missing"}')
    assert (status, answer["error"]["type"]) == (404, "KitaruNotFoundError")


def test_a_watch_needs_a_position_that_is_a_number(shared: Shared) -> None:
    status, answer = ask(shared[1], "GET", "/v1/watch?after=soon")
    assert status == 400
    assert "'after'" in message(answer)


def test_an_unknown_maintenance_task_is_named(shared: Shared) -> None:
    status, answer = ask(shared[1], "POST", "/v1/maintenance/format")
    assert (status, "verify" in message(answer)) == (404, True)


def test_a_connection_that_speaks_no_http_is_closed(shared: Shared) -> None:
    connection = http.client.HTTPConnection(urlsplit(shared[1].url).netloc, timeout=60)
    connection.connect()
    connection.sock.sendall(b"\x16\x03\x01\x00\xa5 not http\r\n\r\n")
    assert connection.sock.recv(65536).startswith(b"HTTP/1.1 400")
    connection.close()


def test_the_files_of_a_home_are_its_owners_alone(shared: Shared) -> None:
    home, _ = shared
    open_to_others = [path for path in (home, *home.rglob("*")) if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_the_token_is_in_no_log_and_on_no_command_line(shared: Shared) -> None:
    home, record = shared
    ask(record, "GET", "/v1/health", Authorization=f"Bearer {record.token}x")
    assert record.token not in (home / "service.log").read_text()
    assert record.token not in repr(record)
    if os.path.exists(f"/proc/{record.pid}/cmdline"):
        for name in ("cmdline", "environ"):
            with open(f"/proc/{record.pid}/{name}", "rb") as file:
                assert record.token.encode() not in file.read()
