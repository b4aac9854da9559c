"""The flow that is made of a cell gives what running the cell gives, whatever the cell is."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from kitaru.code import flow_cell, source_of
from kitaru.errors import KitaruUsageError
from kitaru.notebook.define import define_flow

NAMES = ["a", "b", "c", "seen"]
PARAMETERS = {"n": 2, "m": 5}
NOTEBOOK = {"given": 7, "rows": [1, 2, 3]}

number = st.integers(0, 9).map(str)
readable = st.sampled_from([*NAMES, *PARAMETERS, "given"])
operand = st.one_of(number, readable)
expression = st.recursive(
    operand,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda e: f"sum(x + {e} for x in rows)"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        inner.map(lambda e: f"helper({e})"),
        inner.map(lambda e: f"(lambda: {e})()"),
    ),
    max_leaves=4,
)
assignment = st.tuples(st.sampled_from([*NAMES, *PARAMETERS]), st.sampled_from(["=", "+="]), expression).map(" ".join)


def indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


statement = st.recursive(
    assignment,
    lambda inner: st.one_of(
        st.tuples(expression, inner, inner).map(lambda p: f"if {p[0]} > 4:\n{indented(p[1])}\nelse:\n{indented(p[2])}"),
        inner.map(lambda s: f"for i in range(3):\n{indented(s)}"),
        inner.map(lambda s: f"try:\n{indented(s)}\nexcept NameError:\n    seen = 1"),
        expression.map(lambda e: f"for i in range(2):\n    def inner(y):\n        return y + {e}\n    c = inner(i)"),
        st.tuples(inner, inner).map("\n# between\n".join),
    ),
    max_leaves=4,
)
# What a function of the cell reads: nothing, a constant of the cell, a variable of the notebook, one of the body.
helper = st.sampled_from(["1", "limit", "given", "a"]).map(lambda name: f"def helper(x):\n    return x * 2 + {name}")
cell_text = st.tuples(
    st.lists(st.sampled_from(["import math", "limit = 3", "", "# a comment"]), max_size=3),
    helper,
    st.lists(statement, max_size=5),
    expression,
).map(lambda p: "\n".join([*p[0], p[1], *p[2], p[3]]))


def outcome(compute: Any) -> tuple[str, Any]:
    try:
        return "value", compute()
    except NameError:
        return "name", None


def refused(error: KitaruUsageError) -> None:
    """Told before anything runs: a name that nobody defines, or a function that reads what only the body knows."""
    assert re.search("is not defined|is a variable of the flow's body", str(error))


def as_plain_code(text: str) -> Any:
    *body, last = text.rsplit("\n", 1)
    namespace: dict[str, Any] = {**NOTEBOOK, **PARAMETERS}
    exec("\n".join(body), namespace)
    return eval(last, namespace)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cell_text)
def test_a_flow_computes_what_its_cell_computes(shell: Any, text: str) -> None:
    shell.user_ns.clear()
    shell.user_ns.update(NOTEBOOK)
    expected = outcome(lambda: as_plain_code(text))
    try:
        cell = flow_cell("f -p n=2 -p m=5", text)
        flow, _ = define_flow(shell, cell, f"%%kitaru_flow f -p n=2 -p m=5\n{text}")
    except KitaruUsageError as error:
        refused(error)
    else:
        assert outcome(flow.function) == expected
        # Its code has the lines of the cell; what identifies it is the text of the function.
        assert str(source_of(flow.function)).startswith("def f(n: int = 2, m: int = 5")


@settings(max_examples=100, deadline=None)
@given(cell_text)
def test_the_flows_text_for_a_script_is_the_same_code_as_the_function_in_the_notebook(text: str) -> None:
    from kitaru.code import normalised

    try:
        cell = flow_cell("f -p n=2 -p m=5", text)
    except KitaruUsageError:
        reject()
    assert normalised(cell.script_text()) == normalised(cell.function_text())
