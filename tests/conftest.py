"""What every test gets: a Kitaru home of its own, a clean environment, and no network but this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kitaru import KitaruClient


def is_local(host: object) -> bool:
    if not isinstance(host, str | bytes):
        return True  # None and "" mean this machine
    text = host.decode() if isinstance(host, bytes) else host
    if text in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: fail a test that tries to reach another machine."""
    if event == "socket.connect":
        connection, address = arguments
        host = address[0] if connection.family in (socket.AF_INET, socket.AF_INET6) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not is_local(host):
        raise RuntimeError(f"A test tried to reach {host!r}; tests use 127.0.0.1 only.")


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(refuse_other_machines)
    # How long an example takes says more about the machine than about the code.
    settings.register_profile("kitaru", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("kitaru")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("KITARU_")]:
        monkeypatch.delenv(name)
    # litellm asks its home for prices at import otherwise.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")


USER_FOLDERS = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR")


@pytest.fixture(scope="session", autouse=True)
def nobodys_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs that a whole module shares know nothing of the person who runs the tests, either."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        for name in USER_FOLDERS:
            patch.setenv(name, str(folder / name.lower()))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_service_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Services that programs of the tests started end with the tests."""
    yield
    for record in tmp_path_factory.getbasetemp().rglob("service.json"):
        from kitaru.store.service.process import stop_service

        with contextlib.suppress(KitaruError):
            stop_service(record.parent)


@pytest.fixture(autouse=True)
def kitaru_home(clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of this test's own; the database is opened in this process unless the test says otherwise."""
    home = tmp_path / "kitaru-home"
    monkeypatch.setenv("KITARU_HOME", str(home))
    monkeypatch.setenv("KITARU_STORE", "embedded")
    monkeypatch.setenv("KITARU_SERVICE_IDLE", "60")
    for name in USER_FOLDERS:
        monkeypatch.setenv(name, str(tmp_path / "user" / name.lower()))
    return home


@pytest.fixture(autouse=True)
def everything_closed(kitaru_home: Path) -> Iterator[None]:
    """After a test, nothing of it goes on: bodies are told to stop and the store is let go."""
    yield
    close_everything()


def close_everything() -> None:
    if "kitaru.runtime.engine" in sys.modules:
        from kitaru.runtime.engine import close_engines

        close_engines()
    if "kitaru.runtime.settings" in sys.modules:
        from kitaru.runtime.settings import configure

        configure(stack=None, cache=None, retries=None, model=None)
    if "kitaru.store.connect" in sys.modules:
        from kitaru.store.connect import close_store

        close_store()


@pytest.fixture(params=["embedded", "service"])
def any_store(request: pytest.FixtureRequest, kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The test runs twice: with the database in this process, and with a service of its own."""
    if request.param == "service":
        monkeypatch.setenv("KITARU_STORE", "service")
    yield request.param
    if request.param == "service":
        from kitaru.store.service.process import stop_service

        # Before the service stops: whoever still watches would start it again.
        close_everything()
        stop_service(kitaru_home)


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for what another thread or process does and tells nobody; return what the condition gives then."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not (found := condition()):
        assert time.monotonic() < end, "what the test waits for did not happen"
        pause.wait(0.01)
    return found


@pytest.fixture
def client(kitaru_home: Path) -> KitaruClient:
    from kitaru import KitaruClient

    return KitaruClient()


@pytest.fixture
def finished() -> Callable[..., str]:
    """Run a flow to its end, however it ends; return its id."""

    def run(flow: Any, *args: Any, **kwargs: Any) -> str:
        handle = flow.run(*args, **kwargs)
        handle._engine.end_of(handle.exec_id).result(60)
        return str(handle.exec_id)

    return run


@pytest.fixture
def asking(client: KitaruClient) -> Callable[..., Any]:
    """Start a flow and wait until it has asked its question; return the handle."""

    def start(flow: Any, *args: Any, **kwargs: Any) -> Any:
        watch = client.store.watch(kinds=["wait.created"])
        handle = flow.run(*args, **kwargs)
        limit = threading.Timer(60, watch.close)
        limit.start()
        next(event for event in watch if event["exec_id"] == handle.exec_id)
        limit.cancel()
        return handle

    return start


@pytest.fixture
def answer() -> Callable[..., None]:
    """Record an answer as somebody else does, who starts no runner."""

    def give(exec_id: str, value: Any, wait: str = "wait") -> None:
        from kitaru.store.connect import open_store

        body = {"wait": wait, "value": value, "by": "me", "source": "input"}
        event: Any = {"kind": "wait.answered", "at": time.time(), "exec_id": exec_id, "body": body}
        (ack,) = open_store().append([{"events": [event], "expect": {"exec_id": exec_id, "wait_pending": wait}}])
        assert "refused" not in ack, ack

    return give
