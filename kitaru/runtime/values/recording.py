"""Values to records and back: which codec takes a value, and whether its bytes stay inline."""

from __future__ import annotations

import hashlib
import sys
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import orjson

from kitaru.errors import KitaruSerializationError
from kitaru.runtime.values.plain_json import is_plain
from kitaru.runtime.values.previews import preview
from kitaru.runtime.values.references import type_name

if TYPE_CHECKING:
    from kitaru.store.payloads import PayloadStore
    from kitaru.store.value_record import ValueRecord

_JSON = ("json", "json-tagged")
_TYPE_NAMES = {kind: f"builtins.{kind.__name__}" for kind in (str, int, float, bool, list, dict, bytes, type(None))}


def encode(value: Any, payloads: PayloadStore, *, inline_limit: int = 16_384, where: str = "result") -> ValueRecord:
    """Turn a Python value into a record that can be stored, writing its bytes to `payloads` if they are many.

    Parameters
    ----------
    value
        Anything: plain data, frames, arrays, models, or whatever cloudpickle takes.
    payloads
        Where encoded values above `inline_limit` go.
    inline_limit
        Largest size in bytes of an encoded value that is kept inside of the record.
    where
        What the value is called in messages, for example ``"result"`` or the name of a parameter.

    Returns
    -------
    ValueRecord
        A JSON-able dict that shares no mutable part with `value`.

    Raises
    ------
    KitaruSerializationError
        If some part of the value has no stored form; the message names that part and the remedies.
    KitaruStoreError
        If the payload cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from kitaru.store.payloads import FilePayloads
    >>> payloads = FilePayloads(tempfile.mkdtemp())
    >>> record = encode({"a": (1, 2)}, payloads)
    >>> record["codec"], record["type"]
    ('json-tagged', 'builtins.dict')
    >>> decode(record, payloads)
    {'a': (1, 2)}
    """
    codec, data = _encoded(value, where)
    kind = type(value)
    record: ValueRecord = {
        "codec": codec,
        "type": _TYPE_NAMES.get(kind) or type_name(kind),
        "size": len(data),
        "digest": "",
        "preview": preview(value, where),
    }
    if len(data) > inline_limit:
        record["payload"] = record["digest"] = payloads.put(data)
    else:
        record["digest"] = hashlib.sha256(data).hexdigest()
        # Parsed again, because the caller may go on to change the value before the record is written.
        record["inline"] = orjson.loads(data) if codec in _JSON else b64encode(data).decode("ascii")
    return record


def decode(record: ValueRecord, payloads: PayloadStore) -> Any:
    """Turn a record into the value that it was made from.

    Pickled values run code when they are read: call this in the user's own process only, never in a service.

    Parameters
    ----------
    record
        What `encode` returned.
    payloads
        Where `encode` put the bytes of large values.

    Returns
    -------
    object
        An equal value of the same type; a new one at each call.

    Raises
    ------
    KitaruSerializationError
        If a class, a package or a codec that the value needs is missing here.
    KitaruCorruptionError
        If the payload's bytes are not those that were written.
    KitaruStoreError
        If the payload cannot be read.

    Examples
    --------
    See `encode`.
    """
    codec = record["codec"]
    digest = record.get("payload")
    if codec == "json":
        # Parsed again, so that whoever changes the value does not change the record.
        return orjson.loads(payloads.get(digest) if digest else orjson.dumps(record["inline"]))
    if codec == "json-tagged":
        from kitaru.runtime.values.tagged_json import unpack

        return unpack(orjson.loads(payloads.get(digest)) if digest else record["inline"])
    return _decoded(codec, record["type"], payloads.get(digest) if digest else b64decode(record["inline"]))


def _encoded(value: Any, where: str) -> tuple[str, bytes | memoryview]:
    if is_plain(value):
        try:
            return "json", orjson.dumps(value)
        # Integers beyond 64 bits and lone surrogates: the tagged form has them.
        except orjson.JSONEncodeError:
            pass
    if type(value) in (bytes, bytearray):
        return type(value).__name__, memoryview(value)
    return _encoded_by_codec(value) or _encoded_as_tags(value) or ("cloudpickle", _pickled(value, where))


def _encoded_by_codec(value: Any) -> tuple[str, bytes | memoryview] | None:
    from kitaru.runtime.values.codec import codec_for, encode_by

    added = codec_for(value)
    if added is not None:
        return added.name, encode_by(added, value)
    codec = _library_codec(value)
    if codec is None:
        return None
    data = codec.encode(value)
    return None if data is None else (codec.name, data)


def _encoded_as_tags(value: Any) -> tuple[str, bytes] | None:
    from kitaru.runtime.values.class_tags import Inexact
    from kitaru.runtime.values.tagged_json import pack

    try:
        return "json-tagged", orjson.dumps(pack(value))
    except Inexact:
        return None


def _pickled(value: Any, where: str) -> memoryview:
    from kitaru.runtime.values import pickles

    return pickles.encode(value, where)


def _library_codec(value: Any) -> Any:
    package = type(value).__module__.partition(".")[0]
    if package not in _LIBRARIES or package not in sys.modules:
        return None
    codec = _built_in(_LIBRARIES[package])
    return codec if codec.handles(value) else None


_LIBRARIES = {"numpy": "numpy", "pandas": "pandas", "polars": "polars", "pyarrow": "arrow", "PIL": "image"}


def _built_in(name: str) -> Any:
    from kitaru.runtime.values import arrays, frames, images

    codecs = {
        "numpy": arrays.NumpyCodec,
        "pandas": frames.PandasCodec,
        "polars": frames.PolarsCodec,
        "arrow": frames.ArrowCodec,
        "image": images.ImageCodec,
    }
    return codecs[name]()


def _decoded(codec: str, name: str, data: bytes) -> Any:
    if codec == "bytes":
        return data
    if codec == "bytearray":
        return bytearray(data)
    if codec == "cloudpickle":
        from kitaru.runtime.values import pickles

        return pickles.decode(data, name)
    if codec in _LIBRARIES.values():
        return _decoded_by_library(codec, name, data)
    from kitaru.runtime.values.codec import decode_by

    return decode_by(codec, data)


def _decoded_by_library(codec: str, name: str, data: bytes) -> Any:
    try:
        return _built_in(codec).decode(data)
    except ImportError as error:
        raise KitaruSerializationError(
            f"A stored value of type {name} needs a package that is not installed here: {error}. Install it, then read "
            "the value again."
        ) from error
