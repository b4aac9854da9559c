from __future__ import annotations

import pytest

from benchmarks.rows import APPEND, Measurement, Row
from benchmarks.running import Finding, MeasuringFailedError, findings, run


def judged(row: Row, *samples: list[float], append: float = 1.0) -> Finding:
    rounds = [{"machine": {APPEND: [append]}, "samples": {"key": values, "other": [2.0]}} for values in samples]
    (found,) = findings(Measurement("name", "module", (row,)), rounds)
    return found


def test_the_median_is_taken_over_the_samples_of_all_rounds() -> None:
    found = judged(Row("key", "what"), [1.0, 2.0], [3.0, 10.0, 20.0])

    assert (found.median, found.samples) == (3.0, 5)


@pytest.mark.parametrize(("median", "met"), [(4.9, True), (5.1, False)])
def test_a_bar_is_missed_above_it(median: float, met: bool) -> None:
    assert judged(Row("key", "what", at_most=5.0), [median]).met is met


@pytest.mark.parametrize(("median", "met"), [(4.9, False), (5.1, True)])
def test_a_bar_for_a_rate_is_missed_below_it(median: float, met: bool) -> None:
    assert judged(Row("key", "what", "/s", at_least=5.0), [median]).met is met


def test_both_the_absolute_and_the_relative_bar_must_hold() -> None:
    row = Row("key", "what", at_most=5.0, yardstick=APPEND, slack=0.5)

    assert judged(row, [1.4]).met is True
    assert judged(row, [1.6]).met is False
    assert judged(row, [6.0], append=10.0).met is False


def test_the_ratio_is_taken_within_a_round_and_may_be_to_other_samples_of_it() -> None:
    found = judged(Row("key", "what", yardstick="other"), [1.0], [2.0], [6.0])

    assert (found.ratio, found.yardstick) == (1.0, 2.0)


def test_a_row_without_a_bar_is_neither_met_nor_missed() -> None:
    assert judged(Row("key", "what"), [1.0]).met is None


def test_the_ninth_decile_of_a_rate_is_a_bad_one() -> None:
    samples = [float(number) for number in range(1, 11)]

    assert judged(Row("key", "what", "/s", at_least=1.0), samples).p90 == 1.0
    assert judged(Row("key", "what", at_most=1.0), samples).p90 == 10.0


def test_a_measurement_that_fails_tells_what_its_process_said() -> None:
    with pytest.raises(MeasuringFailedError, match="KeyError: 'no such measurement'"):
        run(Measurement("no such measurement", "nothing", ()), 1, quick=True)
