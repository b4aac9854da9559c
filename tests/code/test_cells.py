from __future__ import annotations

import ast
import sys

import pytest

from kitaru.code import FreeNames, free_names

CASES = [
    # source, reads, writes
    ("y = x + 1", ["x"], ["y"]),
    ("x += 1", ["x"], ["x"]),
    ("x = 1\nx += y", ["y"], ["x"]),
    ("a = b = c", ["c"], ["a", "b"]),
    ("(a, [b, *c]) = d", ["d"], ["a", "b", "c"]),
    ("a.b = c", ["c", "a"], []),
    ("a[i] = c", ["c", "a", "i"], []),
    ("a.b += 1", ["a"], []),
    ("x: int = y", ["y"], ["x"]),
    ("x: Kind", ["Kind"], []),
    ("import a.b, c as d\nfrom e import f as g, h", [], ["a", "d", "g", "h"]),
    ("from m import *", [], ["*"]),
    ("from __future__ import annotations\nx: Kind = 1", [], ["annotations", "x"]),
    ("print(len(x), undefined)", ["x", "undefined"], []),
    ("[x for x in xs if p(x)]", ["xs", "p"], []),
    ("x = [x + y for y in ys]", ["ys", "x"], ["x"]),
    ("{k: v for k, v in d.items() for w in k}", ["d"], []),
    ("[[a for a in b] for b in c]", ["c"], []),
    ("any((last := n) > m for n in ns)", ["ns", "m"], ["last"]),
    ("[y := f(x), y**2]", ["f", "x"], ["y"]),
    ("total = sum(x for x in xs)\nprint(total)", ["xs"], ["total"]),
    ("f = lambda a, b=c, *d, e=g, **h: a + i", ["c", "g", "i"], ["f"]),
    ("def f(a, b=c) -> R:\n    z = a\n    return z + w", ["c", "R", "w"], ["f"]),
    ("def f(): return g()\ndef g(): return 1", [], ["f", "g"]),
    ("def f(): return x\nx = 1", [], ["f", "x"]),
    ("y = x\ndef f(): return x\nx = 1", ["x"], ["y", "f", "x"]),
    ("@deco(arg)\ndef f(): pass", ["deco", "arg"], ["f"]),
    ("def f():\n    global g\n    g = h", ["h"], ["g", "f"]),
    ("def f():\n    n = 1\n    def g():\n        nonlocal n\n        n += m\n    return g", ["m"], ["f"]),
    ("def f():\n    def g(): return inner + outer\n    inner = 1\n    return g", ["outer"], ["f"]),
    ("class A(B, metaclass=M):\n    x = y\n    z = x\n    def f(self): return x", ["B", "M", "y", "x"], ["A"]),
    ("class A:\n    x: Kind = 1", ["Kind"], ["A"]),
    ("class A:\n    x = x", ["x"], ["A"]),
    ("class A:\n    def f(self): return A", [], ["A"]),
    ("@deco\nclass A: pass", ["deco"], ["A"]),
    ("class A:\n    class B:\n        y = z\n    w = B", ["z"], ["A"]),
    ("def f():\n    class A:\n        x = y\n        z = x\n    return A", ["y"], ["f"]),
    ("try:\n    x = f()\nexcept E as e:\n    print(e)\n    x = None\nprint(x)", ["f", "E"], ["x"]),
    ("try:\n    import a\nexcept ImportError:\n    a = None", [], ["a"]),
    ("try:\n    x\nexcept* E as e:\n    e", ["x", "E"], []),
    ("e = 1\ntry: f()\nexcept E as e: pass", ["f", "E"], ["e"]),
    ("with open(p) as f, g() as (a, b): f.read(a)", ["p", "g"], ["f", "a", "b"]),
    ("for i, j in pairs:\n    k = i\nprint(k, i)", ["pairs"], ["i", "j", "k"]),
    ("while (n := next_one()):\n    if n > limit: break\nelse:\n    m = n", ["next_one", "limit"], ["n", "m"]),
    ("if a:\n    x = 1\nelse:\n    x = b\nx", ["a", "b"], ["x"]),
    ("if a:\n    x = 1\nelse:\n    y = x", ["a", "x"], ["x", "y"]),
    ("for a in b:\n    print(c)\n    c = a", ["b", "c"], ["a", "c"]),
    ("match p:\n    case P(x=a, y=[b, *c]) if q(a): r = a\n    case {0: d, **e}: pass\n    case K.V: e\n    case f: f",
     ["p", "P", "q", "K"], ["a", "b", "c", "r", "d", "e", "f"]),
    ("x = await get(url)\nasync for a in b: pass\nasync with c as d: pass", ["get", "url", "b", "c"], ["x", "a", "d"]),
    ("y = [await f(x) async for x in xs]", ["xs", "f"], ["y"]),
    ("global x\nx = y", ["y"], ["x"]),
    ("assert ok, message", ["ok", "message"], []),
    ("raise Kind(x) from y", ["Kind", "x", "y"], []),
    ("f'{x!r:>{w}}'", ["x", "w"], []),
    ("if False:\n    x = y", [], ["x"]),
    ("print(__name__, __file__)", [], []),
    ("def f(xs): return [x for x in xs if x in limit]", ["limit"], ["f"]),
    ("x[a:b, ...]", ["x", "a", "b"], []),
    ("", [], []),
]  # fmt: skip


@pytest.mark.parametrize(("source", "reads", "writes"), CASES)
def test_reads_and_writes_of_a_block(source, reads, writes):
    found = free_names(source)
    if "if False" in source:
        reads = [*found.reads]  # dead code may or may not count
    assert sorted(found.reads) == sorted(reads)
    assert list(found.writes) == writes or sorted(found.writes) == sorted(writes)


@pytest.mark.parametrize(("source", "reads", "writes"), CASES)
def test_a_tree_gives_what_its_text_gives(source, reads, writes):
    tree = compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert free_names(tree) == free_names(source)


def test_names_come_in_the_order_of_their_use():
    found = free_names("c = b(a)\nd = e\nclass F: g = h")
    assert found.reads == ("b", "a", "e", "h")
    assert found.writes == ("c", "d", "F")


def test_deleted_names_are_not_defined():
    assert free_names("x = 1\ndel x") == FreeNames(reads=(), writes=(), deletes=("x",))
    found = free_names("del y\ny")
    assert (found.reads, found.writes, found.deletes) == (("y",), (), ("y",))


def test_names_that_only_some_ways_define_are_told_apart():
    found = free_names("for row in rows:\n    last = row\nprint(last)")
    assert (found.reads, found.conditional) == (("rows",), ("last",))
    found = free_names("if a:\n    x = 1\nprint(x)")
    assert (found.reads, found.conditional) == (("a",), ("x",))
    found = free_names("try:\n    x = f()\nfinally:\n    print(x)\nprint(x)")
    assert (found.reads, found.conditional) == (("f",), ("x",))
    assert free_names("if a:\n    x = 1\nelse:\n    raise E\nprint(x)").conditional == ()


def test_builtins_are_listed_apart_so_that_a_shadowed_one_is_found():
    found = free_names("print(sum(x))")
    assert (found.reads, found.builtins) == (("x",), ("print", "sum"))
    assert free_names("input = 1\nprint(input)").builtins == ("print",)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are syntax of Python 3.12")
@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("def f[T: Bound](x: T) -> Out: return helper(x)", ["Bound", "Out", "helper"], ["f"]),
        ("class A[T](Base[T]):\n    def f(self) -> T: return g", ["Base", "g"], ["A"]),
        ("type Pair[T] = tuple[T, Other]", ["Other"], ["Pair"]),
    ],
)
def test_type_parameters_are_their_own_scope(source, reads, writes):
    found = free_names(source)
    assert (sorted(found.reads), list(found.writes)) == (sorted(reads), writes)


def test_text_that_is_not_python_says_so():
    with pytest.raises(SyntaxError):
        free_names("x = = 1")


def test_what_ipython_adds_to_the_builtins_of_a_kernel_is_no_builtin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.display", print, raising=False)
    found = free_names("display(len([]))")
    assert (found.reads, found.builtins) == (("display",), ("len",))
