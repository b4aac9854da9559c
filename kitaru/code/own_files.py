"""The files of the user's own modules that a piece of code needs, and whether they are what runs here."""

from __future__ import annotations

import functools
import sys
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING

from kitaru.code.bytecode import nested
from kitaru.code.graph import walk
from kitaru.code.modules import imported_modules, own_modules
from kitaru.code.origin import find_module, is_own, is_user_module
from kitaru.code.source import innermost, same_code
from kitaru.code.values import unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEFT_OUT = frozenset({"__pycache__", "node_modules"})


def modules_of(value: object) -> set[str]:
    """Name the modules of the user's that an object comes from, or imports when it runs; not what it refers to.

    Parameters
    ----------
    value
        Anything.

    Returns
    -------
    set of str
        Without ``__main__``, whose code is no module of anybody.

    Examples
    --------
    >>> modules_of(len), modules_of(3)
    (set(), set())
    """
    if isinstance(value, ModuleType):
        names = {value.__name__}
    elif isinstance(value, type):
        names = {value.__module__}
    else:
        function = value if isinstance(value, FunctionType) else innermost(value) if is_own(value) else None
        names = {type(value).__module__} if function is None else _of_function(function)
    return {name for name in names if _counts(name) and (name in sys.modules or find_module(name) is not None)}


def own_files(modules: Iterable[str]) -> dict[str, Path]:
    """List the files of modules of the user's and of all that these import.

    A package goes as a whole, with the data in it; of a namespace only the modules that are needed.

    Parameters
    ----------
    modules
        Dotted names.

    Returns
    -------
    dict of str to Path
        Files by their place in a folder from which the modules can be imported.

    Examples
    --------
    >>> own_files(["json"])
    {}
    """
    found: dict[str, Path] = {}
    packages: set[str] = set()
    for name in own_modules(modules):
        spec = find_module(name)
        origin = Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None
        if origin is None or any(name.startswith(f"{package}.") for package in packages):
            continue
        if spec is not None and spec.submodule_search_locations is not None:
            packages.add(name)
            found |= _package(name, origin.parent)
        else:
            found[str(Path(*name.split(".")).with_name(origin.name))] = origin
    return found


def outdated(fn: object) -> list[str]:
    """Name functions that were imported from files which say something else by now.

    Parameters
    ----------
    fn
        A function, a checkpoint or a flow; everything that it reaches is looked at.

    Returns
    -------
    list of str
        As in ``helper.clean of helper.py``, with the whole path.

    Examples
    --------
    >>> import textwrap
    >>> outdated(textwrap.dedent)
    []
    """
    told = set()
    for watch in walk(unwrapped(fn)).watches:
        function = watch.owner()
        if not isinstance(function, FunctionType) or not is_user_module(function.__module__):
            continue
        file = Path(function.__code__.co_filename)
        if file.suffix == ".py" and file.is_file() and not _is_in(function.__code__, file):
            told.add(f"{function.__module__}.{function.__qualname__} of {file}")
    return sorted(told)


def _of_function(function: FunctionType) -> set[str]:
    where = str(function.__globals__.get("__name__"))
    return {function.__module__, where, *imported_modules(function.__code__, function.__globals__)}


def _counts(name: str) -> bool:
    return name not in ("__main__", "__mp_main__") and is_user_module(name)


def _package(name: str, folder: Path) -> dict[str, Path]:
    place = Path(*name.split("."))
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and _is_content(file.relative_to(folder)))
    return {str(place / file.relative_to(folder)): file for file in files}


def _is_content(path: Path) -> bool:
    return not any(part.startswith(".") or part in _LEFT_OUT for part in path.parts) and path.suffix != ".pyc"


def _is_in(code: CodeType, file: Path) -> bool:
    status = file.stat()
    try:
        known = _codes(str(file), status.st_mtime_ns, status.st_size)
    except (OSError, SyntaxError, ValueError):
        return False
    return any(one.co_qualname == code.co_qualname and same_code(one, code) for one in known)


@functools.lru_cache(64)
def _codes(file: str, changed: int, size: int) -> tuple[CodeType, ...]:
    text = decode_source(Path(file).read_bytes())
    return tuple(nested(compile(text, file, "exec", dont_inherit=True)))
