from __future__ import annotations

import sys

import pytest

from kitaru.errors import KitaruUsageError
from kitaru.stacks.memory import format_size, memory_limit, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("1.5 gb", 1_500_000_000), ("64KiB", 65536), ("10", 10), (10, 10), ("3 M", 3_000_000), ("2Gi", 2 << 30)],
)
def test_sizes_are_read_as_people_write_them(text: int | str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "lots", "-1", 0, "i", "5 TB", True])
def test_what_is_no_size_is_refused(text: int | str) -> None:
    with pytest.raises(KitaruUsageError, match="size of memory"):
        parse_size(text)


def test_a_size_that_is_no_round_number_is_shown_with_one_digit() -> None:
    assert format_size(1_234_567) == "1.2 MB"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to a limit")
def test_memory_beyond_the_limit_is_refused_inside_the_block_only() -> None:
    with memory_limit(50_000_000), pytest.raises(MemoryError):
        bytearray(200_000_000)
    assert len(bytearray(200_000_000)) == 200_000_000
