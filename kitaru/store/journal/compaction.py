"""Rewriting sealed segments: compressed, and without the events of deleted executions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kitaru.errors import KitaruCorruptionError
from kitaru.store.events import Event
from kitaru.store.journal import framing
from kitaru.store.journal.disk import explained, write_file
from kitaru.store.journal.entry import Entry
from kitaru.store.journal.segment import COMPRESSED_SUFFIX, Segment, list_segments, segment_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.store.journal.journal import Journal
    from kitaru.store.journal.record import JournalRecord

Keep = Callable[[Event, int], bool]
"""Says of an event and its position whether it stays."""


def sealed_segments(journal: Journal) -> list[tuple[Segment, int]]:
    """Return the segments that are no longer written, each with the last position that it may hold."""
    segments = list_segments(journal.directory)
    ends = [following.first - 1 for following in segments[1:]] + [journal.end]
    return [pair for pair in zip(segments, ends, strict=False) if pair[0].path != journal.active_path]


def compress_next(journal: Journal) -> bool:
    """Compress one sealed segment; return False if none is left.

    Raises
    ------
    KitaruStoreError
        If the disk refuses; the segment stays as it was.
    """
    for segment, last in sealed_segments(journal):
        # The last segment may be written again by the next process that opens the journal.
        if not segment.compressed and last < journal.end:
            _replace(journal, segment, journal.entries(segment.first - 1, last))
            return True
    return False


def rewrite(journal: Journal, segment: Segment, last: int, keep: Keep) -> int:
    """Take the events for which `keep` is false out of a sealed segment; return the bytes won."""
    before = segment.path.stat().st_size
    after = _replace(journal, segment, without(journal.entries(segment.first - 1, last), keep))
    return before - after


def without(entries: Iterable[Entry], keep: Keep) -> Iterator[Entry]:
    """Yield `entries` without the events for which `keep` is false; records of their own stand for the gaps."""
    for entry in entries:
        kept = [keep(event, position) for position, event in enumerate(entry.record["events"], entry.position)]
        if all(kept):
            yield entry
        else:
            yield from map(Entry.of, _parts(entry.record, kept))


def _parts(record: JournalRecord, keep: list[bool]) -> Iterator[JournalRecord]:
    start = 0
    events = record["events"]
    while start < len(events):
        kept = keep[start]
        stop = start + 1
        while stop < len(events) and keep[stop] is kept:
            stop += 1
        part: JournalRecord = {**record, "position": record["position"] + start, "events": events[start:stop]}
        if not kept:
            part["events"] = []
            part["removed"] = stop - start
        yield part
        start = stop


def _replace(journal: Journal, segment: Segment, entries: Iterable[Entry]) -> int:
    content = bytearray(framing.header(framing.COMPRESSED, segment.first))
    for block in _blocks(entries):
        content += framing.compressed_block([entry.payload for entry in block], block[0].position, block[-1].end)
    target = segment_path(journal.directory, segment.first, COMPRESSED_SUFFIX)
    try:
        write_file(target, bytes(content))
        _check(target.read_bytes(), bytes(content))
        if target != segment.path:
            segment.path.unlink(missing_ok=True)
    except OSError as error:
        raise explained(error, "compress a segment of the journal into", target) from error
    return len(content)


def _check(found: bytes, written: bytes) -> None:
    if found != written:
        raise KitaruCorruptionError(
            "A segment of the journal reads back differently from what was written: the disk or the memory of this "
            "machine is damaged. Copy the Kitaru home to another disk before going on."
        )


def _blocks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    block: list[Entry] = []
    size = 0
    for entry in entries:
        block.append(entry)
        size += len(entry.payload)
        if size >= framing.BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block
