"""One entry of the journal: what one append added to the history.

Positions count events from 1. They are never given twice and never change; where the events of a
deleted execution were taken out of the journal, a record without events stands in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from kitaru.store.events import Event
    from kitaru.store.protocol import Ack


class JournalRecord(TypedDict):
    """The accepted events of one append."""

    position: int
    """Position of the first event; event ``i`` has ``position + i``."""
    client: str
    """Who wrote it; empty for a caller inside the owner process, which never repeats an append."""
    sequence: int
    """The client's own number of the append: grows with each, the same when one is repeated."""
    time: float
    """When it was accepted, in seconds since the Unix epoch; for people, never for order."""
    results: list[Ack]
    """The verdict on every batch, so that a repeated append gets the same answer."""
    events: list[Event]
    removed: NotRequired[int]
    """How many positions from ``position`` on hold nothing any more; ``events`` is then empty."""


def end_of(record: JournalRecord) -> int:
    """Position of the record's last event, removed ones included.

    Examples
    --------
    >>> end_of({"position": 5, "client": "", "sequence": 0, "time": 0.0, "results": [], "events": [], "removed": 3})
    7
    """
    return record["position"] + len(record["events"]) + record.get("removed", 0) - 1
