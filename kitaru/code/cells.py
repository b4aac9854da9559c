"""Names that a block of code, such as a notebook cell, needs from outside and defines for others."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kitaru.code.bytecode import NameUse, name_uses, runs_at_once
from kitaru.code.canonical import parse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

# Every module has them; nobody defines them in a cell.
_MODULE_NAMES = frozenset({"__name__", "__file__", "__doc__", "__builtins__", "__annotations__", "__qualname__"})

OF_IPYTHON = frozenset({"display", "get_ipython", "__IPYTHON__", "_"})
"""What IPython adds to the builtins of a kernel's process; elsewhere nobody has it."""


def is_builtin(name: str) -> bool:
    """Whether every Python process has a name, and not only a kernel's.

    Examples
    --------
    >>> is_builtin("len"), is_builtin("display")
    (True, False)
    """
    return name in _MODULE_NAMES or (hasattr(builtins, name) and name not in OF_IPYTHON)


@dataclass(frozen=True, slots=True)
class FreeNames:
    """Names that a block of code needs, defines and deletes.

    Attributes
    ----------
    reads
        Names that must come from outside, in order of their first use; builtins are left out.
    writes
        Names that may be defined once the block has run, in order; ``"*"`` for ``from module import *``.
    deletes
        Names that the block deletes, in order.
    conditional
        Names that are read after only some ways through the block (``if``, ``try``, loops) have defined them.
    builtins
        Names that mean a builtin unless somebody defined them before, in order.

    Examples
    --------
    >>> free_names("total = sum(prices) + tax").reads
    ('prices', 'tax')
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    deletes: tuple[str, ...]
    conditional: tuple[str, ...] = ()
    builtins: tuple[str, ...] = ()


def free_names(source_or_ast: str | ast.AST) -> FreeNames:
    r"""Find the names that a block of code takes from outside, defines and deletes.

    Names inside a function are needed when it is called, so whatever the block defines anywhere serves them.

    Parameters
    ----------
    source_or_ast
        A cell's text (cell magics transformed before; top-level ``await`` is allowed) or an AST of it.

    Returns
    -------
    FreeNames
        Reads, writes and deletes at module level.

    Raises
    ------
    SyntaxError
        If the text is not Python.

    Examples
    --------
    >>> found = free_names("rows = clean(raw)\ndef show(): return rows, style")
    >>> found.reads, found.writes
    (('clean', 'raw', 'style'), ('rows', 'show'))
    """
    tree = parse(source_or_ast) if isinstance(source_or_ast, str) else source_or_ast
    block = _Block(_has_future_annotations(tree))
    block.run(_statements(tree))
    return block.result()


def _statements(tree: ast.AST) -> list[ast.stmt]:
    if isinstance(tree, ast.Module | ast.Interactive):
        return tree.body
    if isinstance(tree, ast.Expression):
        return [ast.Expr(tree.body)]
    return [tree if isinstance(tree, ast.stmt) else ast.Expr(tree)]  # type: ignore[arg-type]  # any other node is an expression


def _has_future_annotations(tree: ast.AST) -> bool:
    return any(
        isinstance(s, ast.ImportFrom) and s.module == "__future__" and any(a.name == "annotations" for a in s.names)
        for s in _statements(tree)
    )


class _Block:
    """Follows the flow of control; what each simple statement reads and binds, Python's own compiler says."""

    def __init__(self, future_annotations: bool) -> None:
        import __future__

        self.flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        if future_annotations:
            self.flags |= __future__.annotations.compiler_flag
        self.sure: set[str] = set()
        self.maybe: set[str] = set()
        self.conditional: dict[str, None] = {}
        self.reads: dict[str, None] = {}
        self.later: dict[str, None] = {}
        self.writes: dict[str, None] = {}
        self.deletes: dict[str, None] = {}

    def result(self) -> FreeNames:
        # Inside functions a name is looked up when they are called: then the whole block has run.
        needed = [*self.reads, *(n for n in self.later if n not in self.writes and n not in self.reads)]
        needed = [name for name in needed if name not in _MODULE_NAMES]
        return FreeNames(
            reads=tuple(name for name in needed if not is_builtin(name)),
            writes=tuple(self.writes),
            deletes=tuple(self.deletes),
            conditional=tuple(name for name in self.conditional if name not in self.reads),
            builtins=tuple(name for name in needed if is_builtin(name)),
        )

    def run(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            method = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if method is None:
                self._leaf(statement)
            else:
                method(statement)

    # Compound statements ---------------------------------------------------------------------------------------

    def _if(self, statement: ast.If) -> None:
        self._expression(statement.test)
        self._branches(self._state(), [statement.body, statement.orelse])

    def _while(self, statement: ast.While) -> None:
        self._expression(statement.test)
        self._loop(statement, self._state())

    def _for(self, statement: ast.For | ast.AsyncFor) -> None:
        self._expression(statement.iter)
        before = self._state()
        self._bind(statement.target)
        self._loop(statement, before)

    _asyncfor = _for

    def _loop(self, statement: ast.For | ast.AsyncFor | ast.While, before: _State) -> None:
        self.run(statement.body)
        self._join([before, self._state()])
        self._branches(self._state(), [statement.orelse, []])

    def _with(self, statement: ast.With | ast.AsyncWith) -> None:
        for item in statement.items:
            self._expression(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars)
        self.run(statement.body)

    _asyncwith = _with

    def _try(self, statement: ast.Try) -> None:
        before = self._state()
        self.run(statement.body)
        failed = _State(before.sure & self.sure, self.maybe | before.maybe)
        self.run(statement.orelse)
        ends = [self._state()]
        for handler in statement.handlers:
            self._enter(failed)
            self._handler(handler)
            if not _jumps(handler.body):
                ends.append(self._state())
        # The final block also runs after an exception that nobody handles; what follows it does not.
        self._join([*ends, failed])
        deleted = set(self.sure)
        self.run(statement.finalbody)
        deleted -= self.sure
        complete = set.intersection(*(end.sure for end in ends))
        self.sure |= complete - deleted

    _trystar = _try

    def _handler(self, handler: ast.ExceptHandler) -> None:
        if handler.type is not None:
            self._expression(handler.type)
        known = handler.name in self.writes
        if handler.name is not None:
            self._enter(_State(self.sure | {handler.name}, self.maybe | {handler.name}))
        self.run(handler.body)
        if handler.name is not None:
            # Python deletes the name at the end of the handler.
            self._forget(handler.name)
            if known:
                self.writes.setdefault(handler.name)

    def _match(self, statement: ast.Match) -> None:
        self._expression(statement.subject)
        ends: list[_State] = []
        for case in statement.cases:
            head = ast.match_case(pattern=case.pattern, guard=case.guard, body=[ast.Pass()])
            # A later case is tried after an earlier pattern may have bound some names.
            before = self._state()
            self._leaf(ast.Match(subject=ast.Constant(None), cases=[head]))
            tried = _State(before.sure, self.maybe | before.maybe)
            self.run(case.body)
            if not _jumps(case.body):
                ends.append(self._state())
            self._enter(tried)
        last = statement.cases[-1]
        total = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
        self._join([*ends, *([] if total and ends else [self._state()])])

    def _branches(self, before: _State, bodies: list[list[ast.stmt]]) -> None:
        ends: list[_State] = []
        jumped: set[str] = set()
        for body in bodies:
            self._enter(before)
            self.run(body)
            if _jumps(body):
                jumped |= self.maybe
            else:
                ends.append(self._state())
        self._join(ends or [before])
        self.maybe |= jumped

    def _state(self) -> _State:
        return _State(set(self.sure), set(self.maybe))

    def _enter(self, state: _State) -> None:
        self.sure, self.maybe = set(state.sure), set(state.maybe)

    def _join(self, states: list[_State]) -> None:
        self.sure = set.intersection(*(state.sure for state in states))
        self.maybe = set.union(*(state.maybe for state in states))

    # Simple statements -----------------------------------------------------------------------------------------

    def _break(self, statement: ast.Break) -> None:
        """Jumps name nothing, and do not compile outside of their loop."""

    _continue = _break

    def _importfrom(self, statement: ast.ImportFrom) -> None:
        if statement.names[0].name == "*":
            self.writes["*"] = None
            return
        # Not compiled, because an import from __future__ is refused anywhere but at the top.
        for alias in statement.names:
            self._store(alias.asname or alias.name)

    def _expression(self, node: ast.expr) -> None:
        self._leaf(ast.Expr(node))

    def _bind(self, target: ast.expr) -> None:
        self._leaf(ast.Assign(targets=[target], value=ast.Constant(None)))

    def _leaf(self, statement: ast.stmt) -> None:
        module = ast.fix_missing_locations(ast.Module(body=[statement], type_ignores=[]))
        code = compile(module, "<cell>", "exec", self.flags, dont_inherit=True, optimize=0)
        for use in name_uses(code):
            self._apply(use, set(), code)

    def _apply(self, use: NameUse, local: set[str], code: CodeType) -> None:
        if use.inner is not None:
            self._enter_code(use.inner)
        elif use.how in ("name", "global"):
            if use.name not in local:
                self._read(use.name)
        elif code.co_name != "<module>" and use.how in ("store", "delete"):
            local.add(use.name)
        elif use.how in ("store", "store_global"):
            self._store(use.name)
        elif use.how == "delete":
            self._remove(use.name)

    def _enter_code(self, code: CodeType) -> None:
        local: set[str] = set()
        if runs_at_once(code):
            for use in name_uses(code):
                self._apply(use, local, code)
            return
        self._defer(code)

    def _defer(self, code: CodeType) -> None:
        local: set[str] = set()
        for use in name_uses(code):
            if use.inner is not None:
                self._defer(use.inner)
            elif use.how in ("name", "global") and use.name not in local:
                self.later.setdefault(use.name)
            elif use.how == "store":
                local.add(use.name)
            elif use.how == "store_global":
                self.writes.setdefault(use.name)

    def _read(self, name: str) -> None:
        if name in self.sure:
            return
        (self.conditional if name in self.maybe else self.reads).setdefault(name)

    def _store(self, name: str) -> None:
        self.sure.add(name)
        self.maybe.add(name)
        self.writes.setdefault(name)

    def _remove(self, name: str) -> None:
        self._read(name)
        self._forget(name)
        self.deletes.setdefault(name)

    def _forget(self, name: str) -> None:
        self.sure.discard(name)
        self.maybe.discard(name)
        self.writes.pop(name, None)


class _State(NamedTuple):
    sure: set[str]
    maybe: set[str]


def _jumps(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Raise | ast.Continue | ast.Break)
