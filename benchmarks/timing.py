"""Timing of calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def timed(call: Callable[[], Any], times: int, *, warm_up: int = 1) -> list[float]:
    """Call a function some times and return what each call took, in seconds."""
    for _ in range(warm_up):
        call()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds
