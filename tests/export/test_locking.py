"""What a piece of code needs, down to the last distribution."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from kitaru.export.locking import distributions_of, locked, required_by

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_that_is_needed_is_named_with_its_version_once() -> None:
    found = locked(["pydantic", "pydantic-core"])
    assert f"pydantic=={version('pydantic')}" in found
    assert f"typing-extensions=={version('typing-extensions')}" in found
    names = [one.partition("==")[0] for one in found]
    assert names == sorted(set(names))


def test_what_an_extra_brings_is_named_only_where_the_extra_is_asked_for() -> None:
    plain, with_extra = locked(["uvicorn"]), locked(["uvicorn[standard]"])
    assert {one.partition("==")[0] for one in plain} < {one.partition("==")[0].partition(";")[0] for one in with_extra}


def test_what_is_not_installed_stays_as_it_was_asked_for() -> None:
    assert locked(["no-such-distribution>=2"]) == ("no-such-distribution>=2",)


def test_what_a_marker_rules_out_is_left_out() -> None:
    assert locked(["pydantic; python_version < '3'"]) == ()


def test_a_header_says_what_a_script_needs_and_else_its_imports_do() -> None:
    header = '# /// script\n# dependencies = ["rich>=13"]\n# ///\nimport pydantic\n'
    assert required_by(header) == ["kitaru-jupyter", "rich>=13"]
    assert required_by("import json\ndef f():\n    from pydantic import Field\n") == ["kitaru-jupyter", "pydantic"]


def test_what_modules_beside_a_script_import_is_needed_too(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("from words import WORDS")
    (tmp_path / "words.py").write_text("def load():\n    import steps, yaml")
    assert required_by("import steps", tmp_path) == ["kitaru-jupyter", "PyYAML"]
    assert required_by("import steps") == ["kitaru-jupyter"]


def test_what_is_no_python_is_an_error() -> None:
    with pytest.raises(SyntaxError):
        required_by("def")


def test_modules_of_nothing_installed_count_for_nothing() -> None:
    assert distributions_of(["no_such_module", "os.path", "kitaru.client"]) == ["kitaru-jupyter"]
