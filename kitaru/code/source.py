"""Source of a function as it was written, checked against the code that really runs."""

from __future__ import annotations
import __future__

import ast
import functools
import linecache
import weakref
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from kitaru.code.bytecode import nested, reads_of
from kitaru.code.canonical import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

type_of_definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_FUTURES = functools.reduce(int.__or__, (getattr(__future__, n).compiler_flag for n in __future__.all_feature_names))
_trees: dict[str, tuple[list[str], list[type_of_definition]]] = {}


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a function was written.

    Attributes
    ----------
    node
        The ``def`` or ``lambda``.
    lines
        The lines that the node's line numbers refer to.
    """

    node: type_of_definition
    lines: list[str]

    def text(self) -> str:
        """Source text of the definition with its decorators, dedented.

        Returns
        -------
        str
            For a lambda, the expression alone.
        """
        node = self.node
        if isinstance(node, ast.Lambda):
            return ast.get_source_segment("".join(self.lines), node) or ""
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        assert node.end_lineno is not None
        return _dedented(self.lines[first - 1 : node.end_lineno], node, first)


def function_file(cell: str) -> str:
    """Name the text, in `linecache`, of the function that the body of a cell became.

    The code of that function has the lines of the cell, for tracebacks and the debugger; its definition is not there.

    Parameters
    ----------
    cell
        Name of the cell's own text.

    Returns
    -------
    str
        A name of no file.

    Examples
    --------
    >>> function_file("<cell 1>")
    '<cell 1> as a function'
    """
    return f"{cell} as a function"


def source_of(fn: object) -> str | None:
    """Source text of a function as written, decorators included, dedented.

    Works for modules, notebook cells, and any code whose text is in `linecache`. Text that no longer fits the
    running code (the file was edited after the import) is not returned.

    Parameters
    ----------
    fn
        A function, a bound method, a `functools.partial`, or a decorated function with ``__wrapped__``.

    Returns
    -------
    str or None
        None where there is no source: built-in functions, ``python -c``, the plain interactive prompt.

    Examples
    --------
    >>> from textwrap import dedent
    >>> print(source_of(dedent).splitlines()[0])
    def dedent(text):
    >>> source_of(len) is None
    True
    """
    function = innermost(fn)
    definition = None if function is None else definition_of(function)
    return None if definition is None else definition.text()


def innermost(fn: object) -> FunctionType | None:
    """Get the plain function inside of methods, partials and ``__wrapped__``.

    Parameters
    ----------
    fn
        Any callable.

    Returns
    -------
    FunctionType or None
        None for what is not written in Python.

    Examples
    --------
    >>> import functools
    >>> def double(x): return 2 * x
    >>> innermost(functools.partial(double, 1)) is double
    True
    """
    seen: set[int] = set()
    current: Any = fn
    while id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, functools.partial):
            current = current.func
        elif isinstance(current, MethodType | staticmethod | classmethod):
            current = current.__func__
        else:
            current = getattr(current, "__dict__", {}).get("__wrapped__", current)
    return current if isinstance(current, FunctionType) else None


_definitions: weakref.WeakKeyDictionary[FunctionType, tuple[CodeType, Definition | None]] = weakref.WeakKeyDictionary()


def definition_of(fn: FunctionType) -> Definition | None:
    """Find the definition of a plain function; remembered for as long as the function lives.

    Parameters
    ----------
    fn
        A function written in Python.

    Returns
    -------
    Definition or None
        None if no text is known whose compilation gives the function's code.

    Examples
    --------
    >>> import textwrap
    >>> definition_of(textwrap.dedent).node.name
    'dedent'
    """
    known = _definitions.get(fn)
    if known is None or known[0] is not fn.__code__:
        known = _definitions[fn] = (fn.__code__, _find(fn.__code__, fn.__globals__))
    return known[1]


def _find(code: CodeType, namespace: dict[str, Any]) -> Definition | None:
    lines = linecache.getlines(code.co_filename, namespace)
    found = _search(code, lines) or _search(code, linecache.getlines(function_file(code.co_filename)))
    if found is None and lines:
        # The text may be older than the code (a reloaded module); another look at the file tells.
        linecache.checkcache(code.co_filename)
        fresh = linecache.getlines(code.co_filename)
        found = _search(code, fresh) if fresh != lines else None
    return found


def _search(code: CodeType, lines: list[str]) -> Definition | None:
    if not lines:
        return None
    if code.co_name != "<lambda>" and code.co_firstlineno <= len(lines):
        block = _block(code, lines)
        if block is not None and _compiles_to(block.node, code, exact=False):
            return block
    everything = [d for d in _all_definitions(code.co_filename, lines) if _name(d) == code.co_name]
    for exact in (True, False):
        for node in sorted(everything, key=lambda d: abs(d.lineno - code.co_firstlineno)):
            if _compiles_to(node, code, exact=exact):
                return Definition(node, lines)
    return None


def _block(code: CodeType, lines: list[str]) -> Definition | None:
    # Parsing the definition's own lines spares parsing a large module; a wrong cut never parses.
    start = code.co_firstlineno - 1
    first = lines[start]
    indent = len(first) - len(first.lstrip())
    end = max((line for c in nested(code) for _, _, line in c.co_lines() if line), default=start + 1)
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent):
        end += 1
    own = lines[start:end]
    try:
        body = parse("".join(own)).body
    except (SyntaxError, ValueError):
        return None
    if (
        len(body) != 1
        or not isinstance(body[0], ast.FunctionDef | ast.AsyncFunctionDef)
        or body[0].name != code.co_name
    ):
        return None
    return Definition(body[0], ["if 1:\n", *own] if indent else own)


def _all_definitions(filename: str, lines: list[str]) -> list[type_of_definition]:
    known = _trees.get(filename)
    if known is None or known[0] is not lines:
        try:
            tree: ast.AST = parse("".join(lines))
        except (SyntaxError, ValueError):
            tree = ast.Module([], [])
        if len(_trees) > 64:
            _trees.clear()
        known = _trees[filename] = (lines, [n for n in ast.walk(tree) if isinstance(n, _DEFINITIONS)])
    return known[1]


def _name(node: type_of_definition) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


def _compiles_to(node: type_of_definition, code: CodeType, *, exact: bool) -> bool:
    return any(same_code(candidate, code, exact) for candidate in _compiled(node, code))


def _compiled(node: type_of_definition, code: CodeType) -> Iterator[CodeType]:
    """Compile the definition inside the scopes that give its names the same meaning as in the original."""
    statement: ast.stmt = ast.Expr(node) if isinstance(node, ast.Lambda) else _undecorated(node)
    class_name = _enclosing_class(code.co_qualname)
    body = [statement]
    if class_name is not None:
        body = [ast.ClassDef(name=class_name, bases=[], keywords=[], body=body, decorator_list=[], type_params=[])]  # type: ignore[call-arg,unused-ignore]  # type_params: 3.12
    free = [name for name in code.co_freevars if not (name == "__class__" and class_name is not None)]
    if free:
        arguments = ast.parse(f"def scope({', '.join(free)}): pass").body[0]
        assert isinstance(arguments, ast.FunctionDef)
        arguments.body = body
        body = [arguments]
    imports = [ast.alias(name=name) for name in sorted(reads_of(code).imported)]
    if imports:
        body = [ast.Import(names=imports), *body]
    module = ast.Module(body=body, type_ignores=[])
    _locate(module, statement)
    try:
        compiled = compile(module, code.co_filename, "exec", code.co_flags & _FUTURES, dont_inherit=True)
    except (SyntaxError, ValueError):
        return
    for candidate in nested(compiled):
        if candidate.co_name == code.co_name:
            yield candidate


def _locate(node: ast.AST, inside: ast.stmt) -> None:
    # ast.fix_missing_locations would walk the user's nodes too, and they have their places.
    if node is not inside:
        for child in ast.iter_child_nodes(node):
            _locate(child, inside)
    if isinstance(node, ast.stmt | ast.arg | ast.alias) and not hasattr(node, "lineno"):
        node.lineno = node.end_lineno = 1
        node.col_offset = node.end_col_offset = 0


def _undecorated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
    copied = type(node)(**{field: getattr(node, field) for field in node._fields if hasattr(node, field)})
    copied.decorator_list = []
    return ast.copy_location(copied, node)


def _enclosing_class(qualname: str) -> str | None:
    parts = qualname.split(".")
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] != "<locals>" and parts[index + 1] != "<locals>":
            return parts[index]
    return None


def same_code(left: CodeType, right: CodeType, exact: bool = False) -> bool:
    """Whether two code objects do the same; `exact` asks for the same places in the text, too."""
    if any(name.startswith("@") for name in right.co_varnames + right.co_names):
        # Such names come from a tool that rewrites what it imports (pytest's asserts): the text is still the source.
        return left.co_varnames[: left.co_argcount] == right.co_varnames[: right.co_argcount]
    if left.co_code != right.co_code or left.co_names != right.co_names or left.co_varnames != right.co_varnames:
        return False
    if len(left.co_consts) != len(right.co_consts) or (exact and [*left.co_positions()] != [*right.co_positions()]):
        return False
    return all(
        same_code(a, b, False) if isinstance(a, CodeType) and isinstance(b, CodeType) else _same_constant(a, b)
        for a, b in zip(left.co_consts, right.co_consts, strict=True)
    )


def _same_constant(left: object, right: object) -> bool:
    return type(left) is type(right) and (left == right or repr(left) == repr(right))


def _dedented(lines: list[str], node: ast.AST, first: int) -> str:
    indent = len(lines[0]) - len(lines[0].lstrip())
    kept: set[int] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str | bytes)):
            assert part.end_lineno is not None
            kept.update(range(part.lineno - first + 1, part.end_lineno - first + 1))
    # Inside a multi-line string white space is part of the value.
    return "".join(
        line if index in kept or line[:indent].strip() else line[indent:] or "\n" for index, line in enumerate(lines)
    )
