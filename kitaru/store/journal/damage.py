"""What is known about bytes of the journal that can no longer be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of a segment that holds no intact record, or positions that no segment holds.

    Examples
    --------
    >>> print(Damage("00000000000000000001.log", 4096, 300, (17, 18), None, torn=False).describe())
    00000000000000000001.log: 300 bytes at offset 4096 are damaged; the events at positions 17 to 18 cannot be read
    """

    segment: str
    """File name of the segment."""
    offset: int
    """Where it begins, in bytes."""
    size: int
    """How many bytes are damaged; 0 where whole records are missing."""
    positions: tuple[int, int] | None
    """First and last position that cannot be read; None if not known or none."""
    kept: str | None
    """The file that holds a copy of the damaged bytes."""
    torn: bool
    """True for the unfinished end of the last segment: a write that a crash cut short."""

    def describe(self) -> str:
        """Return one sentence for people."""
        where = f"{self.segment}: {self.size} bytes at offset {self.offset}"
        if not self.size:
            where = f"{self.segment}: records are missing"
        elif self.torn:
            where += " are an unfinished or damaged last record, which was cut off"
        else:
            where += " are damaged"
        if self.positions:
            first, last = self.positions
            span = f"position {first}" if first == last else f"positions {first} to {last}"
            events = "event" if first == last else "events"
            where += f"; the {events} at {span} cannot be read"
        return where + (f" (a copy is in {self.kept})" if self.kept else "")
