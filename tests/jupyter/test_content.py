"""Texts that are read bit by bit, and cells of tables."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitaru.errors import KitaruCorruptionError
from kitaru.jupyter import content
from kitaru.runtime.values import encode
from kitaru.store.payloads import FilePayloads

texts = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\\"\n\x01u0é☠😀')), max_size=60)


@given(text=texts, size=st.integers(1, 7))
def test_a_text_is_the_same_however_its_bytes_are_cut(text: str, size: int) -> None:
    encoded = orjson.dumps(text)
    pieces = (encoded[start : start + size] for start in range(0, len(encoded), size))
    assert "".join(content._texts(pieces)) == text


@given(text=texts, offset=st.integers(0, 70), limit=st.integers(1, 70))
def test_a_part_of_a_text_is_the_slice(text: str, offset: int, limit: int, tmp_path_factory: Any) -> None:
    payloads = FilePayloads(str(tmp_path_factory.getbasetemp() / "payloads"))
    record = encode(text, payloads, inline_limit=10)
    page = content.text_page(record, payloads, offset, limit)
    assert (page.text, page.more) == (text[offset : offset + limit], offset + limit < len(text))


def test_a_text_of_fifty_megabytes_is_never_held_whole(tmp_path: Any) -> None:
    payloads = FilePayloads(str(tmp_path))
    record = encode("ab\n" * 17_000_000, payloads)
    download = content.download(record, payloads, "long")
    sizes = [len(piece) for piece in download.pieces]
    assert sum(sizes) == 51_000_000
    assert max(sizes) <= 2 << 20


def test_bytes_that_are_not_what_was_written_end_the_download(tmp_path: Any) -> None:
    payloads = FilePayloads(str(tmp_path))
    record = encode("a" * 100_000, payloads)
    path = payloads.local_path(record["payload"])
    assert path is not None
    path.write_bytes(path.read_bytes().replace(b"aa", b"ab", 1))
    with pytest.raises(KitaruCorruptionError, match="store verify"):
        list(content.download(record, payloads, "long").pieces)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, True),
        (2**53 + 1, str(2**53 + 1)),
        (float("inf"), "inf"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04:00"),
        ("x" * 5000, "x" * 999 + "…"),
        ({"a": [1]}, "{'a': [1]}"),
        (b"\x00" * 9, "<9 bytes>"),
    ],
)
def test_a_cell_is_json_that_every_browser_reads_alike(value: Any, shown: Any) -> None:
    assert content.cell(value) == shown


@pytest.mark.parametrize("library", ["polars", "arrow"])
def test_tables_of_every_library_are_paged(library: str, tmp_path: Any) -> None:
    import polars as pl

    frame = pl.DataFrame({"n": range(2000), "word": ["x"] * 2000})
    payloads = FilePayloads(str(tmp_path))
    record = encode(frame if library == "polars" else frame.to_arrow(), payloads)
    assert record["codec"] == library
    page = content.table_page(record, payloads, 1999, 10)
    assert (page.rows, page.total, page.columns) == ([[1999, "x"]], 2000, ["n", "word"])


def test_the_columns_of_a_very_wide_table_are_bounded(tmp_path: Any) -> None:
    import pandas as pd

    payloads = FilePayloads(str(tmp_path))
    record = encode(pd.DataFrame([range(300)], columns=[f"c{n}" for n in range(300)]), payloads)
    page = content.table_page(record, payloads, 0, 1)
    assert (len(page.columns), page.hidden_columns) == (content.MOST_COLUMNS, 100)
