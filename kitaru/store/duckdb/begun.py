"""Calls that began in records which the database has not taken in yet."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from kitaru.store.duckdb.watch import marks
from kitaru.store.events import CALL_STARTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.store.journal.entry import Entry


def begun_keys(entries: Iterable[Entry], code_id: str) -> list[int]:
    """Return the CRC-32 of the cache keys of the calls of one piece of code that began."""
    (mark,) = marks("code_id", [code_id])
    return [
        crc32(event["body"]["cache_key"].encode())
        for entry in entries
        if mark in entry.payload  # a record is only decoded if it has something of that code
        for event in entry.record["events"]
        if event["kind"] == CALL_STARTED and event["body"].get("code_id") == code_id and event["body"].get("cache_key")
    ]
