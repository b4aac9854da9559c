from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.project.source_tree import PACKAGE, dotted_name, modules, relative

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A part imports from parts to its right, never to its left.
ORDER = ["surfaces", "client", "runtime", "models", "stacks", "store", "code", "errors"]
SURFACES = {"cli", "notebook", "widgets", "views", "export", "jupyter", "mcp", "adapters"}
# The export, the views and the widgets are used by several surfaces; no other surface is used by another one.
SHARED_SURFACES = {"export", "views", "widgets"}
# The front door re-exports the primitives, so it may import whatever it re-exports; only surfaces come in through it.
FRONT_DOOR = "kitaru"


def part_of(module: str) -> str:
    """The part that a dotted module name belongs to: ``kitaru.store.journal`` is of ``store``."""
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else FRONT_DOOR


def rank(part: str) -> int:
    # A module beside the parts, such as `kitaru/testing.py`, stands where the client stands.
    name = "surfaces" if part in SURFACES else part if part in ORDER else "client"
    return ORDER.index(name)


def imported_modules(path: Path) -> Iterator[str]:
    """Every module of this package that a module imports, also inside functions and for type checking."""
    package = dotted_name(path) if path.stem == "__init__" else dotted_name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(filter(None, [base, node.module or ""]))
            yield from (submodule_or_source(source, alias.name) for alias in node.names)


def submodule_or_source(source: str, name: str) -> str:
    """``from kitaru import store`` imports the part, ``from kitaru import flow`` comes in through the front door."""
    if source == FRONT_DOOR and (name in SURFACES or name in ORDER):
        return f"{source}.{name}"
    return source


def is_allowed(importer: str, imported: str) -> bool:
    if importer in (FRONT_DOOR, "__main__", imported) or imported in ("errors", "version"):
        return True
    if imported == FRONT_DOOR:
        return importer in SURFACES
    if importer in SURFACES and imported in SURFACES:
        return imported in SHARED_SURFACES
    if rank(importer) == rank(imported):
        return importer not in ORDER or imported not in ORDER
    return rank(importer) < rank(imported)


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_a_module_imports_only_from_parts_below_its_own(path: Path) -> None:
    importer = part_of(dotted_name(path))
    own = [name for name in imported_modules(path) if name.split(".")[0] == PACKAGE.name]
    assert [name for name in own if not is_allowed(importer, part_of(name))] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("store", "runtime"),
        ("runtime", "client"),
        ("code", "store"),
        ("errors", "code"),
        ("client", "cli"),
        ("cli", "notebook"),
        ("runtime", FRONT_DOOR),
    ],
)
def test_the_rule_refuses_imports_against_the_direction(importer: str, imported: str) -> None:
    assert not is_allowed(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [("cli", "client"), ("cli", FRONT_DOOR), ("jupyter", "export"), ("runtime", "store"), ("store", "errors")],
)
def test_the_rule_accepts_imports_along_the_direction(importer: str, imported: str) -> None:
    assert is_allowed(importer, imported)
