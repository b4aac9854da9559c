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


HOSTILE = "one' OR '1'='1' --"


def test_items_and_attributes_are_parameters_whatever_is_in_them(run: Any, shell: Any) -> None:
    run("%%kitaru_flow one\n1")
    run("import types, numpy, kitaru\nran = kitaru.KitaruClient().executions.list()")
    shell.user_ns |= {"flows": ["two", "one"], "known": {"the last": ["one"]}, "hostile": [HOSTILE]}
    run("about = types.SimpleNamespace(flow='one', hostile=hostile[0], counts=numpy.array([7, 1]))")
    counted = "%%kitaru_sql\nSELECT count(*) AS n FROM executions WHERE "
    for condition in (
        "flow = {flows[1]}",
        "flow = {flows[-1]}",
        'flow = {known["the last"][0]}',
        "flow = { known['the last'][0] }",
        "flow = {about.flow}",
        "exec_id = {ran[0].exec_id}",
        "exec_id = {ran[0]}",
        "1 = {about.counts[1]}",
        "{hostile[0]} <> {about.flow}",
    ):
        assert run(counted + condition)["n"].tolist() == [1], condition
    for condition in ("flow = {hostile[0]}", "flow = {about.hostile}", "flow = {flows[0]}"):
        assert run(counted + condition)["n"].tolist() == [0], condition


@pytest.mark.parametrize(
    ("braces", "sentence"),
    [
        ("{flows[7]}", "{flows[7]}: flows (list) has no item 7"),
        ("{flows['x']}", "{flows['x']}: flows (list) has no item 'x': list indices must be integers"),
        ("{flows.nothing}", "{flows.nothing}: flows (list) has no nothing."),
        ("{nowhere[0]}", "{nowhere[0]}: no variable nowhere is defined in this notebook."),
        ("{len(flows)}", "{len(flows)} is no variable. Braces take a name, its attributes and its items"),
        ("{flows + flows}", "{flows + flows} is no variable."),
        ("{flows[0] + 1}", "{flows[0] + 1} is no variable."),
    ],
)
def test_what_is_no_value_in_braces_is_told_in_a_sentence(shell: Any, braces: str, sentence: str) -> None:
    with pytest.raises(KitaruUsageError) as caught:
        bound(f"SELECT {braces}", {"flows": ["one"]})
    assert f"%%kitaru_sql: {sentence}" in str(caught.value)


def test_structs_and_maps_of_sql_are_left_as_they_are(run: Any) -> None:
    frame = run("%%kitaru_sql\nSELECT {a: 1, 'b': 2}.b AS b, MAP {'x': 3}['x'] AS x, MAP {} AS m, $$ {n} $$ AS t")
    assert frame[["b", "x", "t"]].to_dict("records") == [{"b": 2, "x": 3, "t": " {n} "}]


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


@given(st.text(st.characters(exclude_characters="{}'\"-/*$", exclude_categories=["Cs"])))
def test_text_without_variables_stays_as_it_is(text: str) -> None:
    assert bound(text, {}) == (text, {})


@given(st.text(), st.text())
def test_a_literal_keeps_its_braces(before: str, after: str) -> None:
    literal = "'" + f"{before}{{name}}{after}".replace("'", "''") + "'"
    assert bound(f"SELECT {literal}", {"name": 1}) == (f"SELECT {literal}", {})
