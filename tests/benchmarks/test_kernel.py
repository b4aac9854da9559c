"""What is measured in a real kernel, with a front end that is this process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from benchmarks.catalog import BY_NAME
from benchmarks.kernel import Kernel, kernel
from benchmarks.running import findings, run
from benchmarks.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with kernel(Scene(tmp_path_factory.mktemp("scene"), True), embedded=True) as started:
        yield started


def test_a_cell_gives_its_result_as_text(notebook: Kernel) -> None:
    assert notebook.run("2 * 21") == "42"


def test_a_cell_that_fails_is_an_error_with_its_message(notebook: Kernel) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        notebook.run("1 / 0")


def test_what_counts_is_the_first_thing_that_a_cell_shows(notebook: Kernel) -> None:
    start = time.perf_counter()
    shown = notebook.first_shown("display(1); import time; time.sleep(0.3); display(2)")
    assert 0 < shown < time.perf_counter() - start - 0.3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["live-view", "first-paint", "view"])
def test_every_row_about_views_is_measured(name: str) -> None:
    measurement = BY_NAME[name]
    found = findings(measurement, run(measurement, 1, quick=True))
    assert [finding.row.key for finding in found] == [row.key for row in measurement.rows]
    assert all(finding.samples for finding in found)
