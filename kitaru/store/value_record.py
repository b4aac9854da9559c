"""How a Python value looks in the store: a plain, JSON-able record that nobody has to unpickle to show."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class ValueRecord(TypedDict):
    """One stored value: its bytes (inline or by reference), what they are, and a preview.

    Exactly one of `inline` and `payload` is there.

    Examples
    --------
    >>> record: ValueRecord = {
    ...     "codec": "json", "type": "builtins.int", "size": 2,
    ...     "digest": "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049",
    ...     "inline": 42, "preview": {"kind": "text", "text": "42"},
    ... }
    >>> "payload" in record
    False
    """

    codec: str
    """Name of the codec that wrote the bytes, for example ``"json"``."""
    type: str
    """Qualified name of the value's type, for example ``"builtins.tuple"``."""
    size: int
    """Length of the encoded bytes."""
    digest: str
    """SHA-256 of the encoded bytes, in hex."""
    preview: dict[str, Any]
    """Bounded, plain description for people; see `kitaru.runtime.values.preview`."""
    inline: NotRequired[Any]
    """A JSON value for the JSON codecs, base64 text for the others."""
    payload: NotRequired[str]
    """Digest under which the payload store has the bytes."""
