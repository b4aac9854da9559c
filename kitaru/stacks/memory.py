"""Limits of the memory that one call may take in its own process."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitaru.errors import KitaruFeatureNotAvailableError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}


def parse_size(size: int | str) -> int:
    """Return a size in bytes.

    Parameters
    ----------
    size
        Bytes, or text such as ``"512 MB"`` or ``"2GiB"``.

    Raises
    ------
    KitaruUsageError
        If it is no size, or not above zero.

    Examples
    --------
    >>> parse_size("512 MB"), parse_size("2GiB"), parse_size(4096)
    (512000000, 2147483648, 4096)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?i?)b?\s*", str(size).lower())
    value = int(float(found[1]) * _UNITS[found[2]]) if found and found[2] in _UNITS else 0
    if value <= 0 or isinstance(size, bool):
        raise KitaruUsageError(f"{size!r} is not a size of memory. Give bytes, or text such as '512 MB' or '2 GiB'.")
    return value


def format_size(size: int) -> str:
    """Return a size as people read it.

    Examples
    --------
    >>> format_size(512_000_000), format_size(2 << 30), format_size(700)
    ('512 MB', '2 GiB', '700 bytes')
    """
    for unit, factor in (("GiB", 1 << 30), ("GB", 10**9), ("MiB", 1 << 20), ("MB", 10**6)):
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size / 10**6:.1f} MB" if size >= 10**6 else f"{size} bytes"


def check_supported() -> None:
    """Refuse a limit where the operating system cannot hold a process to it.

    Raises
    ------
    KitaruFeatureNotAvailableError
        On everything but Linux.

    Examples
    --------
    >>> check_supported()  # doctest: +SKIP
    """
    if sys.platform != "linux":
        raise KitaruFeatureNotAvailableError(
            f"A memory limit needs Linux; {sys.platform} does not hold a process to one. Leave memory= out here."
        )


@contextmanager
def memory_limit(size: int | None) -> Iterator[None]:
    """Let this process take at most `size` bytes more than it holds now, until the block ends.

    Python code that asks for more gets a `MemoryError`.

    Examples
    --------
    >>> with memory_limit(None):
    ...     pass
    """
    if size is None or sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _data_bytes() + size
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int:
    """Return the memory of this process that RLIMIT_DATA counts."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^VmData:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
