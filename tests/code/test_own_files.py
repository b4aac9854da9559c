"""Which files of the user's a piece of code needs, and whether they say what runs."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.code.own_files import modules_of, outdated, own_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "shared_helper.py": "from shared_package.words import join\n\ndef clean(text):\n    return join([text])\n",
    "shared_package/__init__.py": "",
    "shared_package/words.py": "from . import letters\n\ndef join(texts):\n    return letters.SPACE.join(texts)\n",
    "shared_package/letters.py": "SPACE = ' '\n",
    "shared_package/plugins/one.py": "NAME = 'one'\n",
    "shared_package/data/stop.txt": "the\n",
    "shared_package/.hidden": "",
    "shared_package/__pycache__/words.pyc": "",
    "shared_space/wanted.py": "VALUE = 1\n",
    "shared_space/other.py": "VALUE = 2\n",
    "shared_late.py": "VALUE = 3\n",
}
PACKAGE = {"__init__.py", "words.py", "letters.py", "plugins/one.py", "data/stop.txt"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for place, text in FILES.items():
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("shared_")]:
        del sys.modules[name]


def test_a_module_goes_with_what_it_imports_and_a_package_as_a_whole(folder: Path) -> None:
    found = own_files(["shared_helper"])
    assert set(found) == {"shared_helper.py", *(f"shared_package/{name}" for name in PACKAGE)}
    assert found["shared_helper.py"] == folder / "shared_helper.py"


def test_of_a_namespace_only_what_is_needed_goes(folder: Path) -> None:
    assert set(own_files(["shared_space.wanted"])) == {"shared_space/wanted.py"}


def test_libraries_and_kitaru_itself_do_not_go(folder: Path) -> None:
    assert own_files(["json", "pytest", "kitaru.runtime.flow", "nothing_of_this_name"]) == {}


def test_functions_tell_where_they_are_from_and_what_they_import_when_they_run(folder: Path) -> None:
    import kitaru

    def local() -> Any:
        import shared_late  # type: ignore[import-not-found]

        return shared_late

    helper = importlib.import_module("shared_helper")
    assert modules_of(helper.clean) == {"shared_helper"}
    assert modules_of(helper) == {"shared_helper"}
    assert "shared_late" in modules_of(local)
    assert modules_of(kitaru.checkpoint(helper.clean)) == {"shared_helper"}
    assert "shared_late" not in sys.modules


def test_a_function_whose_file_says_something_else_is_named(folder: Path) -> None:
    helper = importlib.import_module("shared_helper")

    def uses(text: str) -> str:
        return str(helper.clean(text))

    assert outdated(uses) == []
    file = folder / "shared_helper.py"
    file.write_text(f"# a comment more\n\n\n{FILES['shared_helper.py']}")
    assert outdated(uses) == []
    file.write_text(FILES["shared_helper.py"].replace("[text]", "[text, text]"))
    assert outdated(uses) == [f"shared_helper.clean of {file}"]
