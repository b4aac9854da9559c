"""The documentation cannot lie: its examples run, and what exists is in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import typer

import kitaru
from kitaru import errors
from kitaru.cli.application import app
from kitaru.client import KitaruClient
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
        timeout=110,
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


def used_variables() -> set[str]:
    return {
        name
        for path in modules()
        for name in re.findall(r"[\"'](KITARU_[A-Z_]*[A-Z])[\"']", path.read_text(encoding="utf-8"))
    }


def test_every_environment_variable_is_in_the_configuration_page() -> None:
    text = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    assert {name for name in used_variables() - INTERNAL_VARIABLES if f"`{name}`" not in text} == set()


def test_every_environment_variable_that_a_page_names_exists() -> None:
    named = {
        name for page in PAGES for name in re.findall(r"\bKITARU_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8"))
    }
    assert named - used_variables() == set()


def commands(command: Any, path: str = "kitaru") -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{path} {name}")


def command_lines(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8").partition("<!-- generated")[0]
    yield from re.findall(r"`(kitaru [^`]+)`", text)
    yield from re.findall(r"^(?:\$ )?(kitaru [a-z].*)$", text, re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if any(command_lines(page))], ids=page_name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    known = dict(commands(typer.main.get_command(app)))
    wrong = []
    for line in command_lines(page):
        words = line.split()
        path = words.pop(0)
        while words and f"{path} {words[0]}" in known:
            path = f"{path} {words.pop(0)}"
        options = {
            option for parameter in known[path].params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        is_group = hasattr(known[path], "commands")
        if (is_group and words) or not {word for word in words if word.startswith("--")} <= options:
            wrong.append(line)
    assert wrong == []


def test_every_method_of_the_client_that_a_page_names_exists() -> None:
    client = KitaruClient()
    missing = [
        f"{page_name(page)}: {group}.{method}"
        for page in PAGES
        for group, method in re.findall(r"\b(executions|artifacts)\.([a-z_]+)\(", page.read_text(encoding="utf-8"))
        if not callable(getattr(getattr(client, group), method, None))
    ]
    assert missing == []


@pytest.mark.parametrize("script", ["cli_reference.py", "sql_reference.py"])
def test_the_generated_part_of_a_page_is_what_the_code_says(script: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 0, process.stderr


def test_the_tree_of_errors_is_that_of_the_classes() -> None:
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for match in re.finditer(r"^ {4}([│ ├└─]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE):
        depth, name = len(match[1]), match[2]
        above = [pair for pair in above if pair[0] < depth]
        drawn[name] = above[-1][1] if above else "Exception"
        above.append((depth, name))
    classes = {
        name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and name.startswith("Kitaru")
    }
    assert drawn == {name: kind.__bases__[0].__name__ for name, kind in classes.items()}


def test_every_page_is_reachable_from_the_index() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")} - {"index"}
    assert {page for page in pages if f"\n{page}\n" not in index} == set()


def test_the_pages_fetch_nothing_from_other_machines() -> None:
    found = [page_name(page) for page in PAGES if re.search(r"<(?:script|img|link)\b[^>]*https?:", page.read_text())]
    assert found == []
