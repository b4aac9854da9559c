from __future__ import annotations

import ast
import linecache
from typing import Any

import pytest

from kitaru.code import code_identity
from kitaru.code.flow_cell import FlowCell, flow_cell
from kitaru.code.flow_line import parse_flow_line
from kitaru.code.segments import indented, segments
from kitaru.errors import KitaruUsageError

CELL = '''\
import re

# Read it.
def load(topic):
    return re.split(" ", topic)

class Page:
    text = ""

pages = load(topic)  # one page a word
summary = f"""
{len(pages)} pages
"""
summary + style
'''


def research() -> FlowCell:
    return flow_cell('research -p topic="deep sea" -p top=3', CELL)


def compiled(text: str, name: str, namespace: dict[str, Any]) -> Any:
    file = f"<{name} {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), namespace)
    return namespace[name]


def test_imports_classes_and_functions_are_definitions_and_the_rest_is_the_body() -> None:
    cell = research()
    assert [type(part.node).__name__ for part in cell.definitions] == ["Import", "FunctionDef", "ClassDef"]
    assert [part.code.split()[0] for part in cell.body] == ["pages", "summary", "summary"]


def test_functions_become_checkpoints_unless_marked_otherwise() -> None:
    cell = flow_cell(
        "f --checkpoint cached",
        "def a(): pass\ndef _b(): pass\ndef c(): yield 1\n@checkpoint(retries=1)\ndef d(): pass\n"
        "@cache\ndef cached(): pass\nasync def e(): pass\na()",
    )
    assert cell.checkpoints == ("a", "cached", "e")


def test_the_body_needs_what_neither_the_cell_nor_the_parameters_define() -> None:
    assert research().needs == ("style",)


def test_a_variable_that_is_read_before_the_body_sets_it_is_needed() -> None:
    assert flow_cell("f", "count = count + 1\nif count: more = 1\nmore").needs == ("count", "more")


def test_the_function_has_every_statement_on_the_line_of_the_cell() -> None:
    text = research().function_text(["style"])
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    # The magic stands on line 1.
    assert [statement.lineno for statement in function.body] == [11, 12, 15]


def test_the_function_and_the_definitions_run_as_the_cell_says() -> None:
    namespace: dict[str, Any] = {"style": "!"}
    exec(research().definitions_text(), namespace)
    function = compiled(research().function_text(["style"]), "research", namespace)
    assert function() == "\n2 pages\n!"
    assert function(topic="one", style="?") == "\n1 pages\n?"


def test_the_identity_of_the_function_is_that_of_the_same_function_written_by_hand() -> None:
    by_cell = compiled(flow_cell("f -p x=1", "y = x  # here\ny").function_text(), "f", {})
    by_hand = compiled("def f(x: int = 1):\n    y = x\n\n    return y\n", "f", {})
    assert code_identity(by_cell) == code_identity(by_hand)


def test_strings_over_several_lines_keep_their_text() -> None:
    assert indented('x = """a\n  b"""\nif x:\n    y') == '    x = """a\n  b"""\n    if x:\n        y'


def test_statements_that_share_a_line_stay_on_it() -> None:
    cell = flow_cell("f", "import re; a = re.escape('.'); b = a\nb;")
    assert cell.definitions_text() == "\nimport re\n"
    assert cell.function_text() == "def f():\n    a = re.escape('.'); b = a\n    return b\n"


def test_a_body_that_awaits_is_async() -> None:
    for line in ("await go()", "async with a: pass", "async for a in b: pass", "[a async for a in b]"):
        assert flow_cell("f", line).is_async, line
        assert flow_cell("f", line).signature().startswith("async def f(")
    assert not flow_cell("f", "async def go(): await it()\ngo()").is_async


def test_imports_that_are_chosen_at_run_time_are_definitions() -> None:
    cell = flow_cell(
        "f",
        "if TYPE_CHECKING:\n    import a\ntry:\n    import b\nexcept ImportError:\n    b = None\nif x:\n    y = 1\n",
    )
    assert len(cell.definitions) == 2


def test_what_a_function_reads_is_made_before_the_flow_runs_if_it_needs_nothing_of_the_body() -> None:
    cell = flow_cell(
        "f -p key=1",
        "client = Client(url)\nother = Client(key)\nurl = base + '/a'\ndef ask(x): return client(x)\nask(other)",
    )
    assert [part.code for part in cell.definitions][:2] == ["client = Client(url)", "url = base + '/a'"]
    assert cell.needs == ("Client",)


def test_comments_that_are_indented_stay_with_the_block_above() -> None:
    texts = [segment.text for segment in segments("def f():\n    a\n\n    # in f\n\n# of x\nx = 1\n")]
    assert texts == ["def f():\n    a\n\n    # in f", "\n# of x\nx = 1"]


def test_functions_that_are_named_plain_become_no_checkpoints() -> None:
    assert flow_cell("f --plain b", "def a(): pass\ndef b(): pass\na()").checkpoints == ("a",)


def test_a_constant_that_a_function_reads_stays_with_it() -> None:
    cell = flow_cell("f", "LIMIT = 3\ndef clip(x): return x[:LIMIT]\nclip(text)")
    assert [part.code for part in cell.definitions] == ["LIMIT = 3", "def clip(x): return x[:LIMIT]"]


@pytest.mark.parametrize(
    ("line", "body", "told"),
    [
        ("f", "def a(): return 1", "f: the cell only defines things"),
        ("f", "x = 1\nreturn x", "line 3: a cell has no return"),
        ("f", "yield 1", "line 2: a cell does not yield"),
        ("f -p x=1", "def a(): return x\na()", r"line 2: a\(\) reads x, which is a parameter of the flow. Pass it"),
        (
            "f",
            "def go(): return 1\nx = go()\ndef a(): return x\na()",
            r"line 4: a\(\) reads x, which is a variable of the flow's body",
        ),
        (
            "f",
            "def a(): return x\nb = [a()]\nx = 1\na()",
            r"line 2: a\(\) reads x, which is a variable of the flow's body",
        ),
        ("f", "if a:\n    from b import *\n    go()", "line 3: from b import"),
        ("f", "def f(): pass\nf()", "the cell defines f too"),
        ("f -p x=deep-", "x", 'deep- is no Python value. For text, write -p x="deep-"'),
        ("f -p x:1-=2", "x", "'1-' is no type"),
        ("f -p x=1 -p x=2", "x", "-p x is given 2 times"),
        ("f -p class=1", "x", "'class' is no name"),
        ("my-flow", "x", "'my-flow' is no name"),
        ("f --retrys 3", "x", "unknown: --retrys 3; did you mean --retries"),
        ("f --retries -1", "x", "expected one argument|give a number of retries"),
        ("", "x", "the following arguments are required: NAME"),
        ("f -p x='a", "x", "' is missing at the end"),
    ],
)
def test_a_cell_that_cannot_be_a_flow_is_refused_with_the_remedy(line: str, body: str, told: str) -> None:
    with pytest.raises(KitaruUsageError, match=told):
        flow_cell(line, body)


def test_a_syntax_error_names_the_line_of_the_cell() -> None:
    with pytest.raises(SyntaxError) as caught:
        flow_cell("f", "x = 1\ny = (")
    assert caught.value.lineno == 3


def test_the_types_of_parameters_come_from_their_values_or_are_given() -> None:
    line = parse_flow_line(
        """f -p a=1 -p b='x y' -p c=[1, 2] -p d=rows -p e:float=1 -p "g: list[str] = ['a']" -p h -p i=None"""
    )
    assert [parameter.text for parameter in line.parameters] == [
        "a: int = 1",
        "b: str = 'x y'",
        "c: list = [1, 2]",
        "d=rows",
        "e: float = 1",
        "g: list[str] = ['a']",
        "h",
        "i=None",
    ]


def test_parameters_without_a_value_come_first() -> None:
    assert flow_cell("f -p a=1 -p b", "a + b").signature() == "def f(b, a: int = 1):"


def test_segments_keep_every_comment_and_no_semicolon_at_the_end() -> None:
    source = (
        "# top\n\nimport re  # regular\n\n\n# two\n# lines\n@cache\ndef f():\n    # in\n    return 1\n"
        "f();  # shown\n# end\n"
    )
    texts = [segment.text for segment in segments(source)]
    assert texts == [
        "# top\n\nimport re  # regular",
        "\n\n# two\n# lines\n@cache\ndef f():\n    # in\n    return 1",
        "f()  # shown\n# end",
    ]


def test_segments_count_columns_in_characters() -> None:
    assert [s.code for s in segments("é = 'ß'; x = '日本'  # ü\n")] == ["é = 'ß'", "x = '日本'"]
