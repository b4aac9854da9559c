"""Identity of a function: its own code and everything that it reaches."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING

from kitaru.code.graph import Graph, walk
from kitaru.code.modules import module_digest
from kitaru.code.origin import is_own
from kitaru.code.source import innermost
from kitaru.code.values import unwrapped
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a function's identity consists of.

    Attributes
    ----------
    name
        Qualified name, name of a constant, or top-level module of a library.
    kind
        ``"function"``, ``"class"``, ``"constant"``, ``"module"``, ``"library"``, ``"opaque"`` or ``"missing"``.
    digest
        Hexadecimal digest; of a library its version, of an opaque object the name of its type.

    Examples
    --------
    >>> Part("numpy", "library", "2.2.0").kind
    'library'
    """

    name: str
    kind: str
    digest: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a function is, in a form that can be stored and compared.

    Attributes
    ----------
    digest
        The same as `code_identity` gives.
    parts
        What it consists of, the function itself first.

    Examples
    --------
    >>> Identity("00", (Part("LIMIT", "constant", "ab"),)).as_mapping()
    {'LIMIT': 'constant ab'}
    """

    digest: str
    parts: tuple[Part, ...]

    def as_mapping(self) -> dict[str, str]:
        """Names and what they stood for, as JSON can hold it; `changed_parts` compares two of them."""
        mapping: dict[str, str] = {}
        for part in self.parts:
            name, number = part.name, 2
            while name in mapping:
                name, number = f"{part.name} #{number}", number + 1
            mapping[name] = f"{part.kind} {part.digest}"
        return mapping


class _Known:
    __slots__ = ("graph", "identity")

    def __init__(self, graph: Graph) -> None:
        # The objects themselves are let go, so that a redefined function can be collected.
        graph.reached = {}
        digest = graph.digest()
        parts = dict.fromkeys(Part(node.name, node.kind, node.digest) for node in graph.nodes)
        self.identity = Identity(digest, tuple(parts))
        self.graph = graph

    def is_current(self) -> bool:
        for watch in self.graph.watches:
            if not watch.holds():
                return False
        return all(module_digest(name) == digest for name, digest in self.graph.modules.items())


_known: weakref.WeakKeyDictionary[FunctionType, _Known] = weakref.WeakKeyDictionary()


def code_identity(fn: object) -> str:
    """Identity of a function's code: the same text and the same reached code give the same identity.

    It covers the function's normalised AST and, transitively, the functions, classes and constants of user code that
    it reaches by name, default values, closures, partials, and the versions of the libraries it names. It does not
    depend on where the code is: a notebook, a script run as ``__main__``, and a module give the same. Names that are
    only known at run time (``getattr`` with a computed name, ``eval``) are out of reach.

    Parameters
    ----------
    fn
        A function, a checkpoint or flow, a bound method or a `functools.partial`.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    KitaruUsageError
        If `fn` is not written in Python (a built-in function, a class, an instance).

    Examples
    --------
    >>> def first(x): return x + 1
    >>> one = code_identity(first)
    >>> def first(x): return (x + 1)  # the same
    >>> code_identity(first) == one
    True
    >>> def first(x): return x + 2
    >>> code_identity(first) == one
    False
    """
    return explain_identity(fn).digest


def explain_identity(fn: object) -> Identity:
    """Identity of a function together with what it consists of.

    Parameters
    ----------
    fn
        As in `code_identity`.

    Returns
    -------
    Identity
        Digest and parts.

    Raises
    ------
    KitaruUsageError
        If `fn` is not written in Python.

    Examples
    --------
    >>> def capped(x, limit=3): return min(x, limit)
    >>> [part.kind for part in explain_identity(capped).parts]
    ['function', 'constant']
    """
    subject = _subject(fn)
    if not isinstance(subject, FunctionType):
        return _Known(walk(subject)).identity
    known = _known.get(subject)
    if known is None or not known.is_current():
        known = _known[subject] = _Known(walk(subject))
    return known.identity


def reached_globals(fn: object) -> dict[str, object]:
    """Objects behind the names that a function reaches, transitively through user code.

    Parameters
    ----------
    fn
        As in `code_identity`.

    Returns
    -------
    dict of str to object
        Names in the function's own module and closures as they are; names in other modules as ``module.name``.

    Raises
    ------
    KitaruUsageError
        If `fn` is not written in Python.

    Examples
    --------
    >>> def make(factor):
    ...     return lambda x: x * factor
    >>> reached_globals(make(3))
    {'factor': 3}
    """
    return walk(_subject(fn)).reached


def changed_parts(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Say in sentences how one identity differs from another.

    Parameters
    ----------
    old, new
        What `Identity.as_mapping` gave.

    Returns
    -------
    list of str
        One sentence for each part that changed, appeared or went; empty if the identities are equal.

    Examples
    --------
    >>> changed_parts({"clean": "function aa", "numpy": "library 2.1.0"}, {"clean": "function bb"})
    ['`clean` changed', 'library `numpy` is no longer used']
    """
    sentences = [_difference(name, old.get(name), value) for name, value in new.items() if old.get(name) != value]
    return sentences + [f"{_called(name, old[name])} is no longer used" for name in old if name not in new]


def _difference(name: str, old: str | None, new: str) -> str:
    if old is None:
        return f"{_called(name, new)} is new"
    (old_kind, _, before), (kind, _, after) = old.partition(" "), new.partition(" ")
    if kind == "missing":
        return f"`{name}` is no longer defined"
    if old_kind == "missing":
        return f"`{name}` is now defined"
    if old_kind != kind:
        return f"`{name}` was a {old_kind} and is now a {kind}"
    if kind in ("library", "opaque"):
        return f"{_called(name, new)} changed ({before} -> {after})"
    return f"{_called(name, new)} changed"


def _called(name: str, value: str) -> str:
    kind = value.partition(" ")[0]
    words = {"function": "", "missing": "", "opaque": "type of "}
    return f"{words.get(kind, kind + ' ')}`{name}`"


def _subject(fn: object) -> object:
    if type(fn) is FunctionType and not is_own(fn):
        return fn
    subject = unwrapped(fn)
    if innermost(subject) is None:
        raise KitaruUsageError(
            f"{fn!r} has no Python code to identify. Pass a function that is written in Python: wrap it in a def."
        )
    return subject
