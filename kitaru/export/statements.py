"""The statements of a notebook: what each defines, needs and changes, found without running any."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from kitaru.code.cells import FreeNames, free_names
from kitaru.code.flow_cell import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.code.flow_cell import FlowCell
    from kitaru.export.notebook import Cell

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CHANGERS = {"add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop", "popitem"}
_DATA_MAKERS = {"bool", "bytes", "dict", "float", "frozenset", "int", "len", "list", "max", "min", "Path", "range"}
_DATA_MAKERS |= {"round", "set", "sorted", "str", "sum", "tuple", "zip"}
_CHANGERS |= {"popleft", "remove", "reverse", "setdefault", "sort", "update"}


class Role(Enum):
    """What a statement is for the slice."""

    IMPORT = "an import"
    DEFINITION = "a function or a class"
    DATA = "an assignment"
    FLOW = "a flow"
    CHOICE = "an if or try block that only chooses among definitions"
    LOOP = "a for loop"
    WITH = "a with block"
    BLOCK = "a block"
    CALL = "a call"


@dataclass(eq=False, slots=True)
class Statement:
    """One top-level statement of the notebook, or a flow that a cell defines.

    Attributes
    ----------
    cell
        Where it stands.
    line
        Its first line in the cell.
    node
        Its syntax tree.
    code
        Its text.
    above, after
        Comments around it.
    role
        What it is.
    names
        What it reads and defines.
    eager
        What it reads when the script is imported, and not only when it is called.
    checkpoint
        Whether its cell, or a flow's cell, makes the function a checkpoint.
    flow_cell
        The analysed cell, if it is a flow.
    result
        Name of the flow whose result the variables of it are, if they are one.
    changes
        Variables that it changes inside.
    options
        What the decorator that the script adds is given.
    is_made
        Whether it is no statement of the notebook, but made of a cell.
    """

    cell: Cell
    line: int
    node: ast.stmt
    code: str
    above: str
    after: str
    role: Role
    names: FreeNames
    eager: tuple[str, ...]
    checkpoint: bool = False
    flow_cell: FlowCell | None = None
    result: str | None = None
    changes: tuple[str, ...] = ()
    options: str = ""
    is_made: bool = False

    @property
    def title(self) -> str:
        """What people call it: ``load()``, or the name that it defines."""
        name = getattr(self.node, "name", None)
        if name is None:
            return next(iter(self.names.writes), "the line")
        return str(name) if isinstance(self.node, ast.ClassDef) or self.role is Role.FLOW else f"{name}()"

    def nodes(self) -> Iterator[tuple[ast.stmt, int]]:
        """Its syntax trees, each with what has to be added to line numbers in it for those of the cell."""
        if self.flow_cell is None:
            yield self.node, self.line - first_line(self.node)
            return
        for part in self.flow_cell.body:
            yield part.node, self.line - 1

    def reads(self) -> Iterator[str]:
        """Every name that it reads from outside, builtins too."""
        yield from self.names.reads
        yield from self.names.conditional


def first_line(node: ast.stmt) -> int:
    r"""Line on which a statement begins, decorators included.

    Examples
    --------
    >>> first_line(ast.parse("@cached\ndef f(): pass").body[0])
    1
    """
    lines: list[int] = [node.lineno]
    lines += [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
    return min(lines)


def role_of(node: ast.stmt) -> Role:
    """Tell what a top-level statement is.

    Examples
    --------
    >>> role_of(ast.parse("for x in y: pass").body[0]).value
    'a for loop'
    """
    if isinstance(node, ast.Import | ast.ImportFrom):
        return Role.IMPORT
    if isinstance(node, (ast.ClassDef, *FUNCTIONS)) or type(node).__name__ == "TypeAlias":
        return Role.DEFINITION
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Delete):
        return Role.DATA
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        return Role.LOOP
    if isinstance(node, ast.With | ast.AsyncWith):
        return Role.WITH
    if isinstance(node, ast.If | ast.Try):
        return Role.CHOICE if all(_is_simple(inner) for inner in _inner(node)) else Role.BLOCK
    return Role.CALL if isinstance(node, ast.Expr) else Role.BLOCK


def changes_of(node: ast.stmt) -> tuple[str, ...]:
    """Find the variables that a statement changes inside, without binding them anew.

    Examples
    --------
    >>> changes_of(ast.parse("limits['top'] = 3").body[0]), changes_of(ast.parse("rows.append(1)").body[0])
    (('limits',), ('rows',))
    """
    found: dict[str, None] = {}
    for decorator in getattr(node, "decorator_list", ()):
        # `@agent.tool` tells the agent of the function.
        registering = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(registering, ast.Attribute) and (name := root_name(registering)) is not None:
            found[name] = None
    for inner in own_nodes([node]):
        targets: Iterable[ast.expr] = ()
        if isinstance(inner, ast.Assign | ast.Delete):
            targets = inner.targets
        elif isinstance(inner, ast.AugAssign | ast.AnnAssign):
            targets = [inner.target]
        elif isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
            method = inner.value.func
            targets = [method] if isinstance(method, ast.Attribute) and method.attr in _CHANGERS else ()
        for target in targets:
            if isinstance(target, ast.Subscript | ast.Attribute) and (name := root_name(target)) is not None:
                found[name] = None
            elif isinstance(inner, ast.AugAssign) and isinstance(target, ast.Name):
                found[target.id] = None
    return tuple(found)


def is_plain_data(node: ast.stmt) -> bool:
    r"""Whether a statement assigns what can be stored for certain: literals, and what builtins make of them.

    Examples
    --------
    >>> [is_plain_data(node) for node in ast.parse("a = [1, *'x y'.split()]\nb = Client()").body]
    [True, False]
    """
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) or value is None:
        return False
    return all(_gives_data(inner.func) for inner in ast.walk(value) if isinstance(inner, ast.Call))


def _gives_data(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in _DATA_MAKERS
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Constant | ast.JoinedStr)


def root_name(node: ast.expr) -> str | None:
    """Name at the root of ``name.attribute[index]``, or None.

    Examples
    --------
    >>> root_name(ast.parse("a.b[0].c", mode="eval").body)
    'a'
    """
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def names_of(node: ast.stmt, *, text_annotations: bool) -> FreeNames:
    """Find what a statement reads and defines.

    Parameters
    ----------
    node
        The statement.
    text_annotations
        Whether ``from __future__ import annotations`` holds.
    """
    found = free_names(_module(node, text_annotations))
    if not text_annotations:
        return found
    writes = tuple(name for name in found.writes if name != "annotations")
    return FreeNames(found.reads, writes, found.deletes, found.conditional, found.builtins)


def eager_names(node: ast.stmt, *, text_annotations: bool) -> tuple[str, ...]:
    """Find what a statement reads when it runs, and not only when what it defines is called."""
    if not isinstance(node, (ast.ClassDef, *FUNCTIONS)):
        return names_of(node, text_annotations=text_annotations).reads
    return names_of(_hollow(node), text_annotations=text_annotations).reads


def annotation_names(node: ast.AST) -> set[str]:
    """Names in annotations, those that are text included; libraries may look them up when the script runs.

    Examples
    --------
    >>> sorted(annotation_names(ast.parse("def f(x: 'list[Page]') -> Other: pass")))
    ['Other', 'Page', 'list']
    """
    found: set[str] = set()
    for inner in ast.walk(node):
        for annotation in (getattr(inner, "annotation", None), getattr(inner, "returns", None)):
            if isinstance(annotation, ast.AST):
                found |= _named(annotation)
    return found


def calls_something(node: ast.stmt) -> bool:
    """Whether a statement calls anything when the script is imported."""
    checked = _hollow(node) if isinstance(node, (ast.ClassDef, *FUNCTIONS)) else node
    if getattr(checked, "decorator_list", ()):
        return True
    return any(isinstance(inner, ast.Call | ast.Await) for inner in own_nodes([checked]))


def awaits(node: ast.stmt) -> bool:
    """Whether a statement awaits at the top level, which a script cannot do."""
    return any(isinstance(inner, ast.Await | ast.AsyncFor | ast.AsyncWith) for inner in own_nodes([node]))


def _named(annotation: ast.AST) -> set[str]:
    found: set[str] = set()
    for part in ast.walk(annotation):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            try:
                found |= _named(ast.parse(part.value, mode="eval"))
            except SyntaxError:
                continue
    return found


def _module(node: ast.stmt, text_annotations: bool) -> ast.Module:
    body: list[ast.stmt] = [node]
    if text_annotations:
        body.insert(0, ast.ImportFrom(module="__future__", names=[ast.alias(name="annotations")], level=0))
    return ast.Module(body=body, type_ignores=[])


def _hollow(node: ast.stmt) -> ast.stmt:
    """Make a copy of a definition without the bodies of its functions."""

    class Hollow(ast.NodeTransformer):
        def visit_Lambda(self, inner: ast.Lambda) -> ast.AST:
            return ast.copy_location(ast.Lambda(args=inner.args, body=ast.Constant(None)), inner)

        def visit_FunctionDef(self, inner: ast.FunctionDef) -> ast.AST:
            return self._hollow(inner)

        def visit_AsyncFunctionDef(self, inner: ast.AsyncFunctionDef) -> ast.AST:
            return self._hollow(inner)

        def _hollow(self, inner: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
            fields = {name: getattr(inner, name) for name in inner._fields if hasattr(inner, name)}
            fields["body"] = [ast.Pass()]
            return ast.copy_location(type(inner)(**fields), inner)

    if isinstance(node, ast.ClassDef):
        fields = {name: getattr(node, name) for name in node._fields if hasattr(node, name)}
        # Only the list is new: the transformer replaces functions in it and changes no node.
        fields["body"] = [Hollow().visit(inner) if isinstance(inner, FUNCTIONS) else inner for inner in node.body]
        return ast.fix_missing_locations(ast.copy_location(ast.ClassDef(**fields), node))
    hollow = Hollow().visit(node)
    assert isinstance(hollow, ast.stmt)
    return ast.fix_missing_locations(hollow)


def _inner(node: ast.stmt) -> Iterator[ast.stmt]:
    for part in ("body", "orelse", "finalbody"):
        yield from getattr(node, part, ())
    for handler in getattr(node, "handlers", ()):
        yield from handler.body


def _is_simple(node: ast.stmt) -> bool:
    if isinstance(node, ast.If | ast.Try):
        return all(_is_simple(inner) for inner in _inner(node))
    return role_of(node) in (Role.IMPORT, Role.DEFINITION, Role.DATA) or isinstance(node, ast.Pass | ast.Raise)
