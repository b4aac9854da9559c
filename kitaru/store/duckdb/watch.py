"""Live feeds: recent events from memory, older ones from the journal; a slow reader costs the writer nothing."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

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

    def following(self, position: int, closed: Callable[[], bool]) -> tuple[Iterable[Entry], int] | None:
        """Wait until there is something after `position`; return it and how far it reaches, or None if closed."""
        with self._changed:
            while self.position <= position:
                if closed() or self._closed:
                    return None
                self._changed.wait()
            if closed() or self._closed:
                return None
            if position >= self._start:
                first = bisect_right(self._recent, position, key=lambda entry: entry.end)
                return self._recent[first:], self.position
            start = self._start
        return self._read(position, start), start

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
        self._position = after
        self._executions = executions
        self._kinds = kinds
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        while not self._closed.is_set():
            found = self._hub.following(self._position, self._closed.is_set)
            if found is None:
                return
            entries, reached = found
            for entry in entries:
                yield from self._events(entry)
                if self._closed.is_set():
                    return
                self._position = max(self._position, entry.end)
            # Also past what the journal no longer holds.
            self._position = max(self._position, reached)

    def _events(self, entry: Entry) -> Iterator[Event]:
        record = entry.record
        after = self._position
        for position, event in enumerate(record["events"], record["position"]):
            if position > after and self._wants(event) and not self._closed.is_set():
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
