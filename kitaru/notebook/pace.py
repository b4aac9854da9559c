"""How often a live view is painted: as often as anybody can follow, and as seldom as not to slow down what it shows."""

from __future__ import annotations

import time
from typing import Final

SHORTEST: Final = 0.3
LONGEST: Final = 5.0
"""Seconds between two paintings."""
KEPT: Final = 2.0
"""The shortest where the front end has our extension: its view is live by itself, and paintings are what is kept."""
LARGE: Final = 1.0
LONGEST_IF_LARGE: Final = 3.0
"""The same where there are many calls: nobody could follow more of them."""
SHARE: Final = 1 / 30
"""Of one core's time, what a view may take."""
SHARE_OF_WORK: Final = 1 / 50
"""Of the time that the process works, what the view of many calls may take."""


class Pace:
    """Says how long a view rests after a painting.

    Parameters
    ----------
    shortest
        Seconds that it rests at least.

    Examples
    --------
    >>> Pace().rest(0.001)
    0.3
    >>> Pace().rest(0.1)
    3.0
    """

    def __init__(self, shortest: float = SHORTEST) -> None:
        self._shortest = shortest
        self._passed, self._worked = time.monotonic(), time.process_time()

    def rest(self, cost: float, *, large: bool = False) -> float:
        """Return seconds to rest, after a painting that cost so many seconds of computing.

        Parameters
        ----------
        cost
            Seconds of one core for this painting.
        large
            Whether there are many calls: that paintings are slow must not add up beside work that is fast.
        """
        if not large:
            return min(LONGEST, max(self._shortest, cost / SHARE))
        passed, worked = time.monotonic(), time.process_time()
        load = (worked - self._worked) / max(passed - self._passed, 1e-3)
        self._passed, self._worked = passed, worked
        return min(LONGEST_IF_LARGE, max(LARGE, self._shortest, cost / SHARE_OF_WORK / max(load, 1e-3)))
