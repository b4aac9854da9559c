"""Records for the tests of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.store.journal.entry import Entry
from kitaru.store.journal.segment import list_segments

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.store.journal.journal import Journal
    from kitaru.store.journal.record import JournalRecord


def record(position: int, events: int = 1, *, text: str = "hello", exec_id: str = "kr-1") -> JournalRecord:
    return {
        "position": position,
        "client": "c",
        "sequence": position,
        "time": 0.0,
        "results": [{"position": position}],
        "events": [
            {"kind": "progress", "at": 0.0, "exec_id": exec_id, "body": {"message": text, "n": position + i}}
            for i in range(events)
        ],
    }


def fill(journal: Journal, count: int, *, events: int = 1, text: str = "hello") -> list[JournalRecord]:
    written = []
    for _ in range(count):
        written.append(record(journal.end + 1, events, text=text))
        journal.append([Entry.of(written[-1])], sync=True)
    return written


def positions(journal: Journal, after: int = 0) -> list[int]:
    return [found["position"] for found in journal.read(after)]


def only_segment(directory: Path) -> Path:
    (segment,) = list_segments(directory)
    return segment.path
