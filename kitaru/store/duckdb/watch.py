"""Live feeds: recent events from memory, older ones from the journal; a slow reader costs the writer nothing."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import orjson

from kitaru.store.journal.entry import Entry

if TYPE_CHECKING:
    from kitaru.store.events import Event

_RECENT = 4096
_RECENT_BYTES = 8 << 20

Read = Callable[[int, int], Iterator[Entry]]


class Hub:
    """Hands what is acknowledged to all who watch.

    Parameters
    ----------
    read
        Reads the records after one position up to another from the journal.
    position
        Position of the last acknowledged event.
    """

    def __init__(self, read: Read, position: int) -> None:
        self._read = read
        self._recent: list[Entry] = []
        self._bytes = 0
        self._start = position
        """Position after which everything is in `_recent`."""
        self.position = position
        self._changed = threading.Condition()
        self._waiting: set[LocalWatch] = set()
        self._closed = False

    def publish(self, entries: Sequence[Entry]) -> None:
        """Take the records of an acknowledged group, in order."""
        with self._changed:
            if entries[-1].end <= self.position:
                return
            self._recent.extend(entries)
            self._bytes += sum([len(entry.payload) for entry in entries])
            self.position = entries[-1].end
            if len(self._recent) > _RECENT or self._bytes > _RECENT_BYTES:
                self._forget()
            if not all(watch.passes_by(entries) for watch in self._waiting):
                self._changed.notify_all()

    def _forget(self) -> None:
        # Half at a time, so that forgetting costs little per record.
        keep = max(1, len(self._recent) // 2)
        forgotten, self._recent = self._recent[:-keep], self._recent[-keep:]
        if forgotten:
            self._start = forgotten[-1].end
            self._bytes -= sum(len(entry.payload) for entry in forgotten)

    def watch(self, after: int | None, executions: Iterable[str], kinds: Iterable[str]) -> LocalWatch:
        """Return a feed of what follows the position `after`; None stands for now."""
        return LocalWatch(self, self.position if after is None else after, frozenset(executions), frozenset(kinds))

    def following(self, watch: LocalWatch) -> tuple[Iterable[Entry], int] | None:
        """Wait until there is something for a feed; return it and how far it reaches, or None if the feed ends."""
        with self._changed:
            self._waiting.add(watch)
            try:
                while self.position <= watch.position and not (watch.is_closed() or self._closed):
                    self._changed.wait()
            finally:
                self._waiting.discard(watch)
            if watch.is_closed() or self._closed:
                return None
            position, start = watch.position, self._start
            if position >= start:
                first = bisect_right(self._recent, position, key=_end)
                return self._recent[first:], self.position
        return self._read(position, start), start

    def since(self, position: int) -> list[Entry] | None:
        """Return the records that reach past a position, or None if memory does not go back so far."""
        with self._changed:
            if position < self._start:
                return None
            return self._recent[bisect_right(self._recent, position, key=_end) :]

    def wake(self) -> None:
        """Let all who wait look again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End all feeds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class LocalWatch:
    """A feed of events in journal order; see `kitaru.store.protocol.Watch`."""

    def __init__(self, hub: Hub, after: int, executions: frozenset[str], kinds: frozenset[str]) -> None:
        self._hub = hub
        self.position = after
        self._executions = executions
        self._kinds = kinds
        self._marks = [marks("exec_id", executions), marks("kind", kinds)]
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        while not self.is_closed():
            found = self._hub.following(self)
            if found is None:
                return
            entries, reached = found
            for entry in entries:
                if self._may_want(entry):
                    yield from self._events(entry)
                if self.is_closed():
                    return
                self.position = max(self.position, entry.end)
            # Also past what the journal no longer holds.
            self.position = max(self.position, reached)

    def is_closed(self) -> bool:
        """Whether the feed was told to end."""
        return self._closed.is_set()

    def passes_by(self, entries: Sequence[Entry]) -> bool:
        """Go past new records without waking up whoever waits, if nothing in them was asked for."""
        if self.position < entries[0].position - 1 or any(self._may_want(entry) for entry in entries):
            return False
        self.position = max(self.position, entries[-1].end)
        return True

    def _may_want(self, entry: Entry) -> bool:
        # Most records are of no interest to most feeds; to look for a few bytes takes a fraction of decoding them.
        payload = entry.payload
        return all(not marks or any(mark in payload for mark in marks) for marks in self._marks)

    def _events(self, entry: Entry) -> Iterator[Event]:
        record = entry.record
        after = self.position
        for position, event in enumerate(record["events"], record["position"]):
            if position > after and self._wants(event) and not self.is_closed():
                # Feeds share the record: each gets an event of its own.
                yield {**event, "position": position}

    def _wants(self, event: Event) -> bool:
        return (not self._executions or event["exec_id"] in self._executions) and (
            not self._kinds or event["kind"] in self._kinds
        )

    def close(self) -> None:
        """End the feed: a blocked iteration returns at once."""
        self._closed.set()
        self._hub.wake()


def _end(entry: Entry) -> int:
    return entry.end


def marks(key: str, values: Iterable[str]) -> list[bytes]:
    """Return how a record spells that a key has one of these values."""
    return [orjson.dumps({key: value})[1:-1] for value in values]
