"""Which call returned a value that another call gets.

The body has values, not handles, so only the object itself can tell where it came from. An object that Python shares
between all who have an equal one tells nothing: a number, a name, None, a constant of the code.
"""

from __future__ import annotations

import re
import weakref
from collections import OrderedDict
from enum import Enum
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from kitaru.runtime.futures import futures_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST: Final = 256
"""How many returned values of an execution are known at a time: the latest."""
LARGEST: Final = 64_000
"""Encoded bytes up to which a list, dict or set is held, since nothing else tells it from a later one in its place."""
MOST_PARTS: Final = 1_000
"""How many items of a list that is an argument are looked at."""

_INTERNED: Final = re.compile(r"\w*|.", re.DOTALL)
"""Texts that Python keeps once for all who have an equal one."""
_HELD: Final = (list, dict, set, bytearray)
_SHARED: Final = (
    *(int, float, complex, bytes, tuple, frozenset, range, Enum),
    *(type, FunctionType, BuiltinFunctionType, MethodType, ModuleType),
)
"""What may be a constant, or is one object for all."""


class Returned:
    """The latest values that calls of one execution returned; not for two threads at a time.

    Examples
    --------
    >>> returned, notes = Returned(), ["about", "cats"]
    >>> returned.note("research", notes, size=16)
    >>> returned.note("count", 5, size=1)
    >>> returned.calls_of([notes]), returned.calls_of([["about", "cats"]]), returned.calls_of([5])
    (['research'], [], [])
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[str, Any]] = OrderedDict()

    def note(self, call: str, value: Any, size: int, function: Callable[..., Any] | None = None) -> None:
        """Remember what a call returned, if the object can tell so later.

        Parameters
        ----------
        call
            Name of the call.
        value
            What it returned.
        size
            Bytes of the encoded value.
        function
            Whose constants tell nothing.
        """
        proof = _proof(value, size, function)
        if proof is None:
            return
        self._known[id(value)] = (call, proof)
        self._known.move_to_end(id(value))
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def calls_of(self, arguments: Iterable[Any]) -> list[str]:
        """Name the calls that returned these arguments, or items of those that are lists, tuples or dicts."""
        if not self._known:
            return []
        found = (self._call_of(value) for argument in arguments for value in (argument, *_parts(argument)))
        return list(dict.fromkeys(call for call in found if call is not None))

    def _call_of(self, value: Any) -> str | None:
        call, proof = self._known.get(id(value), (None, None))
        return call if call is not None and _holds(proof, value) else None


def _proof(value: Any, size: int, function: Callable[..., Any] | None) -> Any:
    """Make what shows later that an object in the same place is this one; None if nothing can."""
    if value is None or isinstance(value, _SHARED):
        return None
    kind = type(value)
    if kind is str:
        # A text is not held: what has its place, its length and its hash is it, or as good.
        shared = _INTERNED.fullmatch(value) or id(value) in _constants(getattr(function, "__code__", None))
        return None if shared else (len(value), hash(value))
    if kind in _HELD:
        return value if value and size <= LARGEST else None
    try:
        return weakref.ref(value)
    except TypeError:
        return None


def _holds(proof: Any, value: Any) -> bool:
    if isinstance(proof, weakref.ref):
        return proof() is value
    if type(proof) is tuple:
        return type(value) is str and (len(value), hash(value)) == proof
    return proof is value


@lru_cache(maxsize=1_000)
def _constants(code: CodeType | None) -> frozenset[int]:
    found = [] if code is None else list(code.co_consts)
    inner = [_constants(constant) for constant in found if isinstance(constant, CodeType)]
    return frozenset(map(id, found)).union(*inner)


def _parts(argument: Any) -> Iterator[Any]:
    kind = type(argument)
    if kind is list or kind is tuple:
        yield from argument[:MOST_PARTS]
    elif kind is dict and len(argument) <= MOST_PARTS:
        yield from argument.values()


def calls_behind(*given: Any) -> list[str]:
    """Name the calls whose futures are among arguments, in lists, tuples and dicts too.

    Examples
    --------
    >>> calls_behind([1, {"text": "no future"}], {})
    []
    """
    return list(dict.fromkeys(future.call_name for future in futures_in(given)))
