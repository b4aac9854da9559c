from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client import KitaruClient
from kitaru.runtime.engine import close_engines
from kitaru.store.connect import close_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def client(kitaru_home: object) -> Iterator[KitaruClient]:
    yield KitaruClient()
    close_engines()
    close_store()


@pytest.fixture
def finished() -> Callable[..., str]:
    """Run a flow to its end, however it ends; return its id."""

    def run(flow: Any, *args: Any, **kwargs: Any) -> str:
        handle = flow.run(*args, **kwargs)
        handle._engine.end_of(handle.exec_id).result(20)
        return str(handle.exec_id)

    return run


@pytest.fixture
def asking(client: KitaruClient) -> Callable[..., Any]:
    """Start a flow and wait until it has asked its question; return the handle."""

    def start(flow: Any, *args: Any, **kwargs: Any) -> Any:
        watch = client.store.watch(kinds=["wait.created"])
        handle = flow.run(*args, **kwargs)
        limit = threading.Timer(20, watch.close)
        limit.start()
        next(event for event in watch if event["exec_id"] == handle.exec_id)
        limit.cancel()
        return handle

    return start
