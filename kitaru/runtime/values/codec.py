"""The contract of a codec, and the table of those that packages and users add."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from kitaru.errors import KitaruSerializationError, KitaruUsageError
from kitaru.runtime.values.references import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

ENTRY_POINT_GROUP = "kitaru.codecs"
BUILT_IN = frozenset(
    {"json", "json-tagged", "bytes", "bytearray", "numpy", "pandas", "polars", "arrow", "image", "cloudpickle"}
)


@runtime_checkable
class Codec(Protocol):
    """Turns values of some types into bytes and back.

    `name` is stored with every value, so it must stay the same for as long as the values are to be readable.
    A codec may also have a method ``digest(value) -> str | None`` that identifies a value's content; without it,
    values of its types are digested like any other object.

    Examples
    --------
    See `register_codec`.
    """

    name: str

    def handles(self, value: Any) -> bool:
        """Say whether this codec takes `value`; called for every value that is not plain JSON, so keep it cheap."""

    def encode(self, value: Any) -> bytes | memoryview:
        """Return bytes from which `decode` can make an equal value in another process."""

    def decode(self, data: bytes) -> Any:
        """Return the value that `encode` wrote as `data`."""


_registered: dict[str, Codec] = {}


def register_codec(codec: Codec) -> None:
    """Add a codec for values that Kitaru cannot store, or not well enough, by itself.

    It comes before all built-in codecs, also for values nested in lists, dicts and dataclasses. Registering a name
    again replaces the earlier codec, so a notebook cell may run twice. A package registers its codecs in the entry
    point group ``kitaru.codecs`` instead; an entry point names a codec object or a class without parameters.

    Parameters
    ----------
    codec
        An object with `name`, `handles`, `encode` and `decode`; see `Codec`.

    Raises
    ------
    KitaruUsageError
        If something of that is missing, or the name is one of the built-in codecs.

    Examples
    --------
    >>> class Celsius:
    ...     def __init__(self, degrees): self.degrees = degrees
    >>> class CelsiusCodec:
    ...     name, takes = "celsius", Celsius
    ...     def handles(self, value): return type(value) is self.takes
    ...     def encode(self, value): return str(value.degrees).encode()
    ...     def decode(self, data): return self.takes(float(data))
    >>> register_codec(CelsiusCodec())
    """
    _registered[_checked(codec).name] = codec


def codec_for(value: object) -> Codec | None:
    """Return the added codec that takes `value`, if there is one.

    Examples
    --------
    >>> codec_for(42) is None
    True
    """
    for codec in _added():
        with _blamed(codec.name, value):
            if codec.handles(value):
                return codec
    return None


def encode_by(codec: Codec, value: object) -> bytes | memoryview:
    """Encode `value`; an error of the codec becomes one that names the codec."""
    with _blamed(codec.name, value):
        return codec.encode(value)


def decode_by(name: str, data: bytes) -> Any:
    """Decode `data` with the added codec `name`.

    Raises
    ------
    KitaruSerializationError
        If there is no such codec here, or it fails.
    """
    codec = codec_named(name)
    if codec is None:
        raise KitaruSerializationError(
            f"A stored value was written by the codec {name!r}, which is not here. Install the package that brings it, "
            "or call kitaru.register_codec with it before reading the value."
        )
    with _blamed(name, data):
        return codec.decode(data)


@contextmanager
def _blamed(name: str, value: object) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise KitaruSerializationError(
            f"The codec {name!r} failed on a {type_name(type(value))}: {type(error).__name__}: {error}. Correct the "
            "codec and register it again, or keep the value out of what is stored."
        ) from error


def codec_named(name: str) -> Codec | None:
    """Return the added codec of that name, if there is one.

    Examples
    --------
    >>> codec_named("not installed") is None
    True
    """
    return _registered.get(name) or _installed().get(name)


def _added() -> Iterator[Codec]:
    yield from tuple(_registered.values())
    for name, codec in _installed().items():
        if name not in _registered:
            yield codec


@cache
def _installed() -> dict[str, Codec]:
    from importlib.metadata import entry_points

    codecs = (_load(point) for point in entry_points(group=ENTRY_POINT_GROUP))
    return {codec.name: codec for codec in codecs if codec is not None}


def _load(point: EntryPoint) -> Codec | None:
    # One broken package must not keep every value from being stored; its own values fail with a message later.
    try:
        found = point.load()
        return _checked(found() if isinstance(found, type) else found)
    except Exception as error:
        owner = point.dist.name if point.dist else "an unknown package"
        warnings.warn(
            f"The codec {point.value} of {owner} cannot be used and is left out: {type(error).__name__}: {error}. "
            f"Update or uninstall {owner}.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def _checked(codec: Any) -> Codec:
    missing = [part for part in ("name", "handles", "encode", "decode") if not hasattr(codec, part)]
    if missing or isinstance(codec, type):
        reason = f"has no {', '.join(missing)}" if missing else "is a class; register an instance of it"
        raise KitaruUsageError(f"{codec!r} is no codec: it {reason}. See help(kitaru.runtime.values.Codec).")
    if codec.name in BUILT_IN:
        raise KitaruUsageError(f"The codec name {codec.name!r} is built in. Choose another name.")
    return codec  # type: ignore[no-any-return]
