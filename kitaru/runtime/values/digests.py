"""Content digests of inputs: equal content, equal digest, in every process; None for what has no content to speak of.

Each value becomes canonical bytes that are self-delimiting (a tag, a length, the content), so no two different
structures run into each other. Only Python's own stable spellings are used (`repr` of numbers, UTF-8): a digest
recorded by one version of a library must match under the next.
"""

from __future__ import annotations

import copyreg
import sys
from collections.abc import Callable, Iterable
from enum import Enum, Flag
from hashlib import sha256
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from kitaru.runtime.values.references import reference

FunctionDigest = Callable[[FunctionType], "str | None"]

_LONG = 1_024
_ATOMS: frozenset[type] = frozenset({int, float, bool, type(None)})
_STRINGS: frozenset[type] = frozenset()
_FLAT_TEXT = 256
_ARRAY_PACKAGES = frozenset({"numpy", "pandas", "polars", "pyarrow", "PIL"})


class Opaque(Exception):  # noqa: N818 -- ends the walk through a value, never shown
    """Some part of the value has no content that could be digested."""


def digest(value: Any, *, function_digest: FunctionDigest | None = None) -> str | None:
    """Digest the content of an input, the same in every process and for every order of equal sets and dicts.

    Types count: ``1``, ``1.0`` and ``True`` differ, and so do a list and a tuple. An object is its class (by name) and
    its state. An object can speak for itself with a method ``__kitaru_digest__`` that returns str or bytes.

    Parameters
    ----------
    value
        Anything; objects that misbehave are no error.
    function_digest
        Returns the identity of a Python function's code, or None; without it, only functions that can be imported
        have a digest, and it is their name alone.

    Returns
    -------
    str or None
        SHA-256 in hex; None if the value, or a part of it, is opaque: a client, a lock, an open file, a generator.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    >>> digest(1) == digest(1.0)
    False
    >>> digest(x for x in "abc") is None
    True
    """
    try:
        flat = _flat(value, type(value))
        if flat is not None:
            return sha256(flat).hexdigest()
        return sha256(_Walk(function_digest).canonical(value)).hexdigest()
    # Foreign objects may raise anything from their hooks; that only means that they have no digest.
    except Exception:
        return None


class _Walk:
    """One pass over a value: remembers what it has seen, for cycles and for parts that are shared."""

    __slots__ = ("_done", "_open", "function_digest")

    def __init__(self, function_digest: FunctionDigest | None) -> None:
        self.function_digest = function_digest
        self._open: dict[int, int] = {}
        # The values are held as well: an id is only good while its object lives.
        self._done: dict[int, tuple[Any, bytes]] = {}

    def canonical(self, value: Any) -> bytes:
        kind = type(value)
        flat = _flat(value, kind)
        if flat is not None:
            return flat
        if kind is str:
            return _sized(b"s", value.encode("utf-8", "surrogatepass"))
        return _sized(b"b", value) if kind is bytes else self._remembered(value, kind)

    def _remembered(self, value: Any, kind: type) -> bytes:
        key = id(value)
        if key in self._done:
            return self._done[key][1]
        if key in self._open:
            return b"^%d;" % (len(self._open) - self._open[key])
        self._open[key] = len(self._open)
        content = _shortened(self._compound(value, kind))
        del self._open[key]
        self._done[key] = (value, content)
        return content

    def _compound(self, value: Any, kind: type) -> bytes:
        if kind is dict:
            return self.mapping(b"d", value)
        if kind is list:
            return self.sequence(b"l", value)
        if kind is tuple:
            return self.sequence(b"t", value)
        if kind is set or kind is frozenset:
            return _sized(b"S" if kind is set else b"F", b"".join(sorted(map(self.canonical, value))))
        return self._instance(value, kind)

    def mapping(self, tag: bytes, value: dict[Any, Any]) -> bytes:
        canonical = self.canonical
        return _sized(tag, b"".join(sorted([canonical(key) + canonical(item) for key, item in value.items()])))

    def sequence(self, tag: bytes, items: list[Any] | tuple[Any, ...]) -> bytes:
        return _sized(tag, b"".join(map(self.canonical, items)))

    def _instance(self, value: Any, kind: type) -> bytes:
        if hasattr(kind, "__kitaru_digest__") and not isinstance(value, type):
            said = value.__kitaru_digest__()
            return self.named("own", kind, said if isinstance(said, (str, bytes)) else _opaque())
        if isinstance(value, (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType)):
            return self._code(value)
        added = self._by_codec(value)
        if added is not None:
            return self.named("codec", kind, added)
        if isinstance(value, Enum):
            return self.named("enum", kind, value.value if isinstance(value, Flag) else value.name)
        if kind.__module__.partition(".")[0] in _ARRAY_PACKAGES:
            from kitaru.runtime.values.digest_arrays import array_parts

            parts = array_parts(value)
            if parts is not None:
                return self.named("array", kind, parts)
        return self._object(value, kind)

    def _by_codec(self, value: Any) -> str | None:
        from kitaru.runtime.values.codec import codec_for

        speak = getattr(codec_for(value), "digest", None)
        return None if speak is None else speak(value) or _opaque()

    def _object(self, value: Any, kind: type) -> bytes:
        if _is_path(kind):
            # How a path reduces changes between versions of Python.
            return self.named("path", kind, str(value))
        if hasattr(kind, "__dataclass_fields__"):
            held = {name: getattr(value, name) for name in kind.__dataclass_fields__ if hasattr(value, name)}
            return self.named("fields", kind, held)
        if _is_model(kind):
            return self.named("model", kind, [value.__dict__, value.__pydantic_extra__, value.__pydantic_private__])
        return self._reduced(value, kind)

    def _reduced(self, value: Any, kind: type) -> bytes:
        if kind is object:
            raise Opaque
        registered = copyreg.dispatch_table.get(kind)
        reduced = value.__reduce_ex__(4) if registered is None else registered(value)
        if isinstance(reduced, str):
            return self.named("global", kind, reduced)
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        parts = [_name_of(make), [_by_name(part) for part in arguments], state, None if items is None else list(items)]
        entries = None if pairs is None else self._entries(kind, list(pairs))
        return self.named("object", kind, parts) + (b"-" if entries is None else entries)

    def _entries(self, kind: type, pairs: list[tuple[Any, Any]]) -> bytes:
        if any(base.__name__ == "OrderedDict" for base in kind.__mro__):
            return self.sequence(b"o", pairs)
        return self.mapping(b"e", dict(pairs))

    def _code(self, value: Any) -> bytes:
        if isinstance(value, MethodType):
            return self.named("method", MethodType, [value.__func__, value.__self__])
        if isinstance(value, BuiltinFunctionType):
            owner = None if isinstance(value.__self__, ModuleType) else value.__self__
            return self.named("builtin", BuiltinFunctionType, [_name_of(value), owner])
        if isinstance(value, ModuleType):
            return self.named("module", ModuleType, value.__name__)
        if isinstance(value, FunctionType):
            return self.named("function", FunctionType, self._function(value))
        return self.named("class", type, self._class(value))

    def _function(self, function: FunctionType) -> list[str]:
        if self.function_digest is not None:
            return [_name_of(function), self.function_digest(function) or _opaque()]
        if "<" in function.__qualname__ or function.__module__ == "__main__":
            raise Opaque
        return [_name_of(function)]

    def _class(self, cls: type) -> list[Any]:
        name = reference(cls)
        if name is not None:
            return [name]
        if _is_model(cls):
            return [_name_of(cls), cls.model_json_schema()]  # type: ignore[attr-defined]
        if self.function_digest is None:
            raise Opaque
        # A notebook's class can be edited under the same name, so its own code counts.
        own = {key: _plain_member(item) for key, item in vars(cls).items() if key not in _CLASS_NOISE}
        return [_name_of(cls), [self._class(base) for base in cls.__bases__], own]

    def named(self, tag: str, kind: type, content: Any) -> bytes:
        return _sized(b"o" + tag.encode(), _sized(b"c", _name_of(kind).encode()) + self.canonical(content))


_CLASS_NOISE = frozenset(
    {"__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "__static_attributes__"}
)


def _flat(value: Any, kind: type) -> bytes | None:
    """Spell atoms and containers of nothing but atoms in one go; None for everything else.

    `ascii` is the one spelling of them that is the same in every version of Python, whatever its Unicode tables.
    """
    if kind in _ATOMS:
        # Huge integers are refused by `ascii`, and depend on a setting.
        return b"x%x;" % value if kind is int and value.bit_length() > 64 else ascii(value).encode() + b";"
    if kind is str:
        return None if len(value) > _FLAT_TEXT else ascii(value).encode()
    try:
        if kind is dict and _is_flat(value, _STRINGS) and _is_flat(value.values(), _ATOMS):
            return _sized(b"D", ascii(sorted(value.items())).encode())
        if (kind is list or kind is tuple) and _is_flat(value, _ATOMS):
            return _sized(b"A", ascii(value).encode())
    except ValueError:  # an integer of thousands of digits
        return None
    return None


def _is_flat(items: Iterable[Any], kinds: frozenset[type]) -> bool:
    for item in items:
        kind = type(item)
        if kind is str:
            if len(item) > _FLAT_TEXT:
                return False
        elif kind not in kinds:
            return False
    return True


def _plain_member(item: Any) -> Any:
    if isinstance(item, property):
        return [item.fget, item.fset, item.fdel]
    return item.__func__ if isinstance(item, (staticmethod, classmethod)) else item


def _opaque() -> Any:
    raise Opaque


def _sized(tag: bytes, content: bytes) -> bytes:
    if len(content) > _LONG:
        return b"%s#%s" % (tag, sha256(content).digest())
    return b"%s%d:%s" % (tag, len(content), content)


def _shortened(content: bytes) -> bytes:
    return content if len(content) <= _LONG else b"#" + sha256(content).digest()


def _name_of(item: Any) -> str:
    module = getattr(item, "__module__", None)
    # A notebook's module is called differently in a script or a worker; the name of the class is not.
    return f"{'' if module == '__main__' else module}:{getattr(item, '__qualname__', None) or _opaque()}"


def _by_name(part: Any) -> Any:
    return _name_of(part) if isinstance(part, type) else part


def _is_path(kind: type) -> bool:
    pathlib = sys.modules.get("pathlib")
    return pathlib is not None and issubclass(kind, pathlib.PurePath)


def _is_model(kind: type) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(kind, pydantic.BaseModel)
