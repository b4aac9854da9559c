from __future__ import annotations

import importlib
import itertools
import linecache
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

_numbers = itertools.count()


class Cells:
    """A namespace in which cells run one after the other, as in a kernel."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.files: list[str] = []

    def run(self, source: str) -> Cells:
        text = textwrap.dedent(source)
        filename = f"<test cell {next(_numbers)}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        self.files.append(filename)
        exec(compile(text, filename, "exec"), self.names)
        return self

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


@pytest.fixture
def new_cells() -> Iterator[Callable[..., Cells]]:
    """Make notebooks; each begins with the given cells."""
    made: list[Cells] = []

    def make(*sources: str) -> Cells:
        cells = Cells()
        made.append(cells)
        for source in sources:
            cells.run(source)
        return cells

    yield make
    for cells in made:
        for filename in cells.files:
            linecache.cache.pop(filename, None)


@pytest.fixture
def import_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], ModuleType]]:
    """Write a module next to others of the test, and import it."""
    names: list[str] = []
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, source: str) -> ModuleType:
        file = tmp_path / (name.replace(".", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source), encoding="utf-8")
        names.append(name)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield make
    for name in list(sys.modules):
        if name.partition(".")[0] in names:
            del sys.modules[name]
