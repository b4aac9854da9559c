"""Python values as stored records, their content digests and their previews."""

from __future__ import annotations

from kitaru.runtime.values.codec import Codec, register_codec
from kitaru.runtime.values.digests import digest
from kitaru.runtime.values.previews import preview
from kitaru.runtime.values.recording import decode, encode

__all__ = ["Codec", "decode", "digest", "encode", "preview", "register_codec"]
