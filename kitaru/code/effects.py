"""Globals that a function only writes into: a list of log lines, a counter of calls.

What is in them cannot change what the function does, so it must not count either: a function that appends to a list
would otherwise be another function after each call.
"""

from __future__ import annotations

import ast
import weakref
from collections import deque
from typing import TYPE_CHECKING

from kitaru.code.source import definition_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FunctionType

# None of them fails or answers differently because of what the container holds.
_WRITERS = frozenset({"append", "appendleft", "extend", "extendleft", "insert", "add", "discard", "update", "clear"})
_CONTAINERS = (list, dict, set, deque, bytearray)
_NUMBERS_AND_TEXT = (int, float, complex, str, bytes, tuple)

_known: weakref.WeakKeyDictionary[FunctionType, tuple[CodeType, frozenset[str]]] = weakref.WeakKeyDictionary()


def only_written(fn: FunctionType) -> frozenset[str]:
    """Find the names that a function uses to write into what they stand for, and in no other way.

    Parameters
    ----------
    fn
        A function written in Python.

    Returns
    -------
    frozenset of str
        Names; empty where there is no source. Whether the name is global is not looked at.

    Examples
    --------
    >>> def step(x):
    ...     log.append(x)
    ...     counts[x] = seen
    >>> sorted(only_written(step))
    ['counts', 'log']
    """
    known = _known.get(fn)
    if known is None or known[0] is not fn.__code__:
        definition = definition_of(fn)
        names = frozenset() if definition is None else _only_written(definition.node)
        known = _known[fn] = (fn.__code__, names)
    return known[1]


def is_written_into(value: object) -> bool:
    """Whether writing into a value is all that the writing statements do.

    Parameters
    ----------
    value
        What the name stands for.

    Returns
    -------
    bool
        False for objects of the user's classes, whose methods may do anything.

    Examples
    --------
    >>> is_written_into([]), is_written_into(object())
    (True, False)
    """
    return isinstance(value, _CONTAINERS) or type(value) in _NUMBERS_AND_TEXT


def _only_written(node: ast.AST) -> frozenset[str]:
    read: dict[str, int] = {}
    written: dict[str, int] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
            read[part.id] = read.get(part.id, 0) + 1
        elif isinstance(part, ast.stmt):
            for name, loads in _targets(part):
                written[name] = written.get(name, 0) + loads
    return frozenset(name for name, loads in written.items() if read.get(name, 0) == loads)


def _targets(statement: ast.stmt) -> Iterator[tuple[str, int]]:
    """Names that a statement writes into, with the number of times that it loads them for it."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        method = statement.value.func
        if isinstance(method, ast.Attribute) and method.attr in _WRITERS and isinstance(method.value, ast.Name):
            yield method.value.id, 1
        return
    if isinstance(statement, ast.AugAssign):
        target: ast.expr = statement.target
        if isinstance(target, ast.Name):
            yield target.id, 0
            return
        targets = [target]
    else:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
    for target in targets:
        if isinstance(target, ast.Subscript | ast.Attribute) and isinstance(target.value, ast.Name):
            yield target.value.id, 1
