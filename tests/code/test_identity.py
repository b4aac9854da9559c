from __future__ import annotations

import functools
import gc
import importlib
import os
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path

import pytest

import kitaru
from kitaru.code import changed_parts, code_identity, explain_identity, reached_globals
from kitaru.errors import KitaruUsageError


def kinds(fn):
    return {part.name: part.kind for part in explain_identity(fn).parts}


# The classic stale cache


def test_L17_a_changed_helper_constant_or_library_is_never_the_same_code(new_cells):
    cells = new_cells(
        "LIMIT = 3",
        "def scale(x): return x * LIMIT",
        "def helper(x): return scale(x) + 1",
        "class Model:\n def predict(self, x): return helper(x)",
        "def step(x): return Model().predict(x)",
    )
    seen = {code_identity(cells["step"])}
    changes = [
        "LIMIT = 4",
        "def scale(x): return x + LIMIT",
        "def helper(x): return scale(x) + 2",
        "class Model:\n def predict(self, x): return helper(x) * 2",
        "Model.predict = lambda self, x: 0",
        "Model.added = 1",
        "def step(x): return Model().predict(x) or 0",
    ]
    for number, change in enumerate(changes, start=2):
        cells.run(change)
        seen.add(code_identity(cells["step"]))
        assert len(seen) == number, f"stale after: {change}"


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("names = ['a']", "names.append('b')"),
        ("names = {'a': 1}", "names['a'] = 2"),
        ("names = {'a': {'b': [1]}}", "names['a']['b'].append(2)"),
        ("names = {1, 2}", "names.add(3)"),
        ("names = (1, [2])", "names[1].append(3)"),
        ("names = 1", "names = True"),
        ("names = 1", "names = 1.0"),
        ("names = 0.0", "names = -0.0"),
        ("names = 'a'", "names = b'a'"),
        ("import re; names = re.compile('a')", "names = re.compile('a', re.I)"),
        ("names = bytearray(b'a')", "names[0] = 1"),
        ("import functools; names = functools.partial(max, 1)", "names = functools.partial(max, 2)"),
        ("import functools; names = functools.partial(max, 1)", "names = functools.partial(min, 1)"),
        ("import decimal; names = decimal.Decimal('1.0')", "names = decimal.Decimal('1.00')"),
        ("import pathlib; names = pathlib.Path('a')", "names = pathlib.Path('b')"),
        ("import numpy; names = numpy.array([1, 2])", "names[0] = 5"),
        ("import types; names = types.SimpleNamespace(limit=1)", "names.limit = 2"),
        ("names = {'f': lambda x: 1}", "names['f'] = lambda x: 2"),
        ("def names(x): return 1", "names.__code__ = (lambda x: 2).__code__"),
        ("def names(x=1): return x", "names.__defaults__ = (2,)"),
        ("def names(*, x=1): return x", "names.__kwdefaults__['x'] = 2"),
        ("def names(x=[1]): return x", "names.__defaults__[0].append(2)"),
        ("names = 1", "del names"),
        ("import math; names = math.sin", "names = math.cos"),
    ],
)
def test_a_value_that_changes_in_place_or_is_rebound_changes_the_identity_at_once(new_cells, before, change):
    cells = new_cells(before, "def step(): return names, names.limit")
    first = code_identity(cells["step"])
    assert code_identity(cells["step"]) == first
    cells.run(change)
    assert code_identity(cells["step"]) != first


def test_a_dataclass_instance_counts_by_its_fields_and_its_class(new_cells):
    cells = new_cells(
        """
        import dataclasses
        @dataclasses.dataclass
        class Settings:
            limit: int = 1
            def low(self): return self.limit - 1
        """,
        "settings = Settings()",
        "def step(): return settings.low()",
    )
    first = code_identity(cells["step"])
    assert kinds(cells["step"])["Settings.low"] == "function"
    cells["settings"].limit = 2
    second = code_identity(cells["step"])
    cells.run("Settings.low = lambda self: 0")
    assert len({first, second, code_identity(cells["step"])}) == 3


def test_an_attribute_of_a_class_that_is_rebound_changes_the_identity(new_cells):
    cells = new_cells("class Model:\n    limit = 1\n    def fit(self): return 1", "def step(): return Model().fit()")
    kept = cells["Model"].fit  # alive, so that only the attribute tells
    seen = {code_identity(cells["step"])}
    cells.run("Model.fit = lambda self: 2")
    seen.add(code_identity(cells["step"]))
    cells.run("Model.limit = 2")
    seen.add(code_identity(cells["step"]))
    cells["Model"].fit = kept
    cells["Model"].limit = 1
    assert len(seen) == 3
    assert code_identity(cells["step"]) in seen


@pytest.mark.parametrize(
    "change",
    [
        "def fit(self): return 2\nBase.fit = fit",
        "def check(cls): return 2\nMeta.check = check",
        "def inner(): return 2\nwrapper.__wrapped__ = inner\nwrapper.__code__ = wrapper.__code__.replace()",
    ],
)
def test_bases_metaclasses_and_wrapped_functions_count(new_cells, change):
    cells = new_cells(
        """
        class Meta(type):
            def check(cls): return 1
        class Base:
            def fit(self): return 1
        class Model(Base, metaclass=Meta):
            def fit(self): return super().fit()
        def inner(): return 1
        def wrapper(): return 0
        wrapper.__wrapped__ = inner
        def step(): return Model, wrapper
        """
    )
    first, method = code_identity(cells["step"]), code_identity(cells["Model"].fit)
    cells.run(change)
    assert code_identity(cells["step"]) != first
    assert (code_identity(cells["Model"].fit) != method) == ("wrapper" not in change)


def test_names_of_a_class_inside_a_function_are_not_globals(new_cells):
    cells = new_cells("def step():\n    class Local:\n        low = 1\n        high = low + 1\n    return Local")
    assert kinds(cells["step"]) == {"step": "function"}


def test_a_builtin_that_is_shadowed_later_changes_the_identity(new_cells):
    cells = new_cells("def step(x): return sorted(x)")
    first = code_identity(cells["step"])
    cells.run("def sorted(x): return x")
    assert code_identity(cells["step"]) != first


def test_a_helper_in_a_module_that_is_reloaded_changes_the_identity(import_module, new_cells):
    module = import_module("reloaded_helper", "def clean(x): return x.strip()\n")
    cells = new_cells("import reloaded_helper", "def step(x): return reloaded_helper.clean(x)")
    first = code_identity(cells["step"])
    file = Path(module.__file__)
    file.write_text("\n# moved down\ndef clean(x): return x.strip()\n", encoding="utf-8")
    importlib.reload(module)
    assert code_identity(cells["step"]) == first
    file.write_text("def clean(x): return x.strip().lower()\n", encoding="utf-8")
    importlib.reload(module)
    assert code_identity(cells["step"]) != first


def test_a_file_that_was_edited_after_its_import_does_not_count_until_it_is_imported_again(import_module, monkeypatch):
    # Two edits within a second leave bytecode that Python takes for current.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    source = "def clean(x):\n    return x.strip()\n\n\ndef step(x):\n    return clean(x)\n"
    module = import_module("edited_module", source)
    first = code_identity(import_module("unedited_module", source).step)
    Path(module.__file__).write_text("import os\n" + source, encoding="utf-8")
    assert code_identity(module.step) == first
    Path(module.__file__).write_text(source.replace("strip", "upper"), encoding="utf-8")
    importlib.reload(module)
    assert code_identity(module.step) != first


def test_a_module_that_a_function_imports_when_it_runs_counts_as_a_whole(import_module, new_cells, tmp_path):
    (tmp_path / "late_helper.py").write_text("def clean(x): return x\n", encoding="utf-8")
    cells = new_cells("def step(x):\n    from late_helper import clean\n    return clean(x)")
    first = code_identity(cells["step"])
    assert "late_helper" not in sys.modules
    import_module("late_helper", "def clean(x): return x\n")
    assert code_identity(cells["step"]) == first
    (tmp_path / "late_helper.py").write_text("def clean(x): return -x\n", encoding="utf-8")
    assert code_identity(cells["step"]) != first


def test_modules_imported_by_such_a_module_count_too(new_cells, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "late_package"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "outer.py").write_text("from .inner import LIMIT\n", encoding="utf-8")
    (package / "inner.py").write_text("LIMIT = 1\n", encoding="utf-8")
    cells = new_cells("def step():\n    from late_package import outer\n    return outer.LIMIT")
    first = code_identity(cells["step"])
    (package / "inner.py").write_text("LIMIT = 22\n", encoding="utf-8")
    assert code_identity(cells["step"]) != first


# What leaves no trace


@pytest.mark.parametrize(
    "variant",
    [
        "def step(x):\n    'Documented.'\n    return  helper( x )  # comment",
        "\n\n\ndef step(x, ): return (helper(x))",
        "def step(x) -> int:\n    return helper(x)",
        "from kitaru_like import checkpoint\n@checkpoint(retries=3)\ndef step(x): return helper(x)",
    ],
)
def test_formatting_and_kitarus_own_decorators_leave_no_trace(new_cells, import_module, variant):
    import_module("kitaru_like", "def checkpoint(**options): return lambda fn: fn\n")
    plain = new_cells("def helper(x): return x", "def step(x): return helper(x)")
    other = new_cells("x = 1  # another cell", "def helper(x):\n    return x  # same", variant)
    assert code_identity(plain["step"]) == code_identity(other["step"])


def test_a_wrapper_of_kitarus_counts_as_the_function_inside(new_cells):
    plain = new_cells("def helper(x): return x", "def step(x): return helper(x)")

    class Checkpoint:
        __module__ = "kitaru.runtime.checkpoint"

        def __init__(self, fn):
            functools.update_wrapper(self, fn)
            self.calls = 0

    wrapped = new_cells("def helper(x): return x", "def step(x): return helper(x)")
    wrapped.names["helper"] = Checkpoint(wrapped["helper"])
    assert code_identity(wrapped["step"]) == code_identity(plain["step"])
    assert code_identity(Checkpoint(wrapped["step"])) == code_identity(plain["step"])
    wrapped["helper"].calls += 1
    assert code_identity(wrapped["step"]) == code_identity(plain["step"])
    wrapped.run("def other(x): return -x")
    wrapped.names["helper"] = Checkpoint(wrapped["other"])
    assert code_identity(wrapped["step"]) != code_identity(plain["step"])


def test_kitarus_real_decorators_leave_no_trace_under_any_name(new_cells):
    plain = new_cells("def step(x): return x")
    decorated = new_cells("import kitaru as k", "@k.checkpoint(retries=2)\ndef step(x): return x")
    assert code_identity(decorated["step"]) == code_identity(plain["step"])


@pytest.mark.parametrize(
    ("log", "statement"),
    [
        ("log = []", "log.append(x)"),
        ("log = {}", "log[x] = 1"),
        ("import collections; log = collections.Counter()", "log[x] += 1"),
        ("log = set()", "log.add(x)"),
        ("log = 0", "global log; log += 1"),
        ("import types; log = types.SimpleNamespace(calls=0)", "log.calls += 1"),
    ],
)
def test_what_a_function_only_writes_into_does_not_count(new_cells, log, statement):
    cells = new_cells(
        log, f"def step(x):\n    {statement}", f"def reading(x):\n    {statement}\n    return str(log), log.calls"
    )
    writing, reading = code_identity(cells["step"]), code_identity(cells["reading"])
    cells["step"](1)
    assert code_identity(cells["step"]) == writing
    assert code_identity(cells["reading"]) != reading
    cells.run("log = (1, 2)")
    assert code_identity(cells["step"]) != writing


def test_rebinding_an_equal_constant_changes_nothing(new_cells):
    cells = new_cells("LIMIT = 12345", "def step(): return LIMIT")
    first = code_identity(cells["step"])
    cells.run("LIMIT = 12344 + 1")
    assert code_identity(cells["step"]) == first


def test_the_key_in_a_secret_does_not_count(new_cells):
    cells = new_cells("SERVICE_API_KEY = 'first'", "def step(): return SERVICE_API_KEY")
    first = code_identity(cells["step"])
    cells.run("SERVICE_API_KEY = 'rotated'")
    assert code_identity(cells["step"]) == first
    assert kinds(cells["step"])["SERVICE_API_KEY"] == "opaque"


def test_opaque_objects_count_by_their_type(new_cells):
    cells = new_cells("import threading", "lock = threading.Lock()", "def step(): return lock")
    first = code_identity(cells["step"])
    cells.run("lock = threading.Lock()")
    assert code_identity(cells["step"]) == first
    cells.run("lock = threading.Event()")
    assert code_identity(cells["step"]) != first


# The same everywhere

_PROGRAM = '''
import dataclasses
import enum
import functools
import json
import re

from pydantic import BaseModel, Field

LIMIT = 3
WORDS = {"b", "a", "c"}
PATTERN = re.compile("a+")


class Color(enum.Enum):
    RED = 1


class Answer(BaseModel):
    text: str = Field(default="", max_length=10)
    score: float | None = None

    def short(self):
        return self.text[:LIMIT]


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: int = 2

    def norm(self) -> float:
        return (self.x**2 + self.y**2) ** 0.5


def timed(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        return fn(*args)

    return wrapper


@timed
def clean(text):
    return PATTERN.sub("", text)


@functools.lru_cache
def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


TABLE = {"clean": clean, "key": (lambda x: -x)}


def step(text, scale=LIMIT, *, mode="fast"):
    """Do it."""
    point = Point(1)
    picked = [TABLE["clean"](w) for w in text.split() if w not in WORDS and even(len(w))]
    short = f"{Answer().short()!r:>{LIMIT}}"
    return json.dumps({"n": point.norm(), "c": Color.RED.value, "p": picked, "a": short, "m": mode, "s": scale})
'''
_REPORT = "\nfrom kitaru.code import explain_identity as e\nprint(e(step).digest, sorted(e(step).as_mapping()))\n"


@pytest.fixture
def expected(import_module):
    module = import_module("whole_program", _PROGRAM)
    return code_identity(module.step)


def _run_script(path, **environment):
    root = str(Path(kitaru.__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": root, **environment}
    done = subprocess.run([sys.executable, str(path)], env=env, capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_a_script_has_the_identity_of_the_imported_module_whatever_the_hash_seed(tmp_path, expected, seed):
    script = tmp_path / "some_script.py"
    script.write_text("# a comment\n" + _PROGRAM + _REPORT, encoding="utf-8")
    assert _run_script(script, PYTHONHASHSEED=seed) == expected


def test_a_notebook_has_the_identity_of_the_imported_module(expected, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    for cell in _PROGRAM.replace("def clean", "# cell\ndef clean").split("\n\n\n"):
        shell.run_cell("# %%\n\n" + cell).raise_error()
    assert code_identity(shell.user_ns["step"]) == expected
    shell.run_cell("LIMIT = 4").raise_error()
    assert code_identity(shell.user_ns["step"]) != expected


def test_every_part_of_the_program_is_named(import_module):
    module = import_module("whole_program", _PROGRAM)
    found = kinds(module.step)
    wanted = {
        "step": "function",
        "clean": "function",
        "even": "function",
        "odd": "function",
        "Point": "class",
        "Point.norm": "function",
        "Answer": "class",
        "Answer.short": "function",
        "Color": "class",
        "WORDS": "constant",
        "PATTERN": "constant",
        "LIMIT": "constant",
        "json": "library",
        "pydantic": "library",
    }
    assert wanted.items() <= found.items()
    assert "missing" not in found.values()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"b", "a", "c"', '"b", "a"'),
        ('"a+"', '"a*"'),
        ("RED = 1", "RED = 2"),
        ("max_length=10", "max_length=11"),
        ("score: float | None", "score: int | None"),
        ("self.text[:LIMIT]", "self.text"),
        ("y: int = 2", "y: int = 3"),
        ("frozen=True", "frozen=False"),
        ("x: int\n", "x: str\n"),
        ("self.y**2", "self.y**3"),
        ("return fn(*args)", "return fn(*args) or 0"),
        ("@timed\n", ""),
        ('sub("", text)', 'sub("-", text)'),
        ("n == 0 or", "n <= 0 or"),
        ("n != 0 and", "n > 0 and"),
        ("lambda x: -x", "lambda x: +x"),
        ("scale=LIMIT", "scale=LIMIT + 1"),
        ('mode="fast"', 'mode="slow"'),
        ("!r:>", "!s:>"),
    ],
)
def test_any_change_to_what_is_reached_shows(import_module, expected, old, new):
    assert _PROGRAM.count(old) == 1
    changed = import_module("changed_program", _PROGRAM.replace(old, new))
    assert code_identity(changed.step) != expected


def test_code_without_source_still_has_an_identity():
    def make(text):
        names: dict[str, object] = {}
        exec(textwrap.dedent(text), names)
        return names["step"]

    one = make("def step(x):\n 'Doc.'\n return [y + 1 for y in x]")
    same = make("\n\ndef step(x):\n 'Other.'\n return [ y+1 for y in x ]")
    other = make("def step(x):\n 'Doc.'\n return [y + 2 for y in x]")
    assert code_identity(one) == code_identity(same) != code_identity(other)


# Shapes of code


def test_recursion_and_cycles_end(new_cells):
    cells = new_cells(
        "def even(n): return n == 0 or odd(n - 1)",
        "def odd(n): return n != 0 and even(n - 1)",
        "table = {'even': even}",
        "table['self'] = table",
        "def both(n): return table, both",
    )
    assert code_identity(cells["even"]) != code_identity(cells["odd"])
    first = code_identity(cells["both"])
    cells.run("def odd(n): return False")
    assert code_identity(cells["both"]) != first


def test_closures_partials_and_methods_are_told_apart(new_cells):
    cells = new_cells(
        """
        import functools
        def make(factor):
            def scaled(x): return x * factor
            return scaled
        two, three = make(2), make(3)
        class Model:
            def fit(self): return 1
            def test(self): return 2
        first, second = functools.partial(pow, 2), functools.partial(two, 2)
        """
    )
    model = cells["Model"]()
    identities = [
        code_identity(fn)
        for fn in (
            cells["two"],
            cells["three"],
            model.fit,
            model.test,
            cells["second"],
            functools.partial(cells["two"], 3),
        )
    ]
    assert len(set(identities)) == len(identities)
    assert code_identity(cells["two"]) == code_identity(cells["make"](2))
    with pytest.raises(KitaruUsageError, match="wrap it in a def"):
        code_identity(cells["first"])


def test_a_changed_closure_variable_changes_the_identity(new_cells):
    cells = new_cells(
        """
        def make():
            count = 0
            def read(): return count
            def bump():
                nonlocal count
                count += 1
            return read, bump
        read, bump = make()
        """
    )
    first = code_identity(cells["read"])
    cells["bump"]()
    assert code_identity(cells["read"]) != first


def test_two_lambdas_on_one_line_are_told_apart(new_cells):
    cells = new_cells("a, b, c = (lambda x=1: x), (lambda x=2: x), (lambda y: y)")
    assert len({code_identity(cells[name]) for name in "abc"}) == 3


def test_registered_implementations_of_a_generic_function_count(new_cells):
    cells = new_cells(
        "import functools",
        "@functools.singledispatch\ndef show(x): return 1",
        "def show_int(x): return 2",
        "def step(x): return show(x)",
    )
    first = code_identity(cells["step"])
    cells.run("show.register(int, show_int)")
    second = code_identity(cells["step"])
    cells.run("show.register(str, show_int)")
    assert len({first, second, code_identity(cells["step"])}) == 3


def test_identities_keep_no_redefined_function_alive(new_cells):
    cells = new_cells("table = {}", "def step(n): return table, step(n - 1)", "table['step'] = step")
    code_identity(cells["step"])
    gone = weakref.ref(cells["step"])
    cells.run("def step(n): return 0")
    cells.run("table.clear()")
    gc.collect()
    assert gone() is None


def test_builtins_have_no_identity():
    with pytest.raises(KitaruUsageError, match="written in Python"):
        code_identity(len)


# Explanations


def test_changes_are_told_in_sentences(new_cells):
    cells = new_cells(
        "import numpy",
        "LIMIT = 1",
        "def clean(x): return x",
        "def gone(x): return x",
        "def step(x): return clean(gone(x)), LIMIT, numpy.mean(x)",
    )
    before = explain_identity(cells["step"]).as_mapping()
    cells.run(
        """
        LIMIT = 2
        def clean(x): return -x
        def tokenize(x): return x
        def step(x): return clean(tokenize(x)), LIMIT, numpy.mean(x)
        """
    )
    after = explain_identity(cells["step"]).as_mapping()
    assert after["numpy"].startswith("library ")
    sentences = changed_parts({**before, "numpy": "library 1.0"}, {**after, "numpy": "library 2.0"})
    assert sorted(sentences) == [
        "`clean` changed",
        "`gone` is no longer used",
        "`step` changed",
        "`tokenize` is new",
        "constant `LIMIT` changed",
        "library `numpy` changed (1.0 -> 2.0)",
    ]
    assert changed_parts(after, after) == []


def test_a_name_that_comes_and_goes_is_told(new_cells):
    cells = new_cells("def step(x): return helper(x)")
    before = explain_identity(cells["step"]).as_mapping()
    cells.run("def helper(x): return x")
    after = explain_identity(cells["step"]).as_mapping()
    assert changed_parts(before, after) == ["`helper` is now defined"]
    assert changed_parts(after, before) == ["`helper` is no longer defined"]


def test_the_versions_of_libraries_are_recorded(new_cells):
    from importlib.metadata import version

    cells = new_cells("from PIL import Image", "import numpy as np", "def step(x): return Image.new, np.mean(x)")
    mapping = explain_identity(cells["step"]).as_mapping()
    assert mapping["numpy"] == f"library {version('numpy')}"
    assert mapping["PIL"] == f"library {version('pillow')}"


# For snapshots


def test_reached_globals_are_the_objects_behind_the_names(new_cells, import_module):
    helper = import_module("reached_helper", "LIMIT = 7\ndef clean(x): return x[:LIMIT]\n")
    cells = new_cells(
        "import reached_helper",
        "from reached_helper import clean",
        "import json",
        "rows = [1, 2]",
        "class Model:\n def fit(self): return rows",
        "unused = 3",
        "def inner(x): return Model, json.dumps(x)",
        "def step(x): return inner(clean(x)), reached_helper.clean(x), missing_name",
    )
    found = reached_globals(cells["step"])
    assert found["rows"] is cells["rows"]
    assert found["reached_helper.LIMIT"] == 7
    assert found["clean"] is helper.clean
    assert set(found) == {"rows", "reached_helper.LIMIT", "clean", "reached_helper", "Model", "json", "inner"}
