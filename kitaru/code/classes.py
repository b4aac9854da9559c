"""What a user's class consists of, taken from the class itself: notebooks keep no reliable source of classes."""

from __future__ import annotations

import enum
import hashlib
import typing
from types import FunctionType, UnionType
from typing import Any

from kitaru.code.values import encode

# Python, dataclasses, enum, typing, abc and pydantic write these; they say nothing that the rest does not.
_NOISE = (
    "__module__ __dict__ __weakref__ __doc__ __qualname__ __firstlineno__ __static_attributes__ __annotations__ "
    "__annotations_cache__ __annotate__ __annotate_func__ __dataclass_fields__ __dataclass_params__ __match_args__ "
    "__parameters__ __orig_bases__ __type_params__ __abstractmethods__ _abc_impl __slots__ __hash__ __signature__ "
    "__class_vars__ __private_attributes__ __protocol_attrs__ _is_protocol __non_callable_proto_members__ "
    "_member_map_ _member_names_ _member_type_ _value2member_map_ _hashable_values_ _unhashable_values_ "
    "_unhashable_values_map_ _new_member_ _use_args_ _value_repr_ _generate_next_value_ __new_member__ "
    "_boundary_ _flag_mask_ _singles_mask_ _all_bits_ _inverted_ model_fields model_computed_fields "
    "__total__ __required_keys__ __optional_keys__ __readonly_keys__ __mutable_keys__ _fields _field_defaults"
)
_NOISE_NAMES = frozenset(_NOISE.split())
_GENERATED = frozenset({"<string>", "<factory>"})


def class_members(cls: type) -> list[tuple[str, object]]:
    """Methods and plain attributes of a class, sorted by name; generated ones are left out.

    Parameters
    ----------
    cls
        A class.

    Returns
    -------
    list of tuple of str and object
        Names and raw values (descriptors are not resolved).

    Examples
    --------
    >>> class Point:
    ...     'Doc.'
    ...     dimensions = 2
    >>> class_members(Point)
    [('dimensions', 2)]
    """
    slots = vars(cls).get("__slots__", ())
    fields = {slots} if isinstance(slots, str) else set(slots)
    return sorted(
        ((name, value) for name, value in list(vars(cls).items()) if name not in fields and _counts(cls, name, value)),
        key=lambda member: member[0],
    )


def class_shape(cls: type) -> str:
    """Digest of what a class declares beside methods and attributes: fields, their types, options.

    Parameters
    ----------
    cls
        A class.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> class_shape(type("A", (), {})) == class_shape(type("B", (), {}))
    False
    """
    own = vars(cls)
    annotations = getattr(cls, "__annotations__", {}) if "__annotate_func__" in own else own.get("__annotations__", {})
    shape: list[Any] = [cls.__qualname__, [(name, type_text(a)) for name, a in dict(annotations).items()]]
    options = own.get("__dataclass_params__")
    if options is not None:
        names = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")
        shape.append([bool(getattr(options, name)) for name in names])
        shape.append([_field(field) for field in own["__dataclass_fields__"].values()])
    shape.extend([name, own[name]] for name in ("__slots__", "_fields", "_field_defaults", "__total__") if name in own)
    shape.append(list(own.get("__pydantic_fields__", {}).items()))
    if isinstance(cls, enum.EnumMeta):
        shape.append([(name, member.value) for name, member in cls._member_map_.items()])
    encoded = encode(shape)
    refs = " ".join(_reference_name(ref) for ref in encoded.refs)
    return hashlib.sha256(encoded.data + refs.encode()).hexdigest()


def type_text(annotation: Any) -> str:
    """Text of an annotation that does not depend on the module of the user's classes.

    Parameters
    ----------
    annotation
        A type, a generic alias, or the text of one.

    Returns
    -------
    str
        For example ``"list[int]"``.

    Examples
    --------
    >>> type_text(list[int]), type_text(int | None), type_text("int")
    ('list[int]', 'Union[int, None]', 'int')
    """
    if isinstance(annotation, str):
        return annotation
    if annotation is type(None):
        return "None"
    arguments = typing.get_args(annotation)
    if arguments:
        origin = typing.get_origin(annotation)
        name = "Union" if isinstance(annotation, UnionType) or origin is typing.Union else type_text(origin)
        return f"{name}[{', '.join(type_text(a) for a in arguments)}]"
    if isinstance(annotation, type | FunctionType):
        return annotation.__qualname__
    if isinstance(annotation, list | tuple):
        return f"[{', '.join(type_text(a) for a in annotation)}]"
    if isinstance(getattr(annotation, "__name__", None), str):
        return str(annotation.__name__)
    encoded = encode(annotation)
    return encoded.data.hex() + "".join(_reference_name(ref) for ref in encoded.refs)


def _counts(cls: type, name: str, value: object) -> bool:
    if name in _NOISE_NAMES or name.startswith(("__pydantic_", "_sunder_")):
        return False
    if isinstance(cls, enum.EnumMeta) and name in cls.__members__:
        return False
    generated = isinstance(value, FunctionType) and value.__code__.co_filename in _GENERATED
    made_by_class = "__dataclass_fields__" in vars(cls) or "_fields" in vars(cls)
    if made_by_class and name.startswith("__") and (generated or _foreign(cls, value)):
        return False
    return type(value).__name__ not in ("member_descriptor", "getset_descriptor", "_tuplegetter")


def _foreign(cls: type, value: object) -> bool:
    return isinstance(value, FunctionType) and value.__globals__.get("__name__") in ("dataclasses", "reprlib")


def _field(field: Any) -> list[object]:
    names = ("name", "default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
    return [getattr(field, name, None) for name in names]


def _reference_name(ref: object) -> str:
    return str(getattr(ref, "__qualname__", type(ref).__qualname__))
