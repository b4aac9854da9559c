"""The journal: append groups of records, read them back, survive what disks and crashes do."""

from __future__ import annotations

import logging
from bisect import bisect_right
from typing import TYPE_CHECKING

from kitaru.errors import KitaruStoreError
from kitaru.store.journal import framing
from kitaru.store.journal.disk import explained
from kitaru.store.journal.reader import Reader
from kitaru.store.journal.recovery import Recovered, recover
from kitaru.store.journal.segment import ActiveSegment, Segment, list_segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kitaru.store.journal.damage import Damage
    from kitaru.store.journal.entry import Entry
    from kitaru.store.journal.record import JournalRecord

SEGMENT_BYTES = 64 << 20

_log = logging.getLogger("kitaru.store")


class Journal:
    """The records of one store, in a folder of segment files.

    One thread at a time may append; any number may read at the same time.

    Parameters
    ----------
    directory
        Where the segments are; made if it is not there.
    segment_bytes
        Size in bytes from which on a segment is sealed and the next one begun.
    read_only
        Do not create, cut or copy anything.

    Raises
    ------
    KitaruStoreError
        If the folder cannot be made or read.
    KitaruStoreVersionError
        If a newer version wrote the journal.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from kitaru.store.journal.entry import Entry
    >>> journal = Journal(Path(tempfile.mkdtemp()))
    >>> event = {"kind": "progress", "at": 0.0, "exec_id": "kr-1", "body": {}}
    >>> record = {"position": 1, "client": "", "sequence": 0, "time": 0.0, "results": [], "events": [event]}
    >>> journal.append([Entry.of(record)], sync=True)
    >>> [r["events"][0]["kind"] for r in journal.read()], journal.end
    (['progress'], 1)
    >>> journal.close()
    """

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES, read_only: bool = False) -> None:
        self.directory = directory
        self.damages: list[Damage] = []
        """What was found damaged so far, at opening and while reading."""
        self.end = 0
        """Position of the last acknowledged event; 0 if there is none."""
        self.syncs = 0
        """How often the disk was asked to make something last."""
        self._segment_bytes = segment_bytes
        self._read_only = read_only
        self._active: ActiveSegment | None = None
        self._unsynced: list[tuple[int, bytes]] = []
        try:
            self._open()
        except OSError as error:
            raise explained(error, "open the journal in", directory) from error

    def _open(self) -> None:
        if not self._read_only:
            self.directory.mkdir(parents=True, exist_ok=True)
            for unfinished in self.directory.glob("*.new"):
                unfinished.unlink()
        segments = list_segments(self.directory)
        if segments:
            state = recover(segments[-1], read_only=self._read_only)
            self.end = state.end
            self._resume(segments[-1], state)

    def _resume(self, segment: Segment, state: Recovered) -> None:
        for damage in state.damages:
            self._note(damage)
        if state.healthy and not segment.compressed and not self._read_only and state.offset < self._segment_bytes:
            self._active = ActiveSegment(segment.path, segment.first, state.offset, state.index)

    @property
    def segment_bytes(self) -> int:
        """Size in bytes from which on a segment is sealed."""
        return self._segment_bytes

    @property
    def active_path(self) -> Path | None:
        """The segment that is being written, if there is one."""
        active = self._active
        return active.path if active else None

    @property
    def active_offset(self) -> int | None:
        """Where the segment that is being written ends, in bytes, if there is one."""
        active = self._active
        return active.offset if active else None

    @property
    def unsynced(self) -> bool:
        """Whether something is acknowledged that is not yet on disk."""
        return bool(self._unsynced)

    def append(self, entries: Sequence[Entry], *, sync: bool) -> None:
        """Write a group of records behind the last one, with one write and at most one sync.

        Raises
        ------
        KitaruStoreError
            If the disk refuses. Then nothing of the group is part of the journal, everything
            before it is, and the next append begins a new segment.
        """
        if self._read_only:
            raise KitaruStoreError(f"The journal {self.directory} is open for reading only.")
        frames = [(entry.position, framing.frame(entry.payload)) for entry in entries]
        active = self._active or self._begin()
        offset = active.offset
        try:
            active.write(b"".join([data for _, data in frames]), entries[0].position)
            if sync:
                self._sync(active)
            else:
                self._unsynced.extend(frames)
            self.end = entries[-1].end
        except BaseException as error:
            # An interrupt is no better than a refusal: what is in the file is not known, so it is written no more.
            if self.end < entries[-1].end:
                self._abandon(active, offset)
            if isinstance(error, OSError):
                raise explained(error, "write the journal", active.path) from error
            raise
        if active.offset >= self._segment_bytes:
            self._roll(active)

    def sync(self) -> None:
        """Return when everything appended is on disk.

        Raises
        ------
        KitaruStoreError
            If the disk refuses; the records are kept in memory and go into a new segment with the next try.
        """
        if not self._unsynced:
            return
        if self._active is None:
            self._begin()
            return
        active = self._active
        try:
            self._sync(active)
        except OSError as error:
            self._abandon(active, active.offset)
            raise explained(error, "write the journal", active.path) from error

    def _sync(self, active: ActiveSegment) -> None:
        active.sync()
        self.syncs += 1
        self._unsynced.clear()

    def _begin(self) -> ActiveSegment:
        # What was acknowledged and never synced may be missing in a segment whose sync failed: it goes along.
        first = self._unsynced[0][0] if self._unsynced else self.end + 1
        try:
            self._active = ActiveSegment.create(self.directory, first, b"".join([data for _, data in self._unsynced]))
        except OSError as error:
            raise explained(error, "begin a segment of the journal in", self.directory) from error
        self._unsynced.clear()
        return self._active

    def _abandon(self, active: ActiveSegment, offset: int) -> None:
        self._active = None
        self._unsynced = [item for item in self._unsynced if item[0] <= self.end]
        active.abandon(offset)

    def _roll(self, active: ActiveSegment) -> None:
        self._active = None
        try:
            active.seal()
        except OSError:
            _log.warning(
                "Cannot close the journal's segment %s cleanly; a new one is begun", active.path, exc_info=True
            )
            return
        self._unsynced.clear()

    def seal(self) -> None:
        """Close the segment that is being written: the next append begins another one."""
        if self._active is not None:
            self._roll(self._active)

    def skip_to(self, position: int) -> None:
        """Give no position up to `position` to new events, because something else holds events there."""
        if position > self.end:
            self.seal()
            self.end = position

    def read(self, after: int = 0, until: int | None = None) -> Iterator[JournalRecord]:
        """Yield the records that hold a position after `after`, in order, up to `until` (None: the end as it is now).

        What is damaged is left out and added to `damages`.
        """
        return (entry.record for entry in self.entries(after, until))

    def entries(self, after: int = 0, until: int | None = None) -> Iterator[Entry]:
        """Yield what `read` yields together with the JSON that is on disk."""
        limit = self.end if until is None else min(until, self.end)
        return Reader(self.directory, self._locate, self._note, keep=not self._read_only).entries(after, limit)

    def _locate(self, segment: Segment, position: int) -> tuple[int, int | None]:
        """Return where to begin and stop reading `segment` for what follows `position`."""
        active = self._active
        if active is None or active.path != segment.path:
            return framing.HEADER.size, None
        stop = active.offset
        place = bisect_right(active.index, position, key=lambda pair: pair[0]) - 1
        return active.index[max(place, 0)][1], stop

    def _note(self, damage: Damage) -> None:
        known = {(d.segment, d.offset, d.size, d.positions) for d in self.damages}
        if (damage.segment, damage.offset, damage.size, damage.positions) in known:
            return
        # The same stretch was perhaps seen before it was known which positions it held.
        self.damages = [d for d in self.damages if (d.segment, d.offset) != (damage.segment, damage.offset)] + [damage]
        _log.warning("The journal in %s is damaged: %s", self.directory, damage.describe())

    def bytes_on_disk(self) -> int:
        """Return the size of all segments in bytes."""
        return sum(segment.path.stat().st_size for segment in list_segments(self.directory))

    def close(self) -> None:
        """Sync and close; may be called twice.

        Raises
        ------
        KitaruStoreError
            If something acknowledged cannot be put on disk.
        """
        self.sync()
        active, self._active = self._active, None
        if active is not None:
            try:
                active.seal()
            except OSError as error:
                raise explained(error, "close the journal", active.path) from error

    def release(self) -> None:
        """Let go of the file without writing, in a forked child."""
        active, self._active = self._active, None
        if active is not None:
            active.release()
