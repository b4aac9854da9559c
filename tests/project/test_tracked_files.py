from __future__ import annotations

import re

from tests.project.source_tree import relative, tracked_files

# Written in pieces, so that this file does not contain what it looks for.
REGISTRIES = ["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.org", "yarn" + r"pkg\.com"]
MACHINE_FOLDERS = [r"/wor" + "k/", r"/roo" + "t/", r"/hom" + r"e/(?!user|me|you)\w+", r"/tm" + "p/"]
INDEX_OPTIONS = ["--(?:extra-)?index" + "-url", "find" + "-links", '"resolved": *"' + "http"]
ARCHIVES = [r"https?://\S+\.(?:whl|tgz|tar\.gz)\b"]

TEXT = {".py", ".toml", ".md", ".txt", ".lock", ".json", ".yml", ".yaml", ".ts", ".tsx", ".css", ".ipynb", ".sh", ""}


def lines_with(patterns: list[str], *, skip: tuple[str, ...] = ()) -> list[str]:
    found = re.compile("|".join(patterns))
    hits = []
    for path in tracked_files():
        if path.suffix not in TEXT or relative(path).startswith(skip or ("\0",)):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found.search(line):
                hits.append(f"{relative(path)}:{number}: {line.strip()[:80]}")
    return hits


def test_no_file_names_a_registry_or_an_index() -> None:
    assert lines_with(REGISTRIES + INDEX_OPTIONS + ARCHIVES) == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert lines_with(MACHINE_FOLDERS) == []


def test_no_build_output_is_under_version_control() -> None:
    built = re.compile(
        r"(^|/)(build|dist|node_modules|__pycache__|\.kitaru|\.venv)/|^kitaru/labextension/|\.(pyc|duckdb)$"
    )
    assert [relative(path) for path in tracked_files() if built.search(relative(path))] == []


def test_text_files_end_with_one_line_feed_and_have_no_carriage_returns() -> None:
    def is_tidy(data: bytes) -> bool:
        return not data or (data.endswith(b"\n") and b"\r" not in data)

    text = [path for path in tracked_files() if path.suffix in TEXT - {".ipynb", ".json"}]
    assert [relative(path) for path in text if not is_tidy(path.read_bytes())] == []
