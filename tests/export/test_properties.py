"""Random notebooks: their scripts compile, do what the notebook does, and hold only what a flow needs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitaru.export.export import render_notebook
from tests.export.notebooks import ENVIRONMENT, write

BASE = """
# --- base
from kitaru import flow

def value(thing):
    made = thing() if callable(thing) else thing
    return repr(made)
"""
SCRATCH = ["v0", "print(1)", "%matplotlib inline", "broken (", "!ls", "import os; os.getcwd()", "for v in 'ab': pass"]
KINDS = {
    "constant": "v{i} = ({reads} {i},)  # a value",
    "function": "def v{i}(x=0):\n    # in it\n    return ({reads} {i}, x)",
    "lambda": "v{i} = lambda: ({reads} {i},)",
    "class": "class v{i}:\n    '''Doc.'''\n\n    def __repr__(self):\n        return repr(({reads} {i},))",
    "listed": "v{i} = [({reads} n) for n in range({i})]",
    "changed": "v{i} = {{}}\nv{i}['a'] = ({reads} {i},)",
    "decorated": "import functools\n@functools.cache\ndef v{i}():\n    return ({reads} {i},)",
    "appended": "v{i} = []\nv{i}.append(({reads} {i},))",
    "table": "def t{i}():\n    return ({reads} {i},)\nt{i}s = {{1: t{i}}}\nv{i} = t{i}s[1]",
    "wrapped": "import functools\ndef outer{i}(f):\n    @functools.wraps(f)\n    def inner(x=0):\n        return f(x)\n"
    "    return inner\n@outer{i}\ndef v{i}(x=0):\n    return ({reads} {i}, x)",
    "text": "v{i} = f'''\n  {{({reads} {i},)}}\n'''",
}


@st.composite
def notebooks(draw: st.DrawFn) -> tuple[list[str], list[int], list[str]]:
    """Definitions that read earlier ones, the order in which the cells stand, and scratch cells."""
    definitions = []
    for i in range(draw(st.integers(1, 7))):
        reads = draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set()
        kind = draw(st.sampled_from(sorted(KINDS)))
        text = "".join(f"value(v{read}), " for read in sorted(reads)).rstrip()
        definitions.append(KINDS[kind].format(i=i, reads=text))
    order = draw(st.permutations(range(len(definitions))))
    return definitions, list(order), draw(st.lists(st.sampled_from(SCRATCH), max_size=4))


def text_of(definitions: list[str], order: list[int], needed: list[int], scratch: list[str]) -> str:
    cells = [f"# --- c{i}\n{definitions[i]}\n" for i in order]
    cells += [f"# --- s{n}\n{cell}\n" for n, cell in enumerate(scratch)]
    reads = ", ".join(f"value(v{i})" for i in needed)
    return "".join([*cells, f"# --- flow\n@flow\ndef run():\n    return ({reads},)\n"]) + BASE


def exported(text: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return render_notebook(write(Path(folder), text), environment=ENVIRONMENT).text


def result(script: str) -> Any:
    names: dict[str, Any] = {"__name__": "written"}
    exec(compile(script, "written.py", "exec"), names)
    return names["run"].function()


@settings(max_examples=30, deadline=None)
@given(notebooks(), st.data())
def test_a_script_compiles_and_does_what_the_notebook_does(made: tuple[Any, ...], data: st.DataObject) -> None:
    definitions, order, scratch = made
    needed = sorted(data.draw(st.sets(st.sampled_from(order), min_size=1)))
    does_the_same(definitions, order, needed, scratch)


@pytest.mark.parametrize(
    ("kinds", "order"),
    [
        pytest.param([("changed", ""), ("class", "value(v0),"), ("constant", "value(v1),")], [2, 1, 0], id="class"),
        pytest.param(
            [("decorated", ""), ("changed", "value(v0),"), ("decorated", "value(v0), value(v1),")],
            [0, 1, 2],
            id="one decorator twice",
        ),
        pytest.param(
            [("changed", ""), ("function", "value(v0),"), ("lambda", "value(v1),"), ("changed", "value(v2),")],
            [3, 1, 2, 0],
            id="lambda",
        ),
        pytest.param(
            [("listed", ""), ("class", ""), ("table", "value(v0), value(v1),"), ("changed", "value(v2),")],
            [2, 1, 3, 0],
            id="table of functions",
        ),
    ],
)
def test_what_is_called_while_the_script_is_imported_is_there(kinds: list[tuple[str, str]], order: list[int]) -> None:
    definitions = [KINDS[kind].format(i=i, reads=reads) for i, (kind, reads) in enumerate(kinds)]
    does_the_same(definitions, order, list(range(len(definitions))), [])


def does_the_same(definitions: list[str], order: list[int], needed: list[int], scratch: list[str]) -> None:
    script = exported(text_of(definitions, order, needed, scratch))
    names: dict[str, Any] = {}
    exec("\n".join([BASE, *definitions]), names)
    assert result(script) == tuple(names["value"](names[f"v{i}"]) for i in needed)


@settings(max_examples=20, deadline=None)
@given(notebooks())
def test_scratch_cells_change_nothing_and_each_export_gives_the_same_bytes(made: tuple[Any, ...]) -> None:
    definitions, order, scratch = made
    needed = order[:1]
    script = exported(text_of(definitions, order, needed, scratch))
    assert script == exported(text_of(definitions, order, needed, []))
    assert script == exported(text_of(definitions, order, needed, scratch))


@settings(max_examples=20, deadline=None)
@given(notebooks())
def test_a_script_holds_only_what_its_flow_reaches(made: tuple[Any, ...]) -> None:
    definitions, order, _ = made
    needed = [0]
    script = exported(text_of(definitions, order, needed, []))
    assert "v0" in script
    assert not any(f"v{i}" in script for i in order if i != 0)
