from __future__ import annotations

import ast
import io
import keyword
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitaru.code import normalised

PROGRAMS = [
    """\
@retry(times=3)
def step(text, *rest, scale: float = 2.5, **options):
    words = [w.strip() for w in text.split(",") if w not in {"a", b"b"}]
    total = 0
    for index, word in enumerate(words, start=1):
        if index < 10 and not word.isdigit():
            total += index * scale ** -1
        elif (size := len(word)) >= 3:
            continue
        else:
            break
    else:
        total = total // 2 or rest[0][1:-1:2]
    with open(f"{text!r:>{scale}}.txt", "a") as file, lock:
        file.write("x" if total else "y")
    return {"total": total, **options}
""",
    """\
class Model(Base, metaclass=Meta):
    limit: int = 3
    names = ("a", "b")

    @property
    def size(self):
        global counter
        counter = lambda x, /, y=1, *, z=2: x @ y % z
        try:
            assert self.limit > 1, "small"
        except (KeyError, ValueError) as error:
            raise RuntimeError("bad") from error
        finally:
            del self.cache["k"]
        return self.limit is not None

    async def run(self, source):
        async for item in source:
            yield await item
        async with self.lock:
            print(*[x async for x in source], sep="")
""",
    """\
match command:
    case {"kind": "move", "to": [x, y, *rest], **others} if x > 1:
        result = x, y
    case Point(x=0) | None | "z":
        result = ~x << 2 | 1 & 0xFF ^ 3
    case _:
        result = ...
""",
]
OTHER_OPERATOR = {
    "+": "-", "-": "+", "*": "/", "//": "%", "%": "//", "**": "//", "<": "<=", ">": ">=", "<=": "<", ">=": ">",
    "+=": "-=", "<<": ">>", "|": "^", "&": "^", "^": "&", "@": "+",
}  # fmt: skip
OTHER_KEYWORD = {"and": "or", "or": "and", "break": "continue", "continue": "break", "True": "False", "None": "True"}


def tokens_of(program):
    """Tokens, with each f-string as one, as before Python 3.12."""
    out, start = [], None
    for token in tokenize.generate_tokens(io.StringIO(program).readline):
        name = tokenize.tok_name[token.type]
        if name == "FSTRING_START":
            start = token
        elif name == "FSTRING_END":
            text = token.line[start.start[1] : token.end[1]]
            out.append(tokenize.TokenInfo(tokenize.STRING, text, start.start, token.end, token.line))
            start = None
        elif start is None:
            out.append(token)
    return out


def with_noise(program, choose):
    """Write the same program with other white space, comments and line breaks inside brackets."""
    out, depth, at_start = [], 0, True
    for token in tokens_of(program):
        if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.NL, tokenize.COMMENT):
            continue
        if token.type == tokenize.NEWLINE:
            out.append(choose(["\n", "  # note\n", "\n\n", "\n# note\n", "\n        # deep\n"]))
            at_start = True
            continue
        if at_start:
            out.append(token.line[: len(token.line) - len(token.line.lstrip())])
            at_start = False
        else:
            out.append(choose([" ", "\n", " # in\n   ", "   "] if depth else [" ", "  ", " \\\n "]))
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        out.append(token.string)
    return "".join(out)


@st.composite
def noisy(draw):
    program = draw(st.sampled_from(PROGRAMS))
    return program, with_noise(program, draw(st.randoms(use_true_random=True)).choice)


@st.composite
def mutated(draw):
    """Change one token into another of its kind."""
    program = draw(st.sampled_from(PROGRAMS))
    lines = program.splitlines(keepends=True)
    choices = [(t, _other(t)) for t in tokens_of(program) if _other(t) is not None]
    token, replacement = draw(st.sampled_from(choices))
    row, start, end = token.start[0] - 1, token.start[1], token.end[1]
    lines[row] = lines[row][:start] + replacement + lines[row][end:]
    return program, "".join(lines)


def _other(token):
    if token.type == tokenize.NAME:
        if keyword.iskeyword(token.string):
            return OTHER_KEYWORD.get(token.string)
        return None if token.string in ("match", "case", "_") else token.string + "_"
    if token.type == tokenize.NUMBER:
        return token.string + "1" if not token.string.endswith(".5") else token.string + "5"
    if token.type == tokenize.STRING:
        return token.string[:-1] + "!" + token.string[-1]
    return OTHER_OPERATOR.get(token.string) if token.type == tokenize.OP else None


@given(noisy())
def test_formatting_comments_and_white_space_leave_no_trace(pair):
    program, variant = pair
    assert normalised(variant) == normalised(program)


@given(mutated())
def test_any_changed_token_shows(pair):
    program, variant = pair
    try:
        ast.parse(variant)
    except SyntaxError:
        return
    assert normalised(variant) != normalised(program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_printed_anew_is_the_same(program):
    assert normalised(ast.unparse(ast.parse(program))) == normalised(program)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("def f():\n    'Doc.'\n    return 1", "def f(): return 1"),
        ("class A:\n    'Doc.'", "class A: pass"),
        ("'Module.'\nx = 1", "x = 1"),
        ("def f():\n    pass\n    return 1", "def f(): return 1"),
        ("def f() -> int: return 1", "def f(): return 1"),
        ("def f():\n    x: int = 1\n    return x", "def f():\n    x = 1\n    return x"),
        ("x = 'a' 'b'", "x = 'ab'"),
        ("x = f'a{y}' 'b'", "x = f'a{y}b'"),
        ("x = f'{y:}'", "x = f'{y}'"),
        ("x = 1_000", "x = 0x3E8"),
        ("x = u'a'", "x = 'a'"),
        ("x = (((1), (2)))", "x = 1, 2"),
        ("@flow\ndef f(): return 1", "def f(): return 1"),
        ("@kitaru.flow(retries=1, name='f')\ndef f(): return 1", "@kitaru.flow\ndef f(): return 1"),
        ("@checkpoint(retries=1)\n@cached\ndef f(): return 1", "@cached\n@checkpoint\ndef f(): return 1"),
        ("class A:\n    @kitaru.checkpoint\n    def f(self): return 1", "class A:\n    def f(self): return 1"),
        ("    x = 1\n    y = '''a\n b'''", "x = 1\ny = 'a\\n b'"),
        ("x = y # type: int", "x = y"),
        ("x = 1; y = 2", "x = 1\ny = 2"),
        ("r'\\d'", "'\\\\d'"),
    ],
)
def test_what_means_the_same_is_the_same(one, same):
    assert normalised(one) == normalised(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(x: int): return x", "def f(x: str): return x"),
        ("class A:\n    x: int", "class A:\n    x: str"),
        ("class A:\n    x: int = 1", "class A:\n    x = 1"),
        ("@cached\ndef f(): return 1", "def f(): return 1"),
        ("@prefect.flow\ndef f(): return 1", "def f(): return 1"),
        ("@a\n@b\ndef f(): return 1", "@b\n@a\ndef f(): return 1"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 0.1", "x = 0.10000000000000002"),
        ("x = 'a'", "x = b'a'"),
        ("x = [1]", "x = (1,)"),
        ("x = 'é'", "x = 'e\u0301'"),
        ("x = f'{y!r}'", "x = f'{y!s}'"),
        ("x = f'{y:>3}'", "x = f'{y}'"),
        ("x = '{y}'", "x = f'{y}'"),
        ("from a import b", "from .a import b"),
        ("def f(): x", "async def f(): x"),
        ("def f(x, /): x", "def f(x): x"),
        ("[x for x in y]", "(x for x in y)"),
        ("{**a, 'b': 1}", "{'b': 1, **a}"),
        ("return_ = 1", "return_ = None"),
        ("match x:\n    case None: y", "match x:\n    case True: y"),
        ("try: x\nexcept A: y", "try: x\nexcept* A: y"),
        ("a < b < c", "(a < b) < c"),
        ("'text'\n'text'", "'text'"),
    ],
)
def test_what_means_something_else_differs(one, other):
    assert normalised(one) != normalised(other)


def test_very_long_numbers_and_odd_characters_have_a_text():
    assert "0x" in normalised("x = " + hex(1 << 40_000))
    assert normalised("x = '\\ud800'") != normalised("x = '\\ud801'")
    assert normalised("x = 'é'").isascii()


def test_top_level_await_is_allowed():
    assert "Await" in normalised("await x")


def test_text_that_is_not_python_says_so():
    with pytest.raises(SyntaxError):
        normalised("%matplotlib inline")


def test_a_node_and_its_source_agree():
    assert normalised(ast.parse("x = 1")) == normalised("x  =  1")
