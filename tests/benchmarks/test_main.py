from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import Session, arguments
from benchmarks.catalog import CATALOG
from benchmarks.running import Finding

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_that_is_not_optional_is_measured_if_nothing_is_named() -> None:
    names = arguments([]).names

    assert "sequential" in names
    assert not {measurement.name for measurement in CATALOG if measurement.optional} & {*names}


def test_an_unknown_name_ends_the_command_with_a_list_of_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["sequentiel"])

    assert "side-by-side" in capsys.readouterr().err


@pytest.mark.slow
def test_a_measurement_is_a_table_a_file_and_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    session = Session(arguments(["ingest", "--quick", "--rounds", "1", "--json", str(file)]))
    session.measure()
    session.show()
    session.save()

    one, batch = json.loads(file.read_text())["findings"]
    assert (one["key"], batch["key"]) == ("one", "batch")
    assert one["samples"] == 11
    assert 0 < one["median"] < batch["median"]
    assert "DuckDB takes in one call" in capsys.readouterr().out
    assert session.exit_code() == 0


@pytest.mark.parametrize(("given", "code"), [([], 0), (["--strict"], 1)])
def test_a_missed_bar_is_an_error_only_if_asked_for(given: list[str], code: int) -> None:
    session = Session(arguments(given))
    row = CATALOG[0].rows[0]
    session.findings = [Finding(row, "sequential", 9.0, 9.0, 1, 1.0, 9.0, False)]

    assert session.exit_code() == code


def test_what_could_not_be_measured_is_always_an_error() -> None:
    session = Session(arguments([]))
    session.failed = ["sequential"]

    assert session.exit_code() == 1
