from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.notebook import flow_magic, register, say
from kitaru.runtime.flow import defined

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shell(kitaru_home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A shell of its own with our magics, as a kernel has one, and without a terminal's history file."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.setenv("JPY_SESSION_NAME", "analysis.ipynb")
    Path(os.environ["IPYTHONDIR"]).mkdir(parents=True)
    monkeypatch.setattr(flow_magic, "_cells", {})
    say._warned.clear()
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    register(shell)
    defined_before = {name: dict(flows) for name, flows in defined.items()}
    yield shell
    # A flow of a cell does not take the name of another test's flow.
    defined.clear()
    defined.update(defined_before)
    shell.reset(new_session=False)
    InteractiveShell.clear_instance()


@pytest.fixture
def run(shell: Any) -> Any:
    """Run a cell; return its result, or raise what it raised."""

    def run_cell(text: str) -> Any:
        done = shell.run_cell(text)
        done.raise_error()
        return done.result

    return run_cell
