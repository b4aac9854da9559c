"""Modules as they were frozen: written whole, mended, and never mixed with others."""

from __future__ import annotations

import importlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruRuntimeError
from kitaru.runtime.frozen_files import FOLDER, place_files, written
from kitaru.store.service.spawning import with_package

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"frozen_one.py": b"VALUE = 1\n", "frozen_two/__init__.py": b"", "frozen_two/data.txt": b"kept"}


def test_they_are_written_once_however_many_ask(kitaru_home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        (folder,) = set(pool.map(written, [FILES] * 16))
    assert folder.parent == kitaru_home / FOLDER
    assert {place: (folder / place).read_bytes() for place in FILES} == FILES
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_what_somebody_changed_is_mended(kitaru_home: Path) -> None:
    folder = written(FILES)
    (folder / "frozen_one.py").write_text("VALUE = 2\n")
    (folder / "frozen_two" / "data.txt").unlink()
    assert written(FILES) == folder
    assert {place: (folder / place).read_bytes() for place in FILES} == FILES


def test_another_content_has_another_folder(kitaru_home: Path) -> None:
    assert written(FILES) != written({**FILES, "frozen_one.py": b"VALUE = 3\n"})


def test_a_process_with_other_code_of_the_users_takes_them_only_if_they_are_its_own(
    kitaru_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(sys.path)
    with pytest.raises(KitaruRuntimeError, match=r"deployed with another frozen_one\.py .* process of its own"):
        place_files(FILES, "work")
    monkeypatch.syspath_prepend(str(tmp_path))
    for place, content in FILES.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(content)
    importlib.invalidate_caches()
    place_files(FILES, "work")
    assert sys.path == [str(tmp_path), *before]
    (tmp_path / "frozen_two" / "data.txt").write_text("changed")
    with pytest.raises(KitaruRuntimeError, match=r"deployed with another frozen_two/data\.txt"):
        place_files(FILES, "work")


def test_a_process_of_kitarus_own_imports_them_before_others(kitaru_home: Path, tmp_path: Path) -> None:
    import os

    (tmp_path / "frozen_one.py").write_text("VALUE = 'of the disk'\n")
    (tmp_path / "kitaru.py").write_text(
        "import sys\nfolder = sys.path.pop(0)\n"  # or it would import itself
        "from kitaru.runtime.frozen_files import place_files\nsys.path.insert(0, folder)\n"
        f"place_files({FILES!r}, 'work')\nimport frozen_one\nprint(frozen_one.VALUE, frozen_one.__file__)\n"
    )
    told = subprocess.run(
        [sys.executable, str(tmp_path / "kitaru.py")],
        capture_output=True,
        text=True,
        check=True,
        env=with_package(os.environ),
    )
    assert told.stdout.startswith(f"1 {kitaru_home / FOLDER}")
