"""The files of the journal: each holds the records from its first position up to the next file's."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kitaru.store.journal import framing
from kitaru.store.journal.disk import sync_data, sync_directory, write_all

if TYPE_CHECKING:
    from pathlib import Path

PLAIN_SUFFIX = ".log"
COMPRESSED_SUFFIX = ".log.z"
_SET_ASIDE = 1 << 22
_INDEX_STEP = 1 << 18


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One segment file."""

    first: int
    path: Path
    compressed: bool

    @property
    def magic(self) -> bytes:
        """The bytes with which the file begins."""
        return framing.COMPRESSED if self.compressed else framing.PLAIN


def segment_path(directory: Path, first: int, suffix: str = PLAIN_SUFFIX) -> Path:
    """Return the file that holds the records from position `first` on."""
    return directory / f"{first:020d}{suffix}"


def list_segments(directory: Path) -> list[Segment]:
    """Return the segments in the order of their positions; of a plain and a compressed copy the compressed one."""
    found: dict[int, Segment] = {}
    for path in directory.glob("*" + PLAIN_SUFFIX + "*"):
        number, _, rest = path.name.partition(".")
        suffix = "." + rest
        if number.isdigit() and suffix in (PLAIN_SUFFIX, COMPRESSED_SUFFIX):
            segment = Segment(int(number), path, suffix == COMPRESSED_SUFFIX)
            # A compressed copy appears only when it is complete.
            if segment.compressed or segment.first not in found:
                found[segment.first] = segment
    return sorted(found.values())


class ActiveSegment:
    """The one segment that is being written; after an error it is closed and never written again."""

    def __init__(self, path: Path, first: int, offset: int, index: list[tuple[int, int]]) -> None:
        self.path = path
        self.first = first
        self.offset = offset
        self.index = index
        """Some (position, offset) pairs in order, by which a reader finds its place."""
        self._descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        self._reserved = os.fstat(self._descriptor).st_size

    @classmethod
    def create(cls, directory: Path, first: int, frames: bytes = b"") -> ActiveSegment:
        """Make a segment that holds `frames`; it has its name only once it is on disk, in place of any failed one."""
        path = segment_path(directory, first)
        temporary = path.with_name(path.name + ".new")
        content = framing.header(framing.PLAIN, first) + frames
        try:
            with temporary.open("wb", buffering=0) as file:
                write_all(file.fileno(), content)
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_directory(directory)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        return cls(path, first, len(content), [(first, framing.HEADER.size)])

    def write(self, data: bytes, position: int) -> None:
        """Write the frames of a group whose first event has `position`."""
        if self.offset + len(data) > self._reserved:
            self._reserve(len(data))
        if self.offset - self.index[-1][1] >= _INDEX_STEP:
            self.index.append((position, self.offset))
        write_all(self._descriptor, data, self.offset)
        self.offset += len(data)

    def sync(self) -> None:
        """Return when everything written is on disk."""
        sync_data(self._descriptor)

    def _reserve(self, size: int) -> None:
        # Inside space that the file already owns a sync need not write the file's length: a third less time.
        reserved = self._reserved + max(_SET_ASIDE, size)
        with suppress(OSError, AttributeError):
            os.posix_fallocate(self._descriptor, self.offset, reserved - self.offset)
            self._reserved = reserved

    def seal(self) -> None:
        """Give back unused space, sync and close."""
        try:
            os.ftruncate(self._descriptor, self.offset)
            os.fsync(self._descriptor)
        finally:
            self.release()

    def abandon(self, offset: int) -> None:
        """Close after an error, without what follows `offset`; what cannot be cut off is superseded by the next."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, offset)
        with suppress(OSError):
            self.release()

    def release(self) -> None:
        """Close the file as it is."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
