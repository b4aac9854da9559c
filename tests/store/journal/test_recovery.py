"""Crashes and damage: whatever happens to some bytes, every other record survives, and the loss is told."""

from __future__ import annotations

import itertools
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitaru.store.journal import framing
from kitaru.store.journal.check import framing_problems
from kitaru.store.journal.compaction import compress_next
from kitaru.store.journal.framing import Frame
from kitaru.store.journal.journal import Journal
from kitaru.store.journal.segment import list_segments
from tests.store.journal.journal_records import fill, only_segment, positions


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A segment of 30 records, as a killed process leaves it."""
    folder = tmp_path_factory.mktemp("plain")
    journal = Journal(folder)
    fill(journal, 30, text='says {"position":7,"client"')
    data = only_segment(folder).read_bytes()
    journal.close()
    return data


def frames(data: bytes) -> list[tuple[int, int]]:
    return [
        (part.offset, part.offset + framing.FRAME.size + len(part.payload))
        for part in framing.scan(data)
        if isinstance(part, Frame)
    ]


def reopened(data: bytes, folder: Path) -> Journal:
    (folder / f"{1:020d}.log").write_bytes(data)
    return Journal(folder)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=20, deadline=None)
def test_a_flipped_bit_costs_only_its_own_record_and_is_reported(plain: bytes, place: float, bit: int) -> None:
    spans = frames(plain)
    offset = framing.HEADER.size + int(place * (spans[-1][1] - framing.HEADER.size))
    damaged = bytearray(plain)
    damaged[offset] ^= 1 << bit
    hit = next(number for number, (start, stop) in enumerate(spans, 1) if start <= offset < stop)
    with tempfile.TemporaryDirectory() as folder:
        journal = reopened(bytes(damaged), Path(folder))
        assert positions(journal) == [number for number in range(1, 31) if number != hit]
        assert journal.damages
        assert list(Path(folder, "damaged").iterdir())
        if hit < 30:
            assert (hit, hit) in [damage.positions for damage in journal.damages]
            fill(journal, 1)
            assert positions(journal)[-1] == 31
        else:
            assert journal.damages[0].torn
        journal.close()


@given(place=st.floats(0, 1), zeros=st.integers(0, 5000))
@settings(max_examples=15, deadline=None)
def test_a_write_that_was_cut_short_is_put_aside_and_writing_goes_on(plain: bytes, place: float, zeros: int) -> None:
    spans = frames(plain)
    cut = framing.HEADER.size + int(place * (spans[-1][1] - framing.HEADER.size))
    whole = [number for number, (_, stop) in enumerate(spans, 1) if stop <= cut]
    with tempfile.TemporaryDirectory() as folder:
        journal = reopened(plain[:cut] + bytes(zeros), Path(folder))
        assert positions(journal) == whole
        torn = any(plain[spans[len(whole)][0] : cut]) if len(whole) < len(spans) else False
        assert [damage.torn for damage in journal.damages] == ([True] if torn else [])
        fill(journal, 2)
        assert positions(journal) == [*whole, len(whole) + 1, len(whole) + 2]
        journal.close()
        assert positions(Journal(Path(folder))) == [*whole, len(whole) + 1, len(whole) + 2]


@given(seed=st.integers(0, 2**32), count=st.integers(1, 400))
@settings(max_examples=15, deadline=None)
def test_overwritten_stretches_cost_no_other_record(plain: bytes, seed: int, count: int) -> None:
    noise = random.Random(seed)
    end = frames(plain)[-1][1]
    start = noise.randrange(framing.HEADER.size, end)
    damaged = plain[:start] + noise.randbytes(min(count, end - start)) + plain[start + min(count, end - start) :]
    untouched = [
        number for number, (a, b) in enumerate(frames(plain), 1) if b <= start or a >= start + min(count, end - start)
    ]
    with tempfile.TemporaryDirectory() as folder:
        journal = reopened(damaged, Path(folder))
        assert set(untouched) <= set(positions(journal))
        journal.close()


@pytest.mark.parametrize("offset", range(0, framing.HEADER.size, 5))
def test_a_damaged_header_costs_no_record(plain: bytes, tmp_path: Path, offset: int) -> None:
    damaged = bytearray(plain)
    damaged[offset] ^= 0x10
    journal = reopened(bytes(damaged), tmp_path)
    assert positions(journal) == list(range(1, 31))
    assert framing_problems(journal)
    fill(journal, 1)
    assert positions(journal) == list(range(1, 32))
    journal.close()


def test_damage_in_a_compressed_segment_costs_one_block_and_says_which_positions(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=200_000)
    fill(journal, 1000, text="x" * 300)
    while compress_next(journal):
        pass
    journal.close()
    path = list_segments(tmp_path)[0].path
    blocks = [
        (part.offset, *framing.block_range(part.payload))
        for part in framing.scan(path.read_bytes(), magic=framing.COMPRESSED)
        if isinstance(part, Frame)
    ]
    offset, first, last = blocks[2]
    damaged = bytearray(path.read_bytes())
    damaged[offset + 100] ^= 1
    path.write_bytes(bytes(damaged))
    again = Journal(tmp_path)
    assert positions(again) == [*range(1, first), *range(last + 1, 1001)]
    assert [damage.positions for damage in again.damages] == [(first, last)]
    assert framing_problems(again)


def test_a_missing_segment_is_reported_with_its_positions(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=2000)
    fill(journal, 60, text="x" * 50)
    journal.close()
    segments = list_segments(tmp_path)
    segments[1].path.unlink()
    again = Journal(tmp_path, segment_bytes=2000)
    missing = range(segments[1].first, segments[2].first)
    assert positions(again) == [number for number in range(1, 61) if number not in missing]
    assert [damage.positions for damage in again.damages] == [(missing[0], missing[-1])]


def test_an_unfinished_compression_or_segment_changes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=2000)
    fill(journal, 60, text="x" * 50)
    journal.close()
    segments = list_segments(tmp_path)
    (tmp_path / (segments[0].path.name + ".z.new")).write_bytes(b"half")
    (tmp_path / f"{61:020d}.log.new").write_bytes(b"")
    again = Journal(tmp_path, segment_bytes=2000)
    assert positions(again) == list(range(1, 61))
    assert not list(tmp_path.glob("*.new"))
    # A crash after the compressed copy is complete and before the plain one is gone.
    plain_copy = segments[0].path.read_bytes()
    assert compress_next(again)
    segments[0].path.write_bytes(plain_copy)
    assert positions(again) == list(range(1, 61))
    assert not again.damages
    again.close()


def test_every_prefix_of_a_record_is_torn_and_never_misread(tmp_path: Path, plain: bytes) -> None:
    start, stop = frames(plain)[-1]
    for cut in itertools.chain(range(start, start + 12), range(stop - 5, stop)):
        folder = tmp_path / str(cut)
        folder.mkdir()
        assert positions(reopened(plain[:cut], folder)) == list(range(1, 30))
