"""Modules that count as a whole: those imported inside a function, or used other than by ``module.name``."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kitaru.code.bytecode import reads_of
from kitaru.code.canonical import KITARU_DECORATORS, dump, parse
from kitaru.code.origin import find_module, is_library_file, is_user_module

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType

_files: dict[str, tuple[int, int, str, tuple[str, ...]]] = {}


def imported_modules(code: CodeType, namespace: Mapping[str, object]) -> list[str]:
    """Absolute names of the modules that a function imports when it runs.

    Parameters
    ----------
    code
        ``function.__code__``.
    namespace
        ``function.__globals__``, for relative imports.

    Returns
    -------
    list of str
        Sorted names; ``from package import module`` gives both.

    Examples
    --------
    >>> def area(r):
    ...     import math
    ...     return math.pi * r**2
    >>> imported_modules(area.__code__, {})
    ['math']
    """
    names: set[str] = set()
    for level, module, wanted in reads_of(code).imports:
        package = namespace.get("__package__") or namespace.get("__name__") or ""
        names |= _targets(level, module, wanted, str(package))
    return sorted(names)


def module_digest(name: str) -> str:
    """Digest of a user's module, and of the user's modules that it imports.

    The text on disk counts; nothing is imported.

    Parameters
    ----------
    name
        Dotted name.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> module_digest("no_such_module") == module_digest("no_such_module")
    True
    """
    total = hashlib.sha256()
    pending, seen = [name], {name}
    while pending:
        current = pending.pop(0)
        text, imports = _content(current)
        total.update(f"{text}\n".encode())
        fresh = [i for i in imports if i not in seen and _is_local(i)]
        seen.update(fresh)
        pending += fresh
    return total.hexdigest()


def own_modules(names: Iterable[str]) -> list[str]:
    """Add to some modules of the user's those that they import, wherever they do, and the packages that these are in.

    Parameters
    ----------
    names
        Dotted names; what is a library's, or is not found, is left out.

    Returns
    -------
    list of str
        Sorted names.

    Examples
    --------
    >>> own_modules(["json", "no_such_module"])
    []
    """
    pending, seen = [*names], set(names)
    while pending:
        current = pending.pop()
        parents = current.split(".")[:-1]
        around = [".".join(parents[:end]) for end in range(1, len(parents) + 1)]
        fresh = {name for name in (*_content(current)[1], *around) if name not in seen and _is_local(name)}
        seen |= fresh
        pending += fresh
    return sorted(name for name in seen if _is_local(name))


def _content(name: str) -> tuple[str, tuple[str, ...]]:
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None:
        spec = find_module(name)
        file = spec.origin if spec is not None and spec.has_location else None
    if file is None or not file.endswith(".py"):
        return "", ()
    status = Path(file).stat()
    known = _files.get(file)
    if known is None or known[:2] != (status.st_mtime_ns, status.st_size):
        package = name if Path(file).name == "__init__.py" else name.rpartition(".")[0]
        known = _files[file] = (status.st_mtime_ns, status.st_size, *_read(Path(file), package))
    return known[2:]


def _read(file: Path, package: str) -> tuple[str, tuple[str, ...]]:
    source = importlib.util.decode_source(file.read_bytes())
    try:
        tree = parse(source)
    except (SyntaxError, ValueError):
        return hashlib.sha256(source.encode()).hexdigest(), ()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names |= _targets(node.level, node.module or "", tuple(a.name for a in node.names), package)
    return hashlib.sha256(dump(tree, KITARU_DECORATORS).encode()).hexdigest(), tuple(sorted(names))


def _targets(level: int, module: str, wanted: tuple[str, ...], package: str) -> set[str]:
    if level:
        package = package.rsplit(".", level - 1)[0] if level > 1 else package
        module = f"{package}.{module}" if module else package
    names = {module}
    if _is_local(module):
        names |= {f"{module}.{name}" for name in wanted if name != "*" and find_module(f"{module}.{name}") is not None}
    return names


def _is_local(name: str) -> bool:
    if not is_user_module(name.partition(".")[0]):
        return False
    spec = find_module(name)
    if spec is None:
        return False
    places = [spec.origin] if spec.has_location and spec.origin else list(spec.submodule_search_locations or ())
    return bool(places) and not all(is_library_file(place) for place in places)
