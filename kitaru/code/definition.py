"""Digest of one function on its own: its qualified name and its normalised definition."""

from __future__ import annotations

import hashlib
import weakref
from typing import TYPE_CHECKING

from kitaru.code.bytecode import bytecode_digest
from kitaru.code.canonical import KITARU_DECORATORS, dotted_name, dump
from kitaru.code.lookup import MISSING, look_up
from kitaru.code.origin import is_own
from kitaru.code.source import definition_of

if TYPE_CHECKING:
    import ast
    from types import CodeType, FunctionType

_digests: weakref.WeakKeyDictionary[FunctionType, tuple[CodeType, str]] = weakref.WeakKeyDictionary()


def function_digest(fn: FunctionType) -> str:
    """Digest of a function alone, without what it reaches.

    Parameters
    ----------
    fn
        A function written in Python.

    Returns
    -------
    str
        64 hexadecimal digits; of the bytecode where there is no source.

    Examples
    --------
    >>> import textwrap
    >>> function_digest(textwrap.dedent) == function_digest(textwrap.indent)
    False
    """
    known = _digests.get(fn)
    if known is None or known[0] is not fn.__code__:
        known = _digests[fn] = (fn.__code__, _digest(fn))
    return known[1]


def _digest(fn: FunctionType) -> str:
    definition = definition_of(fn)
    if definition is None:
        text = bytecode_digest(fn.__code__, fn.__doc__)
    else:
        text = dump(definition.node, KITARU_DECORATORS | _aliases(fn, definition.node))
    return hashlib.sha256(f"{fn.__qualname__}\n{text}".encode()).hexdigest()


def _aliases(fn: FunctionType, node: ast.AST) -> set[str]:
    """Other names under which the function's own module knows Kitaru's decorators."""
    found: set[str] = set()
    for decorator in getattr(node, "decorator_list", ()):
        name = dotted_name(decorator)
        if name is not None and name.rpartition(".")[2] not in fn.__code__.co_varnames:
            value = _resolve(fn, name)
            if is_own(value) and getattr(value, "__name__", "") in ("flow", "checkpoint"):
                found.add(name)
    return found


def _resolve(fn: FunctionType, name: str) -> object:
    first, *rest = name.split(".")
    value = look_up(fn, (first,))[1]
    for attribute in rest:
        value = getattr(value, attribute, MISSING)
    return value
