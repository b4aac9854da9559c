"""Instances inside of tagged JSON: enum members, named tuples, dataclasses, Pydantic models, added codecs."""

from __future__ import annotations

import dataclasses
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruSerializationError
from kitaru.runtime.values.codec import codec_for, decode_by, encode_by
from kitaru.runtime.values.references import reference, resolve

if TYPE_CHECKING:
    from pydantic import BaseModel

TAG = "$kitaru"
Pack = Callable[[Any], Any]
_MODEL_HOOKS = ("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__")
_MODEL_EXTRAS = ("__pydantic_extra__", "__pydantic_private__")


class Inexact(Exception):  # noqa: N818 -- a branch of the search for a codec, never shown
    """The value has no exact JSON form."""


def tagged(name: str, parts: Any) -> dict[str, Any]:
    """Return `parts` under the type tag `name`."""
    return {TAG: name, "v": parts}


def pack_instance(value: Any, pack: Pack) -> dict[str, Any]:
    """Return the tagged form of an instance of a class that has one, else raise `Inexact`."""
    codec = codec_for(value)
    if codec is not None:
        return tagged("codec", [codec.name, b64encode(encode_by(codec, value)).decode("ascii")])
    cls = type(value)
    name = reference(cls)
    if name is None:
        raise Inexact
    if issubclass(cls, Enum):
        return _pack_member(value, name)
    if issubclass(cls, tuple):
        return _pack_named_tuple(value, name, pack)
    if dataclasses.is_dataclass(cls):
        return tagged("dataclass", [name, {key: pack(item) for key, item in _fields(value).items()}])
    if _is_model(cls):
        return _pack_model(value, name, pack)
    raise Inexact


def _pack_member(value: Enum, name: str) -> dict[str, Any]:
    # Combined flags have no member of their own.
    if type(value).__members__.get(value.name) is not value:
        raise Inexact
    return tagged("enum", [name, value.name])


def _pack_named_tuple(value: tuple[Any, ...], name: str, pack: Pack) -> dict[str, Any]:
    cls = type(value)
    if cls.__bases__ != (tuple,) or not hasattr(cls, "_fields") or hasattr(value, "__dict__"):
        raise Inexact
    return tagged("namedtuple", [name, [pack(item) for item in value]])


def _fields(value: Any) -> dict[str, Any]:
    cls = type(value)
    names = {field.name for field in dataclasses.fields(cls)}
    held: dict[str, Any] = getattr(value, "__dict__", {})
    slots = _slots(cls)
    complete = all(hasattr(value, name) for name in names)
    if not _is_ordinary(cls) or not complete or not held.keys() | slots <= names:
        raise Inexact
    return {**{name: getattr(value, name) for name in sorted(slots)}, **held}


def _is_ordinary(cls: Any) -> bool:
    # A class that pickles in its own way, or sits on a built-in type, holds more than its fields.
    state = ("__getstate__", "__setstate__")
    return (
        cls.__new__ is object.__new__
        and cls.__reduce__ is object.__reduce__
        and cls.__reduce_ex__ is object.__reduce_ex__
        and all(_is_default(getattr(cls, name, None), getattr(object, name, None)) for name in state)
    )


def _is_default(method: Any, default: Any) -> bool:
    return method is default or getattr(method, "__module__", None) == "dataclasses"


def _slots(cls: type) -> set[str]:
    names: set[str] = set()
    for base in cls.__mro__:
        own = base.__dict__.get("__slots__", ())
        names.update((own,) if isinstance(own, str) else own)
    return names - {"__dict__", "__weakref__"}


def _is_model(cls: type) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(cls, pydantic.BaseModel)


def _pack_model(value: BaseModel, name: str, pack: Pack) -> dict[str, Any]:
    from pydantic import BaseModel

    cls = type(value)
    if any(getattr(cls, hook) is not getattr(BaseModel, hook) for hook in _MODEL_HOOKS):
        raise Inexact
    # The state rather than a dump: aliases, serializers, loosely typed fields and unset defaults would change a dump.
    state = value.__getstate__()
    fields = {key: pack(item) for key, item in state["__dict__"].items()}
    given = None if state["__pydantic_fields_set__"] == fields.keys() else sorted(state["__pydantic_fields_set__"])
    return tagged("pydantic", [name, fields, given, *(pack(state[key]) for key in _MODEL_EXTRAS)])


def _read_model(parts: list[Any], unpack: Pack) -> Any:
    cls = resolve(parts[0])
    fields = {key: unpack(item) for key, item in parts[1].items()}
    given = set(fields if parts[2] is None else parts[2])
    for name in cls.model_fields.keys() - fields.keys():
        field = cls.model_fields[name]
        if field.is_required():
            raise _changed(parts[0], name)
        fields[name] = field.get_default(call_default_factory=True, validated_data=fields)
    value = cls.__new__(cls)
    extras = {key: unpack(item) for key, item in zip(_MODEL_EXTRAS, parts[3:], strict=True)}
    value.__setstate__({"__dict__": fields, "__pydantic_fields_set__": given, **extras})
    return value


def _read_dataclass(parts: list[Any], unpack: Pack) -> Any:
    cls = resolve(parts[0])
    value = object.__new__(cls)
    held = {key: unpack(item) for key, item in parts[1].items()}
    slots = _slots(cls)
    for field in dataclasses.fields(cls):
        # A default that is an attribute of the class needs no copy in the instance.
        if field.name not in held and (field.name in slots or not hasattr(cls, field.name)):
            held[field.name] = _default(field, parts[0])
    for key, item in held.items():
        if key in slots:
            object.__setattr__(value, key, item)
        else:
            value.__dict__[key] = item
    return value


def _default(field: dataclasses.Field[Any], name: str) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is dataclasses.MISSING:
        raise _changed(name, field.name)
    return field.default_factory()


def _changed(name: str, field: str) -> KitaruSerializationError:
    return KitaruSerializationError(
        f"A stored {name.replace(':', '.')} no longer fits its class, which has changed since: it has no {field!r}. "
        "Give the new field a default, or replay the execution from the checkpoint that produced the value."
    )


READERS: dict[str, Callable[[Any, Pack], Any]] = {
    "enum": lambda parts, _: resolve(parts[0])[parts[1]],
    "namedtuple": lambda parts, unpack: tuple.__new__(resolve(parts[0]), map(unpack, parts[1])),
    "dataclass": _read_dataclass,
    "pydantic": _read_model,
    "codec": lambda parts, _: decode_by(parts[0], b64decode(parts[1])),
}
