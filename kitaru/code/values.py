"""Canonical bytes of plain values, and quick checks that a value is still what it was."""

from __future__ import annotations

import dataclasses
import enum
import functools
import marshal
import operator
import re
import struct
import weakref
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from kitaru.code.origin import is_own

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 1 << 20
MAX_ITEMS = 20_000

_ATOMS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda v: b"T" if v else b"F",
    int: lambda v: b"i" + hex(v).encode(),
    float: lambda v: b"f" + struct.pack(">d", v),
    complex: lambda v: b"c" + struct.pack(">dd", v.real, v.imag),
    str: lambda v: _sized(b"s", v.encode("utf-8", "surrogatepass")),
    bytes: lambda v: _sized(b"b", v),
    type(...): lambda _: b"E",
}
# The repr of exactly these types is their value; modules are compared by name to import none of them here.
_EXACT_REPR = frozenset(
    {
        ("builtins", "range"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("fractions", "Fraction"),
        ("uuid", "UUID"),
        ("zoneinfo", "ZoneInfo"),
    }
)


class TooLargeError(Exception):
    """A value is over the cap; it counts by its type alone."""


class Encoded:
    """Canonical bytes of a value, and the code and opaque objects inside of it.

    Attributes
    ----------
    data
        Canonical bytes; each object in `refs` left a mark in them.
    refs
        Functions, classes, modules and opaque objects, in the order of their marks.

    Examples
    --------
    >>> encode({"keep": len, "limit": 3}).refs
    [<built-in function len>]
    """

    __slots__ = ("data", "refs")

    def __init__(self, data: bytes, refs: list[object]) -> None:
        self.data = data
        self.refs = refs

    @property
    def is_reference(self) -> bool:
        """Whether the value is one piece of code or one opaque object, with nothing around it."""
        return self.data == b"R"


def encode(value: object) -> Encoded:
    """Encode a value canonically: equal values of equal types give equal bytes in every process.

    Floats are exact, sets are sorted, dicts keep their order. Kitaru's own wrappers leave no trace.

    Parameters
    ----------
    value
        Anything. What is not plain data becomes a reference.

    Returns
    -------
    Encoded
        Bytes and references; a value over the cap (1 MiB or 20 000 items) is one reference.

    Examples
    --------
    >>> encode({3, 1, 2}).data == encode({2, 3, 1}).data
    True
    >>> encode(1).data == encode(1.0).data
    False
    """
    atom = _ATOMS.get(type(value))
    if atom is not None:
        data = atom(value)
        return Encoded(data, []) if len(data) <= MAX_BYTES else Encoded(b"R", [value])
    encoder = _Encoder()
    try:
        encoder.add(value)
    except (TooLargeError, RecursionError):
        return Encoded(b"R", [value])
    return Encoded(b"".join(encoder.out), encoder.refs)


def is_code(value: object) -> bool:
    """Whether a value is code: a function, a class, a module or a built-in callable.

    Parameters
    ----------
    value
        Anything.

    Returns
    -------
    bool
        True for code.

    Examples
    --------
    >>> is_code(len), is_code(dict), is_code(3)
    (True, True, False)
    """
    return isinstance(value, FunctionType | type | ModuleType) or (
        not isinstance(value, MethodType) and type(value).__module__ == "builtins" and hasattr(value, "__qualname__")
    )


def unwrapped(value: object) -> object:
    """Get what a Kitaru wrapper wraps; any other value as it is.

    Parameters
    ----------
    value
        Anything, for example a checkpoint.

    Returns
    -------
    object
        The function inside.

    Examples
    --------
    >>> unwrapped(3)
    3
    """
    while not isinstance(value, type | ModuleType) and is_own(value) and hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return value


def checker(value: Any) -> Callable[[object], bool]:
    """Make a quick test whether a name still has the value that it has now.

    The test holds no code object alive. It may say no without need, never yes wrongly.

    Parameters
    ----------
    value
        The value as it is now.

    Returns
    -------
    Callable[[object], bool]
        The test.

    Examples
    --------
    >>> limits = [1, 2]
    >>> unchanged = checker(limits)
    >>> limits.append(3)
    >>> unchanged(limits)
    False
    """
    if type(value) in _ATOMS or isinstance(value, re.Pattern):
        return functools.partial(operator.is_, value)
    if isinstance(value, FunctionType | type | ModuleType) and not is_own(value):
        return _same_referent(weakref.ref(value))
    try:
        marshalled = marshal.dumps(value, 2) if type(value) in (list, tuple, dict, set, frozenset) else None
    except ValueError:
        marshalled = None
    if marshalled is not None and len(marshalled) <= MAX_BYTES:
        return functools.partial(_same_marshalled, type(value), marshalled)
    encoded = encode(value)
    if encoded.is_reference and encoded.refs[0] is value:
        return _reference(value)
    return functools.partial(_same_encoded, encoded.data, [_reference(ref) for ref in encoded.refs])


def _same_referent(ref: weakref.ref[Any]) -> Callable[[object], bool]:
    return lambda value: ref() is value


def _same_marshalled(kind: Any, marshalled: bytes, value: Any) -> bool:
    if type(value) is not kind:
        return False
    try:
        return marshal.dumps(value, 2) == marshalled
    except ValueError:
        return False


def _same_encoded(data: bytes, references: list[Callable[[object], bool]], value: object) -> bool:
    now = encode(value)
    return (
        now.data == data
        and len(now.refs) == len(references)
        and all(check(ref) for check, ref in zip(references, now.refs, strict=True))
    )


def _reference(value: object) -> Callable[[object], bool]:
    if isinstance(value, FunctionType | type | ModuleType):
        return _same_referent(weakref.ref(value))
    if is_code(value):
        return functools.partial(operator.is_, value)
    kind = weakref.ref(type(value))
    if isinstance(value, list | tuple | dict | set | frozenset):
        # Over the cap; one that became smaller may be under it now.
        return functools.partial(_same_size, kind, len(value))
    return lambda other: type(other) is kind()


def _same_size(kind: weakref.ref[Any], size: int, value: Any) -> bool:
    return type(value) is kind() and len(value) == size


class _Encoder:
    """Strictly private."""

    __slots__ = ("active", "items", "out", "refs", "size")

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.refs: list[object] = []
        self.active: list[int] = []
        self.items = 0
        self.size = 0

    def add(self, value: Any) -> None:
        self.items += 1
        atom = _ATOMS.get(type(value))
        if atom is not None:
            self._write(atom(value))
            return
        value = unwrapped(value)
        if is_code(value):
            self._refer(value)
        elif id(value) in self.active:
            self._write(b"cycle%d" % self.active.index(id(value)))
        else:
            self.active.append(id(value))
            self._composite(value)
            self.active.pop()

    def _write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > MAX_BYTES or self.items > MAX_ITEMS:
            raise TooLargeError
        self.out.append(data)

    def _refer(self, value: object) -> None:
        self.refs.append(value)
        self._write(b"R")

    def _sequence(self, tag: bytes, values: Any) -> None:
        values = list(values)
        self._write(tag + b"%d:" % len(values))
        for value in values:
            self.add(value)

    def _composite(self, value: Any) -> None:
        kind = type(value)
        if kind is list or kind is tuple:
            self._sequence(b"[" if kind is list else b"(", value)
        elif kind is dict:
            # The copy is made in one step: another thread may be writing to the dict.
            self._sequence(b"{", [part for item in list(value.items()) for part in item])
        elif kind is set or kind is frozenset:
            self._set(b"S" if kind is set else b"Z", value)
        elif (kind.__module__, kind.__qualname__) in _EXACT_REPR:
            self._write(_sized(b"v", f"{kind.__qualname__} {value!r}".encode()))
        elif isinstance(value, PurePath):
            self._write(_sized(b"p", str(value).encode("utf-8", "surrogatepass")))
        elif isinstance(value, CodeType):
            self._refer(value)
        else:
            self._structured(value, kind)

    def _set(self, tag: bytes, values: Any) -> None:
        # Marks of references carry no order, so a set of functions could not be sorted the same way twice.
        parts = sorted(
            (encode(v) for v in list(values)), key=lambda part: (part.data, [_stable_name(r) for r in part.refs])
        )
        self._write(tag + b"%d:" % len(parts))
        for part in parts:
            self.items += 1
            self._write(part.data)
            self.refs.extend(part.refs)

    def _structured(self, value: Any, kind: type) -> None:
        parts = _parts(value, kind)
        if parts is None:
            self._refer(value)
        else:
            self._sequence(b"o", parts)


def _parts(value: Any, kind: type) -> tuple[object, ...] | None:  # one line per kind of value
    if isinstance(value, enum.Enum):
        return ("enum", kind, value.name)
    if isinstance(value, functools.partial | functools.partialmethod):
        return ("partial", value.func, value.args, value.keywords)
    if isinstance(value, MethodType):
        return ("method", value.__func__, value.__self__)
    if isinstance(value, staticmethod | classmethod):
        return (kind.__name__, value.__func__)
    if isinstance(value, property):
        return ("property", value.fget, value.fset, value.fdel)
    if isinstance(value, functools.cached_property):
        return ("cached_property", value.func)
    if isinstance(value, re.Pattern):
        return ("pattern", value.pattern, value.flags)
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, bytearray):
        return ("bytearray", bytes(value))
    return _record_parts(value, kind)


def _record_parts(value: Any, kind: type) -> tuple[object, ...] | None:
    if dataclasses.is_dataclass(kind):
        fields = dataclasses.fields(value)
        return ("dataclass", kind, *((f.name, getattr(value, f.name, None)) for f in fields))
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return ("namedtuple", kind, *value)
    if "__pydantic_fields__" in vars(kind):
        return ("model", kind, dict(value.__dict__))
    if isinstance(value, str | int | float | bytes | list | tuple | dict | set | frozenset):
        plain = next(base for base in kind.__mro__ if base.__module__ == "builtins")
        return ("subclass", kind, plain(value))
    if kind.__module__ == "numpy" and kind.__qualname__ == "ndarray" and not value.dtype.hasobject:
        return ("ndarray", str(value.dtype), value.shape, value.tobytes()) if value.nbytes <= MAX_BYTES else None
    if kind.__module__ == "pydantic.fields" and kind.__qualname__ == "FieldInfo":
        names = [name for name in vars(kind)["__slots__"] if not name.startswith("_") and name != "annotation"]
        return ("field", *((name, getattr(value, name, None)) for name in names))
    # Looked up without __getattr__: a proxy would answer to any name.
    wrapped = getattr(value, "__dict__", {}).get("__wrapped__")
    return None if wrapped is None else ("wrapper", kind, wrapped)


def _sized(tag: bytes, data: bytes) -> bytes:
    return tag + b"%d:" % len(data) + data


def _stable_name(value: object) -> str:
    return getattr(value, "__qualname__", type(value).__qualname__)
