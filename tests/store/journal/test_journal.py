"""Appending and reading back."""

from __future__ import annotations

import errno
import os
import threading
import zlib
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruStoreError, KitaruStoreVersionError
from kitaru.store.journal import framing
from kitaru.store.journal.compaction import compress_next
from kitaru.store.journal.entry import Entry
from kitaru.store.journal.journal import Journal
from kitaru.store.journal.segment import ActiveSegment, list_segments
from tests.store.journal.journal_records import fill, only_segment, positions, record

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_appended_is_read_back_in_order_also_after_reopening(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    written = fill(journal, 20, events=3)
    assert list(journal.read()) == written
    journal.close()
    again = Journal(tmp_path)
    assert again.end == 60
    assert list(again.read()) == written
    fill(again, 1)
    assert again.end == 61
    again.close()


def test_a_group_is_synced_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([Entry.of(record(position)) for position in range(1, 51)], sync=True)
    assert journal.syncs == 1
    assert journal.end == 50
    journal.close()


def test_reading_begins_with_the_record_that_holds_the_next_position(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    fill(journal, 10, events=4)
    assert positions(journal, after=0)[0] == 1
    assert positions(journal, after=4)[0] == 5
    assert positions(journal, after=6)[0] == 5
    assert positions(journal, after=40) == []
    assert [found["position"] for found in journal.read(8, until=16)] == [9, 13]
    journal.close()


def test_a_long_journal_goes_over_many_segments_and_is_read_from_anywhere(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=4000)
    written = fill(journal, 100, text="x" * 100)
    assert len(list_segments(tmp_path)) > 5
    for after in range(0, 100, 7):
        assert positions(journal, after) == list(range(after + 1, 101))
    while compress_next(journal):
        pass
    assert all(segment.compressed for segment in list_segments(tmp_path)[:-1])
    assert list(journal.read()) == written
    journal.close()
    again = Journal(tmp_path, segment_bytes=4000)
    assert list(again.read()) == written
    assert not again.damages


def test_reading_goes_on_while_segments_are_compressed_and_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=2000)
    fill(journal, 50, text="y" * 50)
    reader = journal.read()
    first = [next(reader)["position"] for _ in range(3)]
    while compress_next(journal):
        pass
    fill(journal, 50, text="y" * 50)
    assert first + [found["position"] for found in reader] == list(range(1, 51))
    assert positions(journal, 50) == list(range(51, 101))
    assert not journal.damages
    journal.close()


def test_threads_read_a_growing_journal_without_seeing_half_a_record(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=20_000)
    seen: list[int] = []

    def follow() -> None:
        while len(seen) < 400:
            seen.extend(positions(journal, len(seen)))

    reader = threading.Thread(target=follow)
    reader.start()
    fill(journal, 400, text="z" * 200)
    reader.join(60)
    assert seen == list(range(1, 401))
    assert not journal.damages
    journal.close()


class Refusing(ActiveSegment):
    """A segment whose sync fails when asked to: what a disk does that is about to die."""

    refuse = False

    def sync(self) -> None:
        if Refusing.refuse:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync()


@pytest.fixture
def failing_sync(monkeypatch: pytest.MonkeyPatch) -> type[Refusing]:
    monkeypatch.setattr("kitaru.store.journal.journal.ActiveSegment", Refusing)
    monkeypatch.setattr(Refusing, "refuse", False)
    return Refusing


def test_after_a_failed_sync_a_new_segment_is_begun_and_nothing_refused_comes_back(
    tmp_path: Path, failing_sync: type[Refusing]
) -> None:
    journal = Journal(tmp_path)
    fill(journal, 3)
    failing_sync.refuse = True
    with pytest.raises(KitaruStoreError, match="What was acknowledged is safe"):
        journal.append([Entry.of(record(4, text="refused"))], sync=True)
    failing_sync.refuse = False
    assert journal.end == 3
    fill(journal, 2, text="accepted")
    assert len(list_segments(tmp_path)) == 2
    assert positions(journal) == [1, 2, 3, 4, 5]
    journal.close()
    again = Journal(tmp_path)
    assert [found["events"][0]["body"]["message"] for found in again.read()] == ["hello"] * 3 + ["accepted"] * 2


def test_what_a_failed_segment_still_holds_is_superseded_by_the_next_one(
    tmp_path: Path, failing_sync: type[Refusing], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    fill(journal, 3)
    failing_sync.refuse = True
    # The disk does not even let the refused record be cut off.
    monkeypatch.setattr(failing_sync, "abandon", lambda self, offset: self.release())
    with pytest.raises(KitaruStoreError):
        journal.append([Entry.of(record(4, text="refused"))], sync=True)
    failing_sync.refuse = False
    fill(journal, 2, text="accepted")
    journal.close()
    again = Journal(tmp_path)
    assert [found["events"][0]["body"]["message"] for found in again.read()] == ["hello"] * 3 + ["accepted"] * 2
    assert not again.damages


def test_what_was_acknowledged_without_a_sync_moves_to_the_new_segment(
    tmp_path: Path, failing_sync: type[Refusing]
) -> None:
    journal = Journal(tmp_path)
    fill(journal, 2)
    journal.append([Entry.of(record(3, text="posted"))], sync=False)
    failing_sync.refuse = True
    with pytest.raises(KitaruStoreError):
        journal.append([Entry.of(record(4))], sync=True)
    with pytest.raises(KitaruStoreError):
        journal.append([Entry.of(record(4))], sync=True)
    failing_sync.refuse = False
    fill(journal, 1)
    # As if the failed segment had lost all that was not synced.
    assert list_segments(tmp_path)[1].first == 3
    journal.close()
    assert [found["events"][0]["body"]["message"] for found in Journal(tmp_path).read()] == [
        "hello", "hello", "posted", "hello",
    ]  # fmt: skip


def test_a_failed_first_record_leaves_no_second_file_for_the_same_position(
    tmp_path: Path, failing_sync: type[Refusing]
) -> None:
    journal = Journal(tmp_path)
    failing_sync.refuse = True
    for _ in range(3):
        with pytest.raises(KitaruStoreError):
            journal.append([Entry.of(record(1, text="refused"))], sync=True)
    failing_sync.refuse = False
    fill(journal, 1)
    assert positions(journal) == [1]
    only_segment(tmp_path)
    journal.close()


def test_a_journal_of_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    fill(journal, 1)
    journal.close()
    path = only_segment(tmp_path)
    data = bytearray(path.read_bytes())
    newer = framing.VERSION + 1
    data[8:12] = newer.to_bytes(4, "little")
    data[20:24] = zlib.crc32(bytes(data[:20])).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(KitaruStoreVersionError, match="newer Kitaru"):
        Journal(tmp_path)
    assert path.read_bytes() == bytes(data)


def test_a_journal_that_is_open_for_reading_changes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    fill(journal, 2)
    journal.close()
    path = only_segment(tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    reading = Journal(tmp_path, read_only=True)
    assert positions(reading) == [1]
    with pytest.raises(KitaruStoreError, match="reading only"):
        reading.append([Entry.of(record(2))], sync=True)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


def test_positions_that_something_else_holds_are_skipped_and_reported(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    fill(journal, 2)
    journal.skip_to(10)
    fill(journal, 1)
    assert positions(journal) == [1, 2, 11]
    assert [damage.positions for damage in journal.damages] == [(3, 10)]
    journal.close()
