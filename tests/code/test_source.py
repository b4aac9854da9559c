from __future__ import annotations

import functools
import linecache
import textwrap
from pathlib import Path

import pytest

from kitaru.code import source_of
from kitaru.code.source import definition_of


def test_a_function_of_a_cell_is_returned_as_written_with_decorators(new_cells):
    text = "@deco(\n    1,\n)\ndef step(\n    x,  # first\n):\n    # note\n    return  x\n"
    cells = new_cells("def deco(n): return lambda fn: fn", "\n\nother = 1\n" + text + "# after\n")
    assert source_of(cells["step"]) == text


def test_a_method_is_dedented_but_its_strings_are_not_touched(new_cells):
    cells = new_cells(
        'class A:\n    def f(self):\n        """Doc\n        more."""\n        return f"""\n    a\nb {self}"""\n'
    )
    assert (
        source_of(cells["A"].f) == 'def f(self):\n    """Doc\n        more."""\n    return f"""\n    a\nb {self}"""\n'
    )
    assert source_of(cells["A"]().f) == source_of(cells["A"].f)


@pytest.mark.parametrize(
    "source",
    [
        "def step():\n    '''a\nb'''\n",
        "def step(): pass\n",
        "def step():\n    if False:\n        x = 1\n",
        "def step():\n    x: int\n",
        "def step(x=(\n1\n)):\n    return [\n1,\n2\n]\n",
        "def step():\n    return 1 + \\\n2\n",
        "def step():\n\n    # only\n\n    return 1\n",
        "async def step():\n    async with a as b:\n        yield b\n",
        "def step():\n    def inner(): return step\n    return inner\n",
    ],
)
def test_the_whole_definition_is_found_and_no_more(new_cells, source):
    assert source_of(new_cells(source + "x = 1\n# end\n")["step"]) == source
    assert source_of(new_cells("y = 2\n" + source)["step"]) == source


def test_names_of_every_kind_of_scope_are_found(new_cells):
    cells = new_cells(
        """
        import re
        class Base:
            def __init__(self): self.__hidden = 1
        class Model(Base):
            def __init__(self):
                super().__init__()
                self.__own = __class__
                re.compile("a").sub("", "b")
        def make(a):
            class Local:
                def get(self):
                    def deep(): return a, self.__x
                    return deep
            return Local
        """
    )
    assert "__hidden" in source_of(cells["Base"].__init__)
    assert "super()" in source_of(cells["Model"].__init__)
    assert source_of(cells["make"](1)().get()) == "def deep(): return a, self.__x\n"


def test_lambdas_are_cut_out_of_their_line(new_cells):
    cells = new_cells("a, b = (lambda x=1: x), (lambda x=2: x)", "é = 'ü'; c = lambda: 'é'")
    assert [source_of(cells[name]) for name in "abc"] == ["lambda x=1: x", "lambda x=2: x", "lambda: 'é'"]


def test_wrappers_and_partials_are_seen_through(new_cells):
    cells = new_cells(
        "import functools\ndef deco(fn):\n    @functools.wraps(fn)\n    def inner(): return fn()\n    return inner",
        "@deco\ndef step(): return 1",
    )
    assert source_of(cells["step"]) == "@deco\ndef step(): return 1"
    assert source_of(functools.partial(cells["step"])) == source_of(cells["step"])


def test_no_source_is_none():
    names: dict[str, object] = {}
    exec("def step(): return 1", names)
    assert source_of(names["step"]) is None
    assert source_of(len) is None
    assert source_of(3) is None


def test_text_that_no_longer_fits_the_code_is_not_returned(import_module):
    module = import_module("source_edited", "def step(x):\n    return x + 1\n")
    for edited in ("x + 2", "x - 1", "1 + x", "y + 1", "int(x)"):
        Path(module.__file__).write_text(f"def step(x):\n    return {edited}\n", encoding="utf-8")
        module.step.__code__ = module.step.__code__.replace()
        linecache.clearcache()
        assert source_of(module.step) is None


def test_a_function_that_moved_in_its_file_is_found_again(import_module):
    source = "def step(x):\n    return x + 1\n"
    module = import_module("source_moved", source)
    Path(module.__file__).write_text("def other():\n    return 0\n\n" + source, encoding="utf-8")
    linecache.checkcache()
    assert source_of(module.step) == source


def test_the_code_of_two_equal_names_in_one_file_is_told_apart(new_cells):
    cells = new_cells("def step(): return 1\nfirst = step\ndef step(): return 2")
    assert (source_of(cells["first"]), source_of(cells["step"])) == ("def step(): return 1\n", "def step(): return 2")


def test_most_of_the_standard_library_is_found():
    functions = [f for f in vars(textwrap).values() if callable(f) and hasattr(f, "__code__")]
    functions += [f for f in vars(functools).values() if hasattr(f, "__code__")]
    functions += [f for f in vars(linecache).values() if hasattr(f, "__code__")]
    assert [f.__name__ for f in functions if definition_of(f) is None] == []


def test_a_function_with_an_assertion_that_pytest_rewrote_is_found():
    def step(x):
        assert x > 1, "small"
        return x

    assert source_of(step).startswith("def step(x):\n    assert x > 1")
