from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from kitaru.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable


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
