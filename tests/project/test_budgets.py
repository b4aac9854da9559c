from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.project.source_tree import modules, relative

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_MODULE = 800
LONG_MODULE = 500
LONGEST_FUNCTION = 80
# Modules that may have more than 500 lines, each with its reason. None has one.
LONG_FOR_A_REASON: dict[str, str] = {}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "handlers", "handler", "manager", "managers", "common", "misc"}


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.name, node.end_lineno - node.lineno + 1


def test_no_module_is_longer_than_800_lines() -> None:
    assert {relative(path): line_count(path) for path in modules() if line_count(path) > LONGEST_MODULE} == {}


def test_modules_over_500_lines_have_a_written_reason() -> None:
    long = {relative(path) for path in modules() if line_count(path) > LONG_MODULE}
    assert long == set(LONG_FOR_A_REASON)


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_no_function_is_longer_than_80_lines(path: Path) -> None:
    assert {name: lines for name, lines in function_lengths(path) if lines > LONGEST_FUNCTION} == {}


def test_no_module_has_a_vague_name() -> None:
    assert [relative(path) for path in modules() if path.stem.strip("_") in VAGUE_NAMES] == []
