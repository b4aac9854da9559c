"""A flow to be deployed: the first thing that it does is a checkpoint, which notes when it began."""

from __future__ import annotations

import time

import kitaru


@kitaru.checkpoint
def first(number: int) -> float:
    """Say when it began."""
    return time.time()


@kitaru.flow(cache=False)
def begins(number: int) -> float:
    """Run one checkpoint."""
    return first(number)
