"""How records lie in a segment file: each under its length and checksum, so that damage stays where it is.

A plain segment is a header and then one frame per record. A sealed one is compressed: one frame per
block of some records, each block on its own, so that a broken byte costs one block and not the rest.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from kitaru.errors import KitaruStoreVersionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSION = 1
PLAIN = b"KITARU-J"
COMPRESSED = b"KITARU-Z"
HEADER = struct.Struct("<8sIQI")  # magic, version, first position, checksum of these
FRAME = struct.Struct("<II")  # length, checksum
BLOCK = struct.Struct("<4sQQ")  # mark, first and last position
LARGEST = 1 << 28
BLOCK_BYTES = 1 << 15

# Every payload begins so: where a length is damaged, the next frame is found by it and proved by its checksum.
_RECORD_MARK = b'{"position":'
_BLOCK_MARK = b"KZB1"


class Frame(NamedTuple):
    """An intact payload and where its frame begins."""

    offset: int
    payload: bytes


class Broken(NamedTuple):
    """Bytes that are no frame; `torn` if nothing intact follows them."""

    offset: int
    stop: int
    torn: bool


def header(magic: bytes, first: int) -> bytes:
    """Return the header of a segment whose first record has position `first`."""
    start = struct.pack("<8sIQ", magic, VERSION, first)
    return start + struct.pack("<I", zlib.crc32(start))


def header_is_intact(data: bytes, magic: bytes) -> bool:
    """Say whether `data` begins with a header.

    Raises
    ------
    KitaruStoreVersionError
        If a newer version wrote it.
    """
    if len(data) < HEADER.size:
        return False
    found, version, _, checksum = HEADER.unpack_from(data)
    if found != magic or zlib.crc32(data[: HEADER.size - 4]) != checksum:
        return False
    if version > VERSION:
        raise KitaruStoreVersionError(
            f"The journal has format {version}, written by a newer Kitaru; this one knows formats up to {VERSION}. "
            "Update kitaru-jupyter in this environment."
        )
    return True


def frame(payload: bytes) -> bytes:
    """Return `payload` under its length and checksum."""
    return FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def position_of(payload: bytes) -> int:
    """Return the position at which a record's JSON begins, without reading the rest."""
    start = len(_RECORD_MARK)
    return int(payload[start : payload.index(b",", start)])


def scan(data: bytes, offset: int = HEADER.size, *, magic: bytes = PLAIN) -> Iterator[Frame | Broken]:
    """Yield the intact frames of `data` from `offset` on, and what lies between them."""
    mark = _RECORD_MARK if magic == PLAIN else _BLOCK_MARK
    while offset < len(data):
        payload = _payload_at(data, offset)
        if payload is not None:
            yield Frame(offset, payload)
            offset += FRAME.size + len(payload)
            continue
        following = _next_intact(data, offset, mark)
        if following is None:
            written = len(data.rstrip(b"\0")) if data.endswith(b"\0") else len(data)
            # Zeros to the end are space that was set aside and not yet used.
            if written > offset:
                yield Broken(offset, written, torn=True)
            return
        yield Broken(offset, following, torn=False)
        offset = following


def _payload_at(data: bytes, offset: int) -> bytes | None:
    start = offset + FRAME.size
    if start > len(data):
        return None
    length, checksum = FRAME.unpack_from(data, offset)
    if not 0 < length <= min(LARGEST, len(data) - start):
        return None
    payload = data[start : start + length]
    return payload if zlib.crc32(payload) == checksum else None


def _next_intact(data: bytes, offset: int, mark: bytes) -> int | None:
    found = data.find(mark, offset + FRAME.size + 1)
    while found >= 0:
        if _payload_at(data, found - FRAME.size) is not None:
            return found - FRAME.size
        found = data.find(mark, found + 1)
    return None


def compressed_block(payloads: Sequence[bytes], first: int, last: int) -> bytes:
    """Return the frame of one compressed block of record payloads."""
    body = b"".join(map(frame, payloads))
    return frame(BLOCK.pack(_BLOCK_MARK, first, last) + zlib.compress(body, 1))


def block_range(payload: bytes) -> tuple[int, int]:
    """Return first and last position of a block without decompressing it."""
    _, first, last = BLOCK.unpack_from(payload)
    return first, last


def block_payloads(payload: bytes) -> Iterator[bytes]:
    """Yield the record payloads of a block."""
    for part in scan(zlib.decompress(payload[BLOCK.size :]), 0):
        if isinstance(part, Frame):
            yield part.payload
