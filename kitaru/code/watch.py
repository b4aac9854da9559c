"""Cheap evidence that functions and classes still reach the same things; it keeps none of them alive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from kitaru.code.lookup import MISSING, look_up

if TYPE_CHECKING:
    import weakref
    from types import CodeType, FunctionType

Test = Callable[[Any], bool]


class FunctionWatch(NamedTuple):
    """What a function of the user's read when it was walked.

    Attributes
    ----------
    owner
        The function.
    code
        Its code, compared by identity.
    names
        Global names and the tests that their values must pass.
    chains
        The same for closure names and for names that are followed by attributes.
    defaults, kwdefaults
        Tests of the default values.
    """

    owner: weakref.ref[FunctionType]
    code: CodeType
    names: list[tuple[str, Test]]
    chains: list[tuple[tuple[str, ...], Test]]
    defaults: Test
    kwdefaults: Test

    def holds(self) -> bool:
        """Whether nothing has changed."""
        fn = self.owner()
        if fn is None or fn.__code__ is not self.code:
            return False
        namespace = fn.__globals__
        for name, test in self.names:
            if not test(namespace.get(name, MISSING)):
                return False
        for chain, test in self.chains:
            if not test(look_up(fn, chain)[1]):
                return False
        return self.defaults(fn.__defaults__) and self.kwdefaults(fn.__kwdefaults__)


class ClassWatch(NamedTuple):
    """What a class of the user's consisted of.

    Attributes
    ----------
    owner
        The class.
    members
        Names of attributes and the tests that their values must pass.
    size
        Number of attributes, those that do not count included.
    """

    owner: weakref.ref[type]
    members: list[tuple[str, Test]]
    size: int

    def holds(self) -> bool:
        """Whether nothing has changed."""
        cls = self.owner()
        if cls is None:
            return False
        members = vars(cls)
        return len(members) == self.size and all(test(members.get(name, MISSING)) for name, test in self.members)


class WrapperWatch(NamedTuple):
    """Which functions of the user's were inside of a library's wrapper.

    Attributes
    ----------
    owner
        The wrapper, for example a generic function of `functools.singledispatch`.
    contents
        Test of `wrapper_contents`.
    """

    owner: weakref.ref[FunctionType]
    contents: Test

    def holds(self) -> bool:
        """Whether nothing has changed."""
        fn = self.owner()
        return fn is not None and self.contents(wrapper_contents(fn))


def wrapper_contents(fn: FunctionType) -> list[object]:
    """List what a library's wrapper calls.

    Parameters
    ----------
    fn
        A function of a library.

    Returns
    -------
    list
        The wrapped function and, of a generic function, the registered ones; empty for other functions.

    Examples
    --------
    >>> import functools
    >>> @functools.singledispatch
    ... def show(x): return str(x)
    >>> [type(part).__name__ for part in wrapper_contents(show)]
    ['function', 'dict']
    """
    attributes = vars(fn)
    contents = [attributes["__wrapped__"]] if "__wrapped__" in attributes else []
    if "registry" in attributes:
        contents.append(dict(attributes["registry"]))
    return contents
