"""Canonical text of Python source: the same for code that means the same.

Comments, formatting, line numbers, docstrings, ``pass``, annotations that nothing reads at run time, and
Kitaru's own decorators leave no trace. The text does not depend on the Python version (3.11 and later).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

KITARU_DECORATORS = frozenset({"flow", "checkpoint", "kitaru.flow", "kitaru.checkpoint"})

_PARSE_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef)
_DOCUMENTED = (ast.Module, ast.ClassDef, *_SCOPES)
# ctx follows from the position; kind, type_comment and type_ignores do not run; the rest differs by version.
_IGNORED_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores", "returns"})
_fields_by_type: dict[type[ast.AST], tuple[str, ...]] = {}


def normalised(source_or_ast: str | ast.AST) -> str:
    r"""Canonical text of a piece of code, for digests and comparison; it is not Python source.

    Parameters
    ----------
    source_or_ast
        Source text (a cell, a module, an indented method) or any node of an AST.

    Returns
    -------
    str
        The same text for the same code, whatever its comments, formatting and docstrings.

    Raises
    ------
    SyntaxError
        If the text is not Python; cell magics must have been transformed before.

    Examples
    --------
    >>> normalised("x=( 1 )  # one") == normalised("x = 1")
    True
    >>> normalised("@checkpoint(retries=3)\ndef f(): pass") == normalised("def f(): 'Doc.'")
    True
    >>> normalised("x = 1") == normalised("x = 2")
    False
    """
    tree = parse(source_or_ast) if isinstance(source_or_ast, str) else source_or_ast
    return dump(tree, KITARU_DECORATORS)


def parse(source: str) -> ast.Module:
    r"""Parse source as a module; an indented block and top-level ``await`` are allowed.

    Parameters
    ----------
    source
        Source text.

    Returns
    -------
    ast.Module
        Its tree; line numbers of an indented block start at 2.

    Raises
    ------
    SyntaxError
        If the text is not Python.

    Examples
    --------
    >>> len(parse("    x = 1\n    y = 2").body)
    2
    """
    indented = source.lstrip("\n\r")[:1] in (" ", "\t")
    # Wrapping, unlike dedenting, leaves the inside of multi-line strings alone.
    tree = compile("if 1:\n" + source if indented else source, "<source>", "exec", _PARSE_FLAGS, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    if indented:
        block = tree.body[0]
        assert isinstance(block, ast.If)
        tree.body = block.body
    return tree


def dump(tree: ast.AST, stripped_decorators: Collection[str]) -> str:
    """Write a node's canonical text.

    Parameters
    ----------
    tree
        Any node.
    stripped_decorators
        Dotted names of the decorators that leave no trace, called or not.

    Returns
    -------
    str
        The canonical text.

    Examples
    --------
    >>> dump(ast.parse("a.b", mode="eval").body, ())
    "Attribute(value=Name(id='a')attr='b')"
    """
    out: list[str] = []
    _Dumper(out.append, stripped_decorators).node(tree, False)
    return "".join(out)


def dotted_name(node: ast.expr) -> str | None:
    """Dotted name of a decorator expression, called or not; None for any other expression.

    Parameters
    ----------
    node
        The expression after ``@``.

    Returns
    -------
    str or None
        For example ``"kitaru.flow"`` for ``@kitaru.flow(retries=1)``.

    Examples
    --------
    >>> dotted_name(ast.parse("kitaru.flow(retries=1)", mode="eval").body)
    'kitaru.flow'
    """
    if isinstance(node, ast.Call):
        node = node.func
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(names)])


class _Dumper:
    __slots__ = ("stripped", "write")

    def __init__(self, write: Callable[[str], object], stripped: Collection[str]) -> None:
        self.write = write
        self.stripped = stripped

    def node(self, node: ast.AST, in_function: bool) -> None:
        write = self.write
        kind = type(node)
        if kind is ast.Name:
            write(f"Name(id={node.id!a})")  # type: ignore[attr-defined]  # narrowed by identity, for speed
            return
        if kind is ast.Constant or kind is ast.MatchSingleton:
            write(f"{kind.__name__}({_literal(node.value)})")  # type: ignore[attr-defined]  # as above
            return
        if kind is ast.AnnAssign and in_function and self._local_annotation(node):
            return
        fields = _fields_by_type.get(kind)
        if fields is None:
            fields = _fields_by_type[kind] = tuple(f for f in kind._fields if f not in _IGNORED_FIELDS)
        write(kind.__name__)
        write("(")
        if kind is ast.JoinedStr:
            self._joined(node, in_function)
        elif isinstance(node, _DOCUMENTED):
            self._definition(node, fields, in_function)
        else:
            for field in fields:
                value = getattr(node, field, None)
                if value is not None and value != []:
                    self._field(field, value, in_function)
        write(")")

    def _field(self, name: str, value: object, in_function: bool) -> None:
        self.write(name + "=")
        if isinstance(value, ast.AST):
            self.node(value, in_function)
        elif isinstance(value, list):
            self.write("[")
            for item in value:
                if isinstance(item, ast.AST):
                    if type(item) is not ast.Pass:
                        self.node(item, in_function)
                else:
                    self.write(f"{item!a},")
            self.write("]")
        else:
            self.write(_literal(value))

    def _definition(self, node: ast.AST, fields: tuple[str, ...], in_function: bool) -> None:
        inner = isinstance(node, _SCOPES)
        for field in fields:
            value = getattr(node, field, None)
            if field == "decorator_list":
                value = [d for d in value or () if dotted_name(d) not in self.stripped]
            elif field == "body":
                value = value[1:] if value and _is_docstring(value[0]) else value
            if value or field == "body":
                self._field(field, value, inner if field == "body" else in_function)

    def _local_annotation(self, node: ast.AST) -> bool:
        # Python never evaluates the annotation of a local variable: `x: int = 1` is `x = 1`.
        assert isinstance(node, ast.AnnAssign)
        if node.value is None:
            self.write("Local(")
            self.node(node.target, True)
        else:
            self.write("Assign(targets=[")
            self.node(node.target, True)
            self.write("]value=")
            self.node(node.value, True)
        self.write(")")
        return True

    def _joined(self, node: ast.AST, in_function: bool) -> None:
        # Python 3.12 changed where the parser splits the literal text of f-strings and empty format specs.
        assert isinstance(node, ast.JoinedStr)
        text = ""
        for value in node.values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                text += value.value
                continue
            if text:
                self.write(f"Text({text!a})")
                text = ""
            if isinstance(value, ast.FormattedValue) and isinstance(value.format_spec, ast.JoinedStr):
                spec = value.format_spec
                if not any(not isinstance(v, ast.Constant) or v.value for v in spec.values):
                    value = ast.FormattedValue(value.value, value.conversion, None)
            self.node(value, in_function)
        if text:
            self.write(f"Text({text!a})")


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _literal(value: object) -> str:
    # hex() has no length limit, and ascii() does not depend on the version's Unicode tables.
    return hex(value) if type(value) is int else ascii(value)
