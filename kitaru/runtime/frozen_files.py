"""The user's own modules as they were when a version was deployed: put where this process imports them from."""

from __future__ import annotations

import hashlib
import importlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitaru.code.origin import find_module
from kitaru.errors import KitaruRuntimeError
from kitaru.store.home import ensure_home, find_home

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = "code"
"""Where in the home such modules are, one folder for each content; it may be deleted, and is written again."""


def place_files(files: Mapping[str, bytes], flow: str) -> None:
    """Let this process import modules as they were frozen, before any others of their names.

    Parameters
    ----------
    files
        Contents by place.
    flow
        Whose they are, for messages.

    Raises
    ------
    KitaruRuntimeError
        If this process has, or would import, other ones: then what it runs would be a mixture.
    """
    tops = {Path(place).parts[0].partition(".")[0] for place in files}
    if _is_for_jobs() and not any(name in sys.modules for name in tops):
        folder = str(written(files))
        if folder not in sys.path:
            sys.path.insert(0, folder)
        importlib.invalidate_caches()
        return
    for top in sorted(tops):
        here = _place_here(top)
        for place, content in files.items():
            if Path(place).parts[0].partition(".")[0] == top and not _is_same(here, place, content):
                raise KitaruRuntimeError(
                    f"Flow {flow} was deployed with another {place} than this process has"
                    f"{f' in {here}' if here else ''}, so it cannot go on here. Let a process of its own do it: give "
                    "the execution's id to `kitaru executions resume`, `retry` or `replay`."
                )


def _is_for_jobs() -> bool:
    """Whether the program of this process is Kitaru's own: then no other code of the user's lives in it."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    name = spec.name if spec is not None else Path(getattr(main, "__file__", None) or "").stem
    return bool(name.partition(".")[0] == "kitaru")


def written(files: Mapping[str, bytes]) -> Path:
    """Return the folder in the home that has these files, and nothing else; it is made or mended."""
    total = hashlib.sha256()
    for place, content in sorted(files.items()):
        total.update(f"{place} {hashlib.sha256(content).hexdigest()}\n".encode())
    folder = ensure_home(find_home()) / FOLDER / total.hexdigest()[:32]
    if all(_is_same(folder, place, content) for place, content in files.items()):
        return folder
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    # Several processes may do this at once; whoever comes last finds it done.
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for place, content in files.items():
            file = made / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return _put(made, folder, files)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _put(made: Path, folder: Path, files: Mapping[str, bytes]) -> Path:
    try:
        made.rename(folder)
    except OSError:
        for place, content in files.items():
            if not _is_same(folder, place, content):  # somebody changed it
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                (made / place).replace(folder / place)
    return folder


def _place_here(top: str) -> Path | None:
    spec = find_module(top)
    if spec is None:
        return None
    if spec.has_location and spec.origin:
        file = Path(spec.origin)
        return file.parent.parent if spec.submodule_search_locations is not None else file.parent
    return next((Path(place).parent for place in spec.submodule_search_locations or ()), None)


def _is_same(folder: Path | None, place: str, content: bytes) -> bool:
    file = None if folder is None else folder / place
    return file is not None and file.is_file() and file.read_bytes() == content
