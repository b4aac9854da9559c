from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.catalog import CATALOG
from benchmarks.report import WIDTH, bar, quantity, table
from benchmarks.rows import APPEND, Row
from benchmarks.running import Finding


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00042, "s", "0.42 ms"),
        (0.0421, "s", "42 ms"),
        (1.25, "s", "1.25 s"),
        (4096.4, "/s", "4,096 /s"),
        (50, "MB", "50.0 MB"),
        (61.4, "KB", "61 KB"),
        (3.21, "%", "3.2 %"),
        (24, "", "24"),
    ],
)
def test_a_quantity_is_short_and_has_its_unit(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text  # type: ignore[arg-type]


def test_a_bar_names_its_limit_and_what_it_is_relative_to() -> None:
    row = Row("key", "what", at_most=0.0004, yardstick=APPEND, slack=0.00025)

    assert bar(row) == "<= 0.40 ms, <= append + 0.25 ms"


def test_the_whole_table_fits_100_columns() -> None:
    found = [
        Finding(row, measurement.name, 1234.5, 1234.5, 9, 1.0, 123.45, False)
        for measurement in CATALOG
        for row in measurement.rows
    ]
    text = io.StringIO()
    Console(file=text, width=200).print(table(found))

    assert max(len(line.rstrip()) for line in text.getvalue().splitlines()) <= WIDTH
