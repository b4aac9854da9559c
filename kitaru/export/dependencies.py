"""The distributions that a script needs: from its imports, and from the notebook's ``%pip install`` lines."""

from __future__ import annotations

import ast
import re
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from packaging.requirements import InvalidRequirement, Requirement

from kitaru.export.environment import OWN, UNRELATED, Environment, local_module, normal
from kitaru.export.magics import split_arguments
from kitaru.export.problems import Kind, Problem, problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.export.notebook import Cell
    from kitaru.export.statements import Statement

Pins = Literal["exact", "compatible", "none"]
_SHORT_WITH_VALUE = ("-i", "-f", "-c", "-t", "-p")
# The endings of pip's and uv's long options that take a value: of those that name an address, a file or a platform.
_LONG_WITH_VALUE = re.compile(
    r"--[\w-]*(?:url|links|constraint|target|prefix|root|python|strategy|platform|version|abi)"
)


@dataclass(slots=True)
class Dependencies:
    """What a script needs beside the standard library.

    Attributes
    ----------
    requirements
        Requirements by normalised name.
    sources
        Entries of ``[tool.uv.sources]`` by normalised name.
    local
        Modules beside the notebook that the script imports.
    problems
        What is not known.
    """

    requirements: dict[str, str] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    local: dict[str, Path] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def find_dependencies(
    statements: Iterable[Statement],
    installs: Iterable[tuple[str, Cell, int]],
    environment: Environment,
    *,
    folder: Path | None,
    target: Path | None,
    pins: Pins,
) -> Dependencies:
    """Find the distributions that some statements need.

    Parameters
    ----------
    statements
        The statements of the script.
    installs
        What the notebook's lines ask pip to install.
    environment
        What is installed.
    folder
        Folder of the notebook.
    target
        Folder that modules beside the script are found in; None if they go along.
    pins
        ``"exact"`` asks for the installed versions, with which recorded work is found again; ``"compatible"`` for these
        or newer ones of the same series; ``"none"`` for any.

    Returns
    -------
    Dependencies
        Requirements, their sources, and what is not known.
    """
    found = Dependencies()
    asked = _asked(found, installs, folder)
    _require(found, OWN, environment, pins, asked)
    if environment.version(UNRELATED) is not None:
        found.problems.append(problem(Kind.UNRELATED))
    imports = deque(_imports(statements))
    while imports:
        module, statement, line, optional = imports.popleft()
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top == "kitaru":
            continue
        beside = local_module(top, folder)
        if beside is not None and folder is not None:
            if top not in found.local:
                imports.extend((needed, statement, line, maybe) for needed, maybe in imports_of(beside))
            found.local[top] = beside
            if target is not None and target.resolve() != folder.resolve():
                facts = {"name": top, "file": beside.name, "folder": target}
                found.problems.append(problem(Kind.LOCAL, statement.cell, line, **facts))
            continue
        names = _distributions(top, environment, asked)
        if len(names) == 1:
            _require(found, names[0], environment, pins, asked)
        elif not optional:
            kind = Kind.AMBIGUOUS if names else Kind.DISTRIBUTION
            facts = {"name": top, "distributions": " or ".join(names)}
            found.problems.append(problem(kind, statement.cell, line, **facts))
    for name in asked:
        if name not in found.requirements and name != UNRELATED:
            _require(found, asked[name].name, environment, pins, asked)
    return found


def _asked(
    found: Dependencies, installs: Iterable[tuple[str, Cell, int]], folder: Path | None
) -> dict[str, Requirement]:
    asked: dict[str, Requirement] = {}
    for text, cell, line in installs:
        for word in _requirements(text, folder):
            try:
                requirement = Requirement(word)
            except InvalidRequirement:
                message = f"%pip install {word}: this is no requirement that a script can name"
                found.problems.append(problem(Kind.NOTE_SETTING, cell, line, text=message, remedy="Add it by hand."))
                continue
            asked[normal(requirement.name)] = requirement
    return asked


def _requirements(text: str, folder: Path | None) -> Iterator[str]:
    words = iter(split_arguments(text))
    for word in words:
        if word in ("-r", "--requirement"):
            yield from _file(next(words, ""), folder)
        elif word in ("-e", "--editable"):
            yield f"-e {next(words, '')}"
        elif word in _SHORT_WITH_VALUE or _LONG_WITH_VALUE.fullmatch(word):
            next(words, None)
        elif word.startswith("#"):
            return
        elif not word.startswith("-"):
            yield word


def _file(name: str, folder: Path | None) -> Iterator[str]:
    file = (folder or Path()) / name
    if not file.is_file():
        yield f"-r {name}"
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        wanted = line.partition(" #")[0].strip()
        if wanted and not wanted.startswith(("#", "-")):
            yield wanted


def _require(
    found: Dependencies, name: str, environment: Environment, pins: Pins, asked: dict[str, Requirement]
) -> None:
    key = normal(name)
    if key in found.requirements:
        return
    given = asked.get(key)
    source = environment.source(name)
    if given is not None and (given.specifier or given.url):
        found.requirements[key] = str(given)
        return
    extras = f"[{','.join(sorted(given.extras))}]" if given is not None and given.extras else ""
    version = environment.version(name)
    pinned = "" if source is not None or version is None else _pin(version, pins)
    found.requirements[key] = f"{name}{extras}{pinned}"
    if source is not None:
        found.sources[key] = source


def _pin(version: str, pins: Pins) -> str:
    if pins == "none":
        return ""
    public = version.partition("+")[0]  # a local version is on no index
    return f"=={public}" if pins == "exact" else f"~={public}" if "." in public else f">={public}"


def _distributions(top: str, environment: Environment, asked: dict[str, Requirement]) -> tuple[str, ...]:
    names = environment.distributions(top)
    if len(names) > 1:
        chosen = tuple(name for name in names if normal(name) in asked)
        return chosen[:1] or names
    if not names and normal(top) in asked:
        return (asked[normal(top)].name,)
    return names


def _imports(statements: Iterable[Statement]) -> Iterator[tuple[str, Statement, int, bool]]:
    """Modules that statements import when they run, and whether they do without."""
    for statement in statements:
        for top, shift in statement.nodes():
            for node, optional in import_nodes(top):
                modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                if isinstance(node, ast.Import) or not node.level:
                    yield from ((module, statement, node.lineno + shift, optional) for module in modules)


def imports_of(place: Path) -> Iterator[tuple[str, bool]]:
    """Yield what a module imports, or any of a package, and whether it does without.

    Parameters
    ----------
    place
        File of the module, or folder of the package.
    """
    for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
        try:
            tree = ast.parse(file.read_bytes()) if file.suffix == ".py" else ast.Module([], [])
        except (SyntaxError, ValueError):  # whoever imports it will be told
            continue
        for node, optional in import_nodes(tree):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            if isinstance(node, ast.Import) or not node.level:
                yield from ((module, optional) for module in modules)


def import_nodes(node: ast.AST, optional: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield what is imported when a piece of code runs, and whether it does without.

    Parameters
    ----------
    node
        The code.
    optional
        Whether all of it may be missing.
    """
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, optional
        return
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
        children = node.orelse
    if isinstance(node, ast.Try) and any(_catches_import(handler) for handler in node.handlers):
        optional = True
    for child in children:
        yield from import_nodes(child, optional)


def _catches_import(handler: ast.ExceptHandler) -> bool:
    caught = ast.unparse(handler.type) if handler.type else "Exception"
    return any(name in caught for name in ("ImportError", "ModuleNotFoundError", "Exception"))
