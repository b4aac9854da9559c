from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from kitaru.cli import app
from kitaru.runtime.engine import close_engines
from kitaru.store.connect import close_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def closed_store(kitaru_home: object) -> Iterator[None]:
    yield
    close_engines()
    close_store()


@pytest.fixture
def kitaru() -> Callable[..., Any]:
    """Run a command line; the result has exit_code, stdout and stderr."""
    return lambda *words, **options: CliRunner().invoke(app, [*map(str, words)], **options)


@pytest.fixture
def item(kitaru: Any) -> Callable[..., Any]:
    """Run a command line that must succeed, with JSON; return what it answers."""

    def run(*words: Any) -> Any:
        result = kitaru(*words, "-o", "json")
        assert result.exit_code == 0, (result.stdout, result.stderr)
        told = json.loads(result.stdout)
        return told["item"] if "item" in told else told["items"]

    return run


@pytest.fixture
def finished() -> Callable[..., str]:
    """Run a flow to its end, however it ends; return its id."""

    def run(flow: Any, *args: Any, **kwargs: Any) -> str:
        handle = flow.run(*args, **kwargs)
        handle._engine.end_of(handle.exec_id).result(20)
        return str(handle.exec_id)

    return run


@pytest.fixture
def asking() -> Callable[..., Any]:
    """Start a flow and wait until it has asked its question; return the handle."""

    def start(flow: Any, *args: Any, **kwargs: Any) -> Any:
        from kitaru.store.connect import open_store

        watch = open_store().watch(kinds=["wait.created"])
        handle = flow.run(*args, **kwargs)
        next(iter(watch))
        watch.close()
        return handle

    return start
