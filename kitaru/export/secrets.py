"""Secrets that stand in the source: a script travels further than a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.code.literals import secret_literals, variable_of
from kitaru.export.problems import Kind, Problem, problem
from kitaru.export.statements import FUNCTIONS

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator

    from kitaru.export.statements import Statement


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
            for name, line in secret_literals(node):
                facts = {"name": name or "a literal", "variable": variable_of(name)}
                yield problem(Kind.LITERAL, statement.cell, line + shift, **facts)


def _parts(statement: Statement) -> Iterator[tuple[ast.AST, int]]:
    yield from statement.nodes()
    if statement.flow_cell is not None and isinstance(statement.node, FUNCTIONS):
        yield statement.node.args, statement.line - 1  # what -p gives, on the line of the magic
