"""Reading the journal in order of positions, past whatever is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.store.journal import framing
from kitaru.store.journal.damage import Damage
from kitaru.store.journal.entry import Entry
from kitaru.store.journal.framing import Broken
from kitaru.store.journal.recovery import keep_aside
from kitaru.store.journal.segment import Segment, list_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_ATTEMPTS = 5


class Reader:
    """One pass over the journal."""

    def __init__(
        self,
        directory: Path,
        locate: Callable[[Segment, int], tuple[int, int | None]],
        note: Callable[[Damage], None],
        *,
        keep: bool,
    ) -> None:
        self._directory = directory
        self._locate = locate
        self._note = note
        self._keep = keep
        self._expected = 0
        self._broken: tuple[Segment, Broken, str | None] | None = None

    def entries(self, after: int, until: int) -> Iterator[Entry]:
        """Yield the records that hold a position after `after`, up to `until`."""
        self._expected = after + 1
        for _ in range(_ATTEMPTS):
            try:
                yield from self._pass(until)
                return
            except FileNotFoundError:
                # A segment was compressed or rewritten under our eyes: its records are in the new file.
                continue

    def _pass(self, until: int) -> Iterator[Entry]:
        segments = list_segments(self._directory)
        for number, segment in enumerate(segments):
            following = segments[number + 1].first if number + 1 < len(segments) else until + 1
            if following <= self._expected or segment.first > until:
                continue
            yield from self._segment(segment, min(until, following - 1))
        if self._expected <= until:
            self._report_missing(segments[-1] if segments else None, until)

    def _segment(self, segment: Segment, limit: int) -> Iterator[Entry]:
        for part in self._parts(segment):
            if isinstance(part, Broken):
                kept = self._aside(segment, part)
                self._broken = (segment, part, kept)
                continue
            position = framing.position_of(part)
            # Behind the next segment's first position lies only what was refused when a write failed.
            if position > limit:
                return
            if position > self._expected:
                self._report_missing(segment, position - 1)
            entry = Entry.read(part)
            if entry.end >= self._expected:
                self._broken = None
                self._expected = entry.end + 1
                yield entry

    def _parts(self, segment: Segment) -> Iterator[bytes | Broken]:
        start, stop = self._locate(segment, self._expected)
        with segment.path.open("rb") as file:
            if not framing.header_is_intact(file.read(framing.HEADER.size), segment.magic):
                yield Broken(0, framing.HEADER.size, torn=False)
            file.seek(start)
            data = file.read() if stop is None else file.read(stop - start)
        for part in framing.scan(data, 0, magic=segment.magic):
            if isinstance(part, Broken):
                yield Broken(part.offset + start, part.stop + start, part.torn)
            elif not segment.compressed:
                yield part.payload
            elif framing.block_range(part.payload)[1] >= self._expected:
                yield from framing.block_payloads(part.payload)

    def _aside(self, segment: Segment, part: Broken) -> str | None:
        if not self._keep:
            return None
        with segment.path.open("rb") as file:
            file.seek(part.offset)
            return keep_aside(segment.path, part.offset, file.read(part.stop - part.offset))

    def _report_missing(self, segment: Segment | None, last: int) -> None:
        name = segment.path.name if segment else "(no segment)"
        positions = (self._expected, last)
        if self._broken is None:
            self._note(Damage(name, 0, 0, positions, None, torn=False))
        else:
            source, part, kept = self._broken
            size = part.stop - part.offset
            self._note(Damage(source.path.name, part.offset, size, positions, kept, torn=False))
        self._broken = None
        self._expected = last + 1
