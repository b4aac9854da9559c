"""Making writes last, and saying what to do when the disk refuses them."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from kitaru.errors import KitaruStoreError

if TYPE_CHECKING:
    from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})

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
    return KitaruStoreError(f"Cannot {doing} {path}: {_reason(error, path)}")


def _reason(error: OSError, path: Path) -> str:
    if error.errno in _FULL:
        return (
            f"the disk is full ({error.strerror}; {free_space(path)} free). What was acknowledged is safe. Free some "
            "space, for example with `kitaru clean`, or put KITARU_HOME on a larger disk; then try again."
        )
    if error.errno in _FORBIDDEN:
        return (
            f"writing is not allowed there ({error.strerror}; {free_space(path)} free). Mount the folder writable, "
            "give this user the right to write, or point KITARU_HOME to a folder that is writable; then try again."
        )
    return (
        f"{error.strerror or error} ({free_space(path)} free). What was acknowledged is safe. Check that the disk is "
        "connected and healthy, then try again."
    )


def free_space(path: Path) -> str:
    """Return the free space of the disk that holds `path`, for people: ``"12.5 MB"``."""
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return f"{shutil.disk_usage(place).free / 1e6:.1f} MB"
    except OSError:
        return "an unknown amount"
