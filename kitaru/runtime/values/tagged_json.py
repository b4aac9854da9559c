"""JSON in which types survive: what JSON lacks becomes an object with the key ``$kitaru`` that names the type."""

from __future__ import annotations

import datetime
import pathlib
import struct
import uuid
from base64 import b64decode, b64encode
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from math import isfinite, isinf
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from kitaru.errors import KitaruSerializationError
from kitaru.runtime.values import class_tags
from kitaru.runtime.values.class_tags import TAG, Inexact, tagged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kitaru.runtime.values.class_tags import Pack

# A level of Python can take four levels of JSON, and the parser stops at 254.
_MAX_DEPTH = 50
# Beyond this, base64 inside of JSON costs more than a pickle that holds the bytes as they are.
_MAX_BYTES = 65_536
_PATHS = (pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath)
_FACTORIES = {kind.__name__: kind for kind in (bool, bytes, dict, float, int, list, set, str, tuple)}


def pack(value: Any, depth: int = 0) -> Any:
    """Turn `value` into plain JSON data from which `unpack` makes exactly the same value.

    Raises
    ------
    Inexact
        If some part of it has no exact form here.

    Examples
    --------
    >>> pack({"pair": (1, 2)})
    {'pair': {'$kitaru': 'tuple', 'v': [1, 2]}}
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    if depth >= _MAX_DEPTH:
        raise Inexact
    write = _WRITERS.get(kind)
    if write is None:
        return class_tags.pack_instance(value, lambda item: pack(item, depth + 1))
    return write(value, lambda item: pack(item, depth + 1))


def unpack(tree: Any) -> Any:
    """Turn what `pack` made into the value again.

    Raises
    ------
    KitaruSerializationError
        If a tag is unknown here or a class can no longer be imported.

    Examples
    --------
    >>> unpack({"pair": {"$kitaru": "tuple", "v": [1, 2]}})
    {'pair': (1, 2)}
    """
    if type(tree) is list:
        return [unpack(item) for item in tree]
    if type(tree) is not dict:
        return tree
    tag = tree.get(TAG)
    if tag is None:
        return {key: unpack(item) for key, item in tree.items()}
    read = _READERS.get(tag) or class_tags.READERS.get(tag)
    if read is None:
        raise KitaruSerializationError(
            f"A stored value uses the type tag {tag!r}, which this version of Kitaru does not know. "
            "It was written by a newer version: update Kitaru here."
        )
    return read(tree["v"], unpack)


def _write_int(value: int, _: Pack) -> Any:
    return value if -(2**63) <= value < 2**64 else tagged("int", hex(value))


def _write_float(value: float, _: Pack) -> Any:
    if isfinite(value):
        return value
    return tagged("float", str(value) if isinf(value) else struct.pack(">d", value).hex())


def _read_float(text: str, _: Pack) -> float:
    return float(text) if "inf" in text else float(struct.unpack(">d", bytes.fromhex(text))[0])


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _write_str(value: str, _: Pack) -> Any:
    return value if _is_unicode(value) else tagged("str", _base64(value.encode("utf-8", "surrogatepass")))


def _write_list(value: list[Any], pack_item: Pack) -> Any:
    return [pack_item(item) for item in value]


def _write_dict(value: dict[Any, Any], pack_item: Pack) -> Any:
    if TAG not in value and all(type(key) is str and _is_unicode(key) for key in value):
        return {key: pack_item(item) for key, item in value.items()}
    return tagged("dict", _pairs(value, pack_item))


def _pairs(value: Mapping[Any, Any], pack_item: Pack) -> list[list[Any]]:
    return [[pack_item(key), pack_item(item)] for key, item in value.items()]


def _read_pairs(pairs: list[list[Any]], unpack_item: Pack) -> list[tuple[Any, Any]]:
    return [(unpack_item(key), unpack_item(item)) for key, item in pairs]


def _bytes(value: bytes | bytearray) -> str:
    if len(value) > _MAX_BYTES:
        raise Inexact
    return _base64(value)


def _base64(data: bytes | bytearray) -> str:
    return b64encode(data).decode("ascii")


def _sorted(items: Iterable[Any], pack_item: Pack) -> list[Any]:
    # The order of a set differs from process to process; equal sets should be equal bytes.
    return sorted((pack_item(item) for item in items), key=orjson.dumps)


def _without_attributes(value: Any) -> Any:
    if vars(value):
        raise Inexact
    return value


def _write_uuid(value: uuid.UUID, _: Pack) -> Any:
    return tagged("uuid", [value.hex, value.is_safe.value])


def _read_uuid(parts: list[Any], _: Pack) -> uuid.UUID:
    return uuid.UUID(parts[0], is_safe=uuid.SafeUUID(parts[1]))


def _write_moment(value: datetime.datetime | datetime.time, pack_item: Pack) -> Any:
    name = "datetime" if isinstance(value, datetime.datetime) else "time"
    zone = value.tzinfo
    # A date and time of an unknown zone class goes to pickle as a whole.
    return tagged(name, [value.replace(tzinfo=None).isoformat(), pack_item(zone), value.fold])


def _read_datetime(parts: list[Any], unpack_item: Pack) -> datetime.datetime:
    return datetime.datetime.fromisoformat(parts[0]).replace(tzinfo=unpack_item(parts[1]), fold=parts[2])


def _read_time(parts: list[Any], unpack_item: Pack) -> datetime.time:
    return datetime.time.fromisoformat(parts[0]).replace(tzinfo=unpack_item(parts[1]), fold=parts[2])


def _write_timezone(value: datetime.timezone, pack_item: Pack) -> Any:
    return tagged("timezone", [pack_item(part) for part in value.__reduce__()[1]])


def _write_zone(value: ZoneInfo, _: Pack) -> Any:
    if value.key is None:
        raise Inexact
    return tagged("zoneinfo", value.key)


def _write_path(value: pathlib.PurePath, pack_item: Pack) -> Any:
    return tagged("path", [type(value).__name__, pack_item(str(value))])


def _read_path(parts: list[Any], unpack_item: Pack) -> pathlib.PurePath:
    name, text = parts[0], unpack_item(parts[1])
    if name in ("PosixPath", "WindowsPath"):
        # A path of the other operating system has no concrete class here.
        name = name if name == type(pathlib.Path()).__name__ else f"Pure{name}"
    made: pathlib.PurePath = getattr(pathlib, name)(text)
    return made


def _write_defaultdict(value: defaultdict[Any, Any], pack_item: Pack) -> Any:
    factory = value.default_factory
    name = getattr(factory, "__name__", None)
    if factory is not None and _FACTORIES.get(str(name)) is not factory:
        raise Inexact
    return tagged("defaultdict", [name, _pairs(value, pack_item)])


def _read_defaultdict(parts: list[Any], unpack_item: Pack) -> defaultdict[Any, Any]:
    return defaultdict(None if parts[0] is None else _FACTORIES[parts[0]], _read_pairs(parts[1], unpack_item))


def _parts(name: str, *attributes: str) -> Callable[[Any, Pack], Any]:
    return lambda value, pack_item: tagged(name, [pack_item(getattr(value, part)) for part in attributes])


def _built(make: Callable[..., Any]) -> Callable[[Any, Pack], Any]:
    return lambda parts, unpack_item: make(*map(unpack_item, parts))


_WRITERS: dict[type, Callable[[Any, Pack], Any]] = {
    int: _write_int,
    float: _write_float,
    str: _write_str,
    list: _write_list,
    dict: _write_dict,
    tuple: lambda value, item: tagged("tuple", _write_list(value, item)),
    set: lambda value, item: tagged("set", _sorted(value, item)),
    frozenset: lambda value, item: tagged("frozenset", _sorted(value, item)),
    bytes: lambda value, _: tagged("bytes", _bytes(value)),
    bytearray: lambda value, _: tagged("bytearray", _bytes(value)),
    complex: _parts("complex", "real", "imag"),
    Decimal: lambda value, _: tagged("decimal", str(value)),
    Fraction: _parts("fraction", "numerator", "denominator"),
    uuid.UUID: _write_uuid,
    datetime.datetime: _write_moment,
    datetime.time: _write_moment,
    datetime.date: lambda value, _: tagged("date", value.isoformat()),
    datetime.timedelta: _parts("timedelta", "days", "seconds", "microseconds"),
    datetime.timezone: _write_timezone,
    ZoneInfo: _write_zone,
    range: _parts("range", "start", "stop", "step"),
    deque: lambda value, item: tagged("deque", [_write_list(value, item), value.maxlen]),
    OrderedDict: lambda value, item: tagged("ordered", _pairs(_without_attributes(value), item)),
    Counter: lambda value, item: tagged("counter", _pairs(_without_attributes(value), item)),
    defaultdict: _write_defaultdict,
    **dict.fromkeys(_PATHS, _write_path),
}

_READERS: dict[str, Callable[[Any, Pack], Any]] = {
    "int": lambda text, _: int(text, 16),
    "float": _read_float,
    "str": lambda text, _: b64decode(text).decode("utf-8", "surrogatepass"),
    "dict": lambda pairs, item: dict(_read_pairs(pairs, item)),
    "tuple": lambda items, item: tuple(map(item, items)),
    "set": lambda items, item: set(map(item, items)),
    "frozenset": lambda items, item: frozenset(map(item, items)),
    "bytes": lambda text, _: b64decode(text),
    "bytearray": lambda text, _: bytearray(b64decode(text)),
    "complex": _built(complex),
    "decimal": lambda text, _: Decimal(text),
    "fraction": _built(Fraction),
    "uuid": _read_uuid,
    "datetime": _read_datetime,
    "time": _read_time,
    "date": lambda text, _: datetime.date.fromisoformat(text),
    "timedelta": _built(datetime.timedelta),
    "timezone": _built(datetime.timezone),
    "zoneinfo": lambda key, _: ZoneInfo(key),
    "range": _built(range),
    "deque": lambda parts, item: deque(map(item, parts[0]), parts[1]),
    "ordered": lambda pairs, item: OrderedDict(_read_pairs(pairs, item)),
    "counter": lambda pairs, item: Counter(dict(_read_pairs(pairs, item))),
    "defaultdict": _read_defaultdict,
    "path": _read_path,
}
