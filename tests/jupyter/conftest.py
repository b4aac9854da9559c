"""A Jupyter server with the extension, and one home for all tests that only read."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 -- the fixtures of pytest-jupyter
from traitlets.config import Config

from kitaru.store.service.process import stop_service
from tests.conftest import close_everything
from tests.jupyter import flows
from tests.jupyter.following import Pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Recorded:
    """What the home of the reading tests holds."""

    home: Path
    mark: Path
    report: str
    other: str
    failing: str
    keeping: str


@pytest.fixture(scope="package")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    folder = tmp_path_factory.mktemp("recorded")
    home, mark = folder / "home", folder / "unpickled"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KITARU_HOME", str(home))
        patch.setenv("KITARU_STORE", "service")
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        handles = [
            flows.report.run("cats"),
            flows.report.run("dogs"),
            flows.failing.run(),
            flows.keeping.run(str(mark)),
        ]
        for handle in handles:
            handle._engine.end_of(handle.exec_id).result(60)
        close_everything()
        mark.unlink(missing_ok=True)  # whoever stores a value may read it back
        yield Recorded(home, mark, *(handle.exec_id for handle in handles))
        stop_service(home)


@pytest.fixture
def served(kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of this test's own, shared through its service."""
    monkeypatch.setenv("KITARU_STORE", "service")
    yield kitaru_home
    close_everything()
    stop_service(kitaru_home)


@pytest.fixture
def shown(recorded: Recorded, kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """The home that all reading tests share."""
    monkeypatch.setenv("KITARU_STORE", "service")
    monkeypatch.setenv("KITARU_HOME", str(recorded.home))
    return recorded


@pytest.fixture
def jp_server_config() -> Config:
    return Config(
        {
            "ServerApp": {
                "jpserver_extensions": {"kitaru": True, "jupyter_server_terminals": False},
                "allow_unauthenticated_access": False,
            }
        }
    )


@pytest.fixture(autouse=True)
def current_loop(jp_asyncio_loop: Any) -> None:
    """The fixtures keep a loop that other tests may have put away."""
    asyncio.set_event_loop(jp_asyncio_loop)


@dataclass(frozen=True)
class Answer:
    """What a route answered."""

    status: int
    body: bytes
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Ask = Any


@pytest.fixture
def ask(
    http_server_client: Any, jp_base_url: str, jp_auth_header: dict[str, str], jp_asyncio_loop: Any, jp_serverapp: Any
) -> Iterator[Callable[..., Answer]]:
    """Ask the server, as a page does; a refusal is an answer too. `path` is as in an address: escaped."""

    def run(
        path: str, /, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None, **asked: Any
    ) -> Answer:
        url = f"{jp_base_url}kitaru/api/{path}?{urlencode(asked)}"
        sent = json.dumps(body) if not isinstance(body, str | bytes | None) else body
        request = http_server_client.fetch(
            url, method=method, headers=jp_auth_header | (headers or {}), raise_error=False, request_timeout=60,
            body=sent if sent is not None or method in ("GET", "DELETE") else "", allow_nonstandard_methods=True,
        )  # fmt: skip
        found = jp_asyncio_loop.run_until_complete(request)
        return Answer(found.code, found.body, found.headers)

    yield run
    jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.stop_all_extensions())


@pytest.fixture
def pages(
    ask: Any, http_server_client: Any, jp_base_url: str, jp_auth_header: dict[str, str], jp_asyncio_loop: Any
) -> Iterator[Pages]:
    """Pages that follow the stream of changes."""
    http_server_client.max_clients = 1000
    opened = Pages(http_server_client.fetch, f"{jp_base_url}kitaru/api/events", dict(jp_auth_header))
    yield opened
    jp_asyncio_loop.run_until_complete(opened.close())


@pytest.fixture
def stream(jp_serverapp: Any) -> Callable[[], Any]:
    """The stream of the home that the server shows by default."""
    (app,) = jp_serverapp.extension_manager.extension_apps["kitaru"]
    return lambda: app._homes.find(None, None).stream
