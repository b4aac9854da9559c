from __future__ import annotations

import doctest
import importlib
from typing import TYPE_CHECKING

import pytest

from tests.project.source_tree import dotted_name, modules

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


def with_examples() -> list[Path]:
    return [path for path in modules() if path.stem != "__main__" and ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", with_examples(), ids=dotted_name)
def test_the_examples_in_the_docstrings_of_a_module_hold(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KITARU_LLM_MOCK_RESPONSE", "A mock answer.")
    monkeypatch.setenv("KITARU_DEFAULT_MODEL", "openai/gpt-5-nano")
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    for example in doctest.DocTestFinder().find(importlib.import_module(dotted_name(path))):
        # What an example defines stays: threads and registries may still use it.
        runner.run(example, clear_globs=False)
    failed, tried = runner.summarize(verbose=False)
    assert (failed, tried > 0) == (0, True), capsys.readouterr().out
