"""A record on its way to disk and to those who follow: its JSON and the positions it covers."""

from __future__ import annotations

from typing import cast

import orjson

from kitaru.store.journal.record import JournalRecord, end_of


class Entry:
    """The JSON of one record; decoded at most once, when somebody looks."""

    __slots__ = ("_record", "end", "payload", "position")

    def __init__(self, position: int, end: int, payload: bytes) -> None:
        self.position = position
        self.end = end
        self.payload = payload
        self._record: JournalRecord | None = None

    @classmethod
    def of(cls, record: JournalRecord) -> Entry:
        """Encode a record.

        Examples
        --------
        >>> record = {"position": 1, "client": "", "sequence": 0, "time": 0.0, "results": [], "events": []}
        >>> Entry.of(record).payload
        b'{"position":1,"client":"","sequence":0,"time":0.0,"results":[],"events":[]}'
        """
        return cls(record["position"], end_of(record), orjson.dumps(record))

    @classmethod
    def read(cls, payload: bytes) -> Entry:
        """Decode what a segment holds."""
        record = cast("JournalRecord", orjson.loads(payload))
        entry = cls(record["position"], end_of(record), payload)
        entry._record = record
        return entry

    @property
    def record(self) -> JournalRecord:
        """The record; shared by all who look, so not to be changed."""
        if self._record is None:
            self._record = cast("JournalRecord", orjson.loads(self.payload))
        return self._record
