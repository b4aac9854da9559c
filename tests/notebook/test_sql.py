from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitaru.errors import KitaruUsageError
from kitaru.notebook.sql import bound


def test_the_answer_is_a_data_frame(run: Any) -> None:
    run("%%kitaru_flow one\n1")
    frame = run("%%kitaru_sql\nSELECT flow, status FROM executions")
    assert frame.to_dict("records") == [{"flow": "one", "status": "completed"}]


def test_a_variable_is_a_parameter_whatever_is_in_it(run: Any, shell: Any) -> None:
    run("%%kitaru_flow one\n1")
    shell.user_ns["name"] = "one' OR '1'='1"
    assert len(run("%%kitaru_sql\nSELECT * FROM executions WHERE flow = {name}")) == 0
    shell.user_ns["name"] = "one"
    assert len(run("%%kitaru_sql\nSELECT * FROM executions WHERE flow = {name}")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "%%kitaru_sql rows <<\nSELECT 42 AS n",
        "%%kitaru_sql\nrows << SELECT 42 AS n",
        "%kitaru_sql rows << SELECT 42 AS n",
        "%kitaru sql rows << SELECT 42 AS n",
    ],
)
def test_an_answer_is_kept_in_a_variable(run: Any, shell: Any, text: str) -> None:
    assert run(text) is None
    assert shell.user_ns["rows"]["n"].tolist() == [42]


def test_polars_gives_a_frame_of_polars(run: Any) -> None:
    import polars as pl

    assert isinstance(run("%%kitaru_sql --polars\nSELECT 42 AS n"), pl.DataFrame)
    assert isinstance(run("%kitaru_sql --polars SELECT 42 AS n"), pl.DataFrame)


def test_a_variable_that_is_not_defined_is_named(run: Any) -> None:
    with pytest.raises(KitaruUsageError, match="no variable nothing"):
        run("%%kitaru_sql\nSELECT {nothing}")


def test_a_wrong_query_is_told_in_a_sentence(run: Any) -> None:
    with pytest.raises(KitaruUsageError) as caught:
        run("%%kitaru_sql\nSELECT nonsense FROM executions")
    assert "Traceback" not in "\n".join(caught.value._render_traceback_())  # type: ignore[attr-defined]


@given(st.text(st.characters(exclude_characters="{}'\"-/*", exclude_categories=["Cs"])))
def test_text_without_variables_stays_as_it_is(text: str) -> None:
    assert bound(text, {}) == (text, {})


@given(st.text(), st.text())
def test_a_literal_keeps_its_braces(before: str, after: str) -> None:
    literal = "'" + f"{before}{{name}}{after}".replace("'", "''") + "'"
    assert bound(f"SELECT {literal}", {"name": 1}) == (f"SELECT {literal}", {})
