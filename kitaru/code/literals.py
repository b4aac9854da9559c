"""Secrets that are written into a program."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from kitaru.code.secret import looks_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLACEHOLDER: Final = re.compile(r"(?i)\s*|.*(?:\.\.\.|<.*>|xxx|your[-_ ]|changeme|example).*|none|null")


def secret_literals(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Find literals that look like keys, tokens and passwords, by the name that they are given or by their shape.

    Parameters
    ----------
    node
        Part of a program.

    Yields
    ------
    tuple of str and int
        The name, empty if there is none, and the line. The value is not shown.

    Examples
    --------
    >>> list(secret_literals(ast.parse("connect(user='ada', password='open sesame')")))
    [('password', 1)]
    """
    seen: set[int] = set()
    for name, literal in _named_literals(node):
        if id(literal) in seen or not isinstance(literal.value, str | bytes):
            continue
        # An empty text or a placeholder is what people leave where a secret has been.
        text = literal.value if isinstance(literal.value, str) else literal.value.decode("utf-8", "replace")
        if looks_secret(name, text) and not _PLACEHOLDER.fullmatch(text):
            seen.add(id(literal))
            yield name, literal.lineno


def variable_of(name: str) -> str:
    """Name the environment variable that a secret is better taken from.

    Examples
    --------
    >>> variable_of("api-key"), variable_of("")
    ('API_KEY', 'API_KEY')
    """
    return re.sub(r"\W", "_", name or "API_KEY").upper()


def _named_literals(node: ast.AST) -> Iterator[tuple[str, ast.Constant]]:
    """Literals with the name that they are given; all others after them, without one."""
    for inner in ast.walk(node):
        for name, value in _pairs(inner):
            if isinstance(value, ast.Constant):
                yield name, value
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant):
            yield "", inner


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield _target_name(target), node.value
    elif isinstance(node, ast.AnnAssign):
        yield _target_name(node.target), node.value
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, ast.arguments):
        positional = [*node.posonlyargs, *node.args]
        yield from _defaults(positional[len(positional) - len(node.defaults) :], node.defaults)
        yield from _defaults(node.kwonlyargs, node.kw_defaults)


def _defaults(arguments: list[ast.arg], values: Iterable[ast.expr | None]) -> Iterator[tuple[str, ast.AST | None]]:
    for argument, value in zip(arguments, values, strict=True):
        yield argument.arg, value


def _target_name(target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return ""
