"""Lines that a cell prints: what Kitaru did, and what to do next."""

from __future__ import annotations

import sys
from typing import Final

_warned: Final[set[str]] = set()


def say(text: str) -> None:
    """Print one line in the cell."""
    sys.stdout.write(f"{text}\n")


def warn_once(text: str) -> None:
    """Print a warning in the cell, the first time only."""
    if text not in _warned:
        _warned.add(text)
        sys.stderr.write(f"{text}\n")
