from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.errors import KitaruStateError, KitaruUsageError
from tests.export.notebooks import write

if TYPE_CHECKING:
    from pathlib import Path

CELL = "from kitaru import flow\n\n@flow\ndef research(topic: str = 'cats'):\n    return topic\n"


def defined(source: str) -> Any:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    file = f"<cell {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), namespace)
    return namespace["research"]


def test_a_flow_exports_itself_from_the_notebook_that_jupyter_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(write(tmp_path, f"# --- a\n{CELL}")))
    script = defined(CELL).export(tmp_path / "out")
    assert script == tmp_path / "out" / "research.py"
    assert "def research(topic: str = 'cats'):" in script.read_text()


def test_a_notebook_that_was_not_saved_is_not_exported(tmp_path: Path) -> None:
    path = write(tmp_path, f"# --- a\n{CELL}")
    with pytest.raises(KitaruStateError, match="The saved notebook defines research otherwise than this kernel"):
        defined(CELL.replace("cats", "dogs")).export(notebook=path)
    assert not (tmp_path / "research.py").exists()


def test_where_nothing_tells_the_notebook_its_path_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    with pytest.raises(KitaruUsageError, match=r"Give its path: research.export\(notebook='work.ipynb'\)"):
        defined(CELL).export()
