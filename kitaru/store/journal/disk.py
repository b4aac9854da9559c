"""Making writes last, and saying what to do when the disk refuses them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kitaru.errors import KitaruStoreError
from kitaru.store.refusals import refusal

if TYPE_CHECKING:
    from pathlib import Path

# Without fdatasync (macOS, Windows) a full fsync does the same and a little more.
sync_data = getattr(os, "fdatasync", os.fsync)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` last: a new or renamed file is lost with power until then."""
    if os.name == "nt":  # Windows cannot open a directory, and keeps its names in a log of its own.
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Write a whole file so that `path` holds either what it held before or all of `data`, whatever happens."""
    temporary = path.with_name(path.name + ".new")
    try:
        with temporary.open("wb", buffering=0) as file:
            write_all(file.fileno(), data)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_all(descriptor: int, data: bytes, offset: int = 0) -> None:
    """Write `data` at `offset`; one system call unless the system takes less than all."""
    written = _pwrite(descriptor, data, offset)
    while written < len(data):
        written += _pwrite(descriptor, memoryview(data)[written:], offset + written)


def _seek_and_write(descriptor: int, data: bytes | memoryview, offset: int) -> int:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, data)


_pwrite = getattr(os, "pwrite", _seek_and_write)


def explained(error: OSError, doing: str, path: Path) -> KitaruStoreError:
    """Return the error that tells a person what the disk refused, where, and what to do next."""
    return KitaruStoreError(f"Cannot {doing} {path}: {refusal(error, path, 'try again')}")
