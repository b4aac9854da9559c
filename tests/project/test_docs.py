"""The documentation cannot lie: its examples run, and what exists is in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import kitaru
from kitaru import errors
from tests.project.source_tree import ROOT, modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```(?P<info>\S.*?)?\s*$")
# Settings that are for Kitaru's own tests or child processes and not for users.
INTERNAL_VARIABLES: set[str] = set()


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page."""

    language: str
    note: str
    line: int
    source: str


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    start: int | None = None
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if fence is None:
            continue
        if start is None:
            start, info = number, fence["info"] or ""
            continue
        language, _, note = info.partition(" ")
        yield Block(language, note, start + 1, "\n".join(lines[start + 1 : number]))
        start = None


def program(page: Path) -> str:
    """The page's examples as one program in which each line has the number that it has on the page."""
    lines: list[str] = []
    for block in blocks(page):
        if block.language == "python" and not block.note.startswith("no-run"):
            lines += [""] * (block.line - len(lines))
            lines += block.source.splitlines()
    return "\n".join(lines) + "\n"


def test_the_line_numbers_of_a_program_are_those_of_its_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Title\n\n```python\na = 1\n```\n\n```\nnot run\n```\n\n```python no-run: why\nb\n```\n```python\nc\n```\n"
    )
    assert [(number, line) for number, line in enumerate(program(page).splitlines(), 1) if line] == [
        (4, "a = 1"),
        (15, "c"),
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if program(page).strip()], ids=page_name)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    script = tmp_path / f"{page.stem.replace('-', '_')}.py"
    script.write_text(program(page), encoding="utf-8")
    settings = {
        "KITARU_STORE": "embedded",
        "KITARU_LLM_MOCK_RESPONSE": "A mock answer.",
        "KITARU_DEFAULT_MODEL": "openai/gpt-5-nano",
    }
    process = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, f"{page_name(page)}:\n{process.stdout}\n{process.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_an_example_that_is_not_run_says_why(page: Path) -> None:
    notes = [block for block in blocks(page) if block.language == "python" and block.note]
    assert [block.line for block in notes if not re.fullmatch(r"no-run: \w.+", block.note)] == []


def test_every_public_name_is_in_the_api_reference() -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    public = [name for name in kitaru.__all__ if not name.startswith("__") and not hasattr(errors, name)]
    assert [name for name in public if not re.search(rf"(?<![\w`]){name}(?!\w)", text)] == []


def test_every_environment_variable_is_in_the_configuration_page() -> None:
    text = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    used = {
        name
        for path in modules()
        for name in re.findall(r"[\"'](KITARU_[A-Z_]*[A-Z])[\"']", path.read_text(encoding="utf-8"))
    }
    assert {name for name in used - INTERNAL_VARIABLES if f"`{name}`" not in text} == set()


def test_every_page_is_reachable_from_the_index() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")} - {"index"}
    assert {page for page in pages if f"\n{page}\n" not in index} == set()


def test_the_pages_fetch_nothing_from_other_machines() -> None:
    found = [page_name(page) for page in PAGES if re.search(r"<(?:script|img|link)\b[^>]*https?:", page.read_text())]
    assert found == []
