"""Deployments over HTTP: a real service, its own worker, and whoever has the token."""

from __future__ import annotations

import subprocess
import sys
from datetime import date  # noqa: TC003 -- Pydantic reads the annotations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import BaseModel

from kitaru.client import KitaruClient
from kitaru.client.provenance import Source
from kitaru.runtime.engine import close_engines
from kitaru.runtime.flow import flow
from kitaru.store.connect import close_store
from kitaru.store.service.process import start_service, stop_service
from tests.conftest import close_everything

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
HERE = Source("# script", None, __file__)


class Item(BaseModel):
    name: str
    price: float = 1.0


@flow
def http_total(items: list[Item], day: date, times: int = 1) -> dict[str, Any]:
    """Add up."""
    return {"sum": sum(item.price for item in items) * times, "weekday": day.weekday()}


@flow
def http_opaque() -> object:
    return {1, 2}, lambda: 1


@flow
def http_fails() -> None:
    raise ValueError("nothing to see")


class Api:
    """A service and a client that has its token."""

    def __init__(self, home: Path) -> None:
        self.record = start_service(home)
        self.http = httpx.Client(
            base_url=self.record.url, headers={"Authorization": f"Bearer {self.record.token}"}, timeout=30
        )

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.http.post(path, json={} if body is None else body, **options)

    def get(self, path: str) -> Any:
        return self.http.get(path).json()

    def ended(self, exec_id: str) -> Any:
        KitaruClient().engine.end_of(exec_id).result(60)
        return self.get(f"/executions/{exec_id}")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    home = tmp_path_factory.mktemp("invoked") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home.parent / "data"))
        patch.setenv("PYTHONPATH", str(ROOT))
        served = Api(home)
        patch.setenv("KITARU_HOME", str(home))
        patch.setenv("KITARU_STORE", "service")
        client = KitaruClient()
        for deployed in (http_total, http_opaque, http_fails):
            client.deployments.deploy(deployed, source=HERE)
        close_engines()
        close_store()
    yield served
    served.http.close()
    stop_service(home)


@pytest.fixture(autouse=True)
def at_home(api: Api, kitaru_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> None:
    monkeypatch.setenv("KITARU_SERVER_URL", api.record.url)
    monkeypatch.setenv("KITARU_AUTH_TOKEN", api.record.token)
    monkeypatch.delenv("KITARU_STORE")


GOOD = {"items": [{"name": "a", "price": 2.5}, {"name": "b"}], "day": "2026-01-02"}


def test_an_invocation_is_accepted_at_once_and_its_result_is_read(api: Api) -> None:
    answer = api.post("/deployments/http_total/invoke", GOOD)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["flow"], told["version"]) == ("http_total", 1)
    assert answer.headers["location"] == f"/executions/{told['exec_id']}"
    assert api.get(answer.headers["location"])["status"] in ("pending", "running", "completed")
    ended = api.ended(told["exec_id"])
    assert (ended["status"], ended["result"]) == ("completed", {"sum": 3.5, "weekday": 4})
    assert (ended["version"], ended["error"]) == (1, None)
    assert (ended["invoked_by"], ended["invoked_via"]) == (None, "http")


def test_the_same_key_gives_the_same_execution(api: Api) -> None:
    headers = {"Idempotency-Key": "order-7"}
    first, second = (api.post("/deployments/http_total/invoke", GOOD, headers=headers).json() for _ in range(2))
    assert first == second
    other = api.post("/deployments/http_total/invoke", {**GOOD, "times": 2}, headers=headers)
    assert other.status_code == 409
    assert "'order-7'" in other.json()["error"]["message"]
    client = KitaruClient()
    assert len([one for one in client.executions.list(flow="http_total") if one.exec_id == first["exec_id"]]) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/deployments/none/invoke", {}, 404, "Flow none has no deployment"),
        ("/deployments/http_total/invoke?version=9", GOOD, 404, "no deployment of version 9; it has version 1"),
        ("/deployments/http_total/invoke?tag=stable", GOOD, 404, "has the tag stable. Its tags are default"),
        ("/deployments/http_total/invoke?version=1&tag=default", GOOD, 400, "not both"),
        ("/deployments/http_total/invoke?version=x", GOOD, 400, "version=x is no version"),
        ("/deployments/http_total/invoke?version=0", GOOD, 400, "version=0 is no version"),
        ("/deployments/http_total/invoke", {}, 400, "'items' is missing"),
        ("/deployments/http_total/invoke", {**GOOD, "times": "2"}, 400, "$.times: '2' is not of type 'integer'"),
        ("/deployments/http_total/invoke", {**GOOD, "more": 1}, 400, "Its parameters are: items, day, times"),
        ("/deployments/http_total/invoke", {**GOOD, "day": "x"}, 400, "$.day"),
        ("/deployments/http_total/invoke", [1], 400, "an object is expected"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_in_a_sentence(api: Api, path: str, body: Any, status: int, told: str) -> None:
    answer = api.post(path, body)
    assert (answer.status_code, told in answer.json()["error"]["message"]) == (status, True), answer.text


def test_a_body_that_is_no_json_is_told(api: Api) -> None:
    answer = api.http.post("/deployments/http_total/invoke", content=b"{no")
    assert (answer.status_code, "no JSON" in answer.text) == (400, True)


def test_inputs_beyond_the_limit_are_refused(api: Api) -> None:
    answer = api.http.post("/deployments/http_total/invoke", content=b'{"x":"' + b"x" * (9 << 20) + b'"}')
    assert answer.status_code == 413


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_a_bounded_length(api: Api, key: str) -> None:
    answer = api.post("/deployments/http_total/invoke", GOOD, headers={"Idempotency-Key": key})
    assert (answer.status_code, "Idempotency-Key has 1 to 255" in answer.text) == (400, True)


def test_nobody_comes_in_without_the_token(api: Api) -> None:
    for path in ("/deployments", "/openapi.json", "/executions/kr-1"):
        assert httpx.get(f"{api.record.url}{path}").status_code == 401
    assert httpx.post(f"{api.record.url}/deployments/http_total/invoke", json=GOOD).status_code == 401


def test_what_there_is_is_listed(api: Api) -> None:
    listed = api.get("/deployments")["deployments"]
    assert [one["flow"] for one in listed] == ["http_fails", "http_opaque", "http_total"]
    shown = api.get("/deployments/http_total")
    assert shown["versions"][0]["schema"]["required"] == ["items", "day"]
    assert shown["versions"][0]["invoke"] == "/deployments/http_total/invoke?version=1"
    assert "script" not in shown["versions"][0]
    assert api.http.get("/deployments/none").status_code == 404


def test_a_result_that_json_cannot_hold_is_told_by_its_preview(api: Api) -> None:
    exec_id = api.post("/deployments/http_opaque/invoke").json()["exec_id"]
    ended = api.ended(exec_id)
    assert (ended["status"], ended["result"], ended["result_type"]) == ("completed", None, "builtins.tuple")
    assert ended["result_preview"]


def test_a_failure_is_told_without_a_traceback(api: Api) -> None:
    exec_id = api.post("/deployments/http_fails/invoke").json()["exec_id"]
    ended = api.ended(exec_id)
    assert (ended["status"], ended["error"]) == ("failed", {"type": "ValueError", "message": "nothing to see"})


def test_an_execution_that_is_not_there_is_not_found(api: Api) -> None:
    assert api.http.get("/executions/kr-000000000000").status_code == 404


def test_another_method_is_told_which_ones_there_are(api: Api) -> None:
    answer = api.http.put("/deployments")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@pytest.mark.slow
def test_a_client_that_is_made_from_the_document_finds_no_fault(
    tmp_path: Path, kitaru_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server's service has no worker: invocations are recorded, and none is run.
    record = start_service(tmp_path / "home", token="a-token-of-a-server")
    monkeypatch.setenv("KITARU_SERVER_URL", record.url)
    monkeypatch.setenv("KITARU_AUTH_TOKEN", record.token)
    for deployed in (http_total, http_opaque):
        deployed.deploy(tags=["canary"])
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{record.url}/openapi.json",
        "--header",
        f"Authorization: Bearer {record.token}",
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        "8",
        "--seed",
        "1",
        "--no-color",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        assert KitaruClient().executions.list(flow="http_total", status="pending").total > 0
    finally:
        close_everything()
        stop_service(tmp_path / "home")
