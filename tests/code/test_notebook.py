from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kitaru.code.notebook import is_in_vs_code, notebook_path

if TYPE_CHECKING:
    import pytest


def as_kernel(monkeypatch: pytest.MonkeyPatch, **names: object) -> None:
    shell = SimpleNamespace(user_ns=names)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_the_jupyter_server_tells_it_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    as_kernel(monkeypatch)
    monkeypatch.delenv("VSCODE_PID", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", "/somewhere/analysis.ipynb")
    assert notebook_path() == "/somewhere/analysis.ipynb"
    assert not is_in_vs_code()


def test_vs_code_tells_it_in_the_notebook_and_comes_before_the_server_that_it_uses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    as_kernel(monkeypatch, __vsc_ipynb_file__="/somewhere/analysis.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", "analysis-jvsc-1234.ipynb")
    assert notebook_path() == "/somewhere/analysis.ipynb"
    assert is_in_vs_code()


def test_a_program_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    for half_loaded in (None, SimpleNamespace()):
        monkeypatch.setitem(sys.modules, "IPython", half_loaded)  # type: ignore[arg-type]
        assert notebook_path() is None
