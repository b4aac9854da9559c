"""Secrets that stand in the source: a script travels further than a notebook."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from kitaru.code.secret import looks_secret
from kitaru.export.problems import Kind, Problem, problem
from kitaru.export.statements import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.export.statements import Statement

_PLACEHOLDER = re.compile(r"(?i)\s*|.*(?:\.\.\.|<.*>|xxx|your[-_ ]|changeme|example).*|none|null")


def secret_problems(statements: Iterable[Statement]) -> Iterator[Problem]:
    """Find literals that look like keys, tokens and passwords.

    Parameters
    ----------
    statements
        The statements of a script.

    Yields
    ------
    Problem
        One for each; it does not show the value.
    """
    for statement in statements:
        for node, shift in _parts(statement):
            for name, line in _secrets(node):
                variable = re.sub(r"\W", "_", name or "API_KEY").upper()
                facts = {"name": name or "a literal", "variable": variable}
                yield problem(Kind.LITERAL, statement.cell, line + shift, **facts)


def _parts(statement: Statement) -> Iterator[tuple[ast.AST, int]]:
    yield from statement.nodes()
    if statement.flow_cell is not None and isinstance(statement.node, FUNCTIONS):
        yield statement.node.args, statement.line - 1  # what -p gives, on the line of the magic


def _secrets(node: ast.AST) -> Iterator[tuple[str, int]]:
    seen: set[int] = set()
    for name, literal in _named_literals(node):
        if id(literal) in seen or not isinstance(literal.value, str | bytes):
            continue
        # An empty text or a placeholder is what people leave where a secret has been.
        text = literal.value if isinstance(literal.value, str) else literal.value.decode("utf-8", "replace")
        if looks_secret(name, text) and not _PLACEHOLDER.fullmatch(text):
            seen.add(id(literal))
            yield name, literal.lineno


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
