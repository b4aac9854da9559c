"""What a flow needs of its notebook: the transitive closure over names, and in which order."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from kitaru.code.canonical import normalised
from kitaru.code.cells import is_builtin
from kitaru.code.magic_calls import installed_by, magic_calls
from kitaru.export.notebook import KEEP
from kitaru.export.problems import Kind, Problem, problem
from kitaru.export.program import syntax_problems
from kitaru.export.statements import (
    Role,
    Statement,
    annotation_names,
    awaits,
    calls_something,
    root_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.export.program import Program

_NOTEBOOK_NAMES = re.compile(r"display|get_ipython|In|Out|exit|quit|_+|_i+|_i?\d+|_dh|_ih|_oh")
_PARTIAL = (Role.LOOP, Role.WITH, Role.BLOCK, Role.CALL)


class Slice:
    """The statements that some flows need.

    Parameters
    ----------
    program
        The notebook.
    flows
        Names of the flows.

    Attributes
    ----------
    statements
        What the script holds, in its order.
    problems
        What keeps it from being written, and notes.
    """

    def __init__(self, program: Program, flows: list[str]) -> None:
        self.program = program
        self.problems: list[Problem] = list(program.problems)
        self._order = {id(statement): index for index, statement in enumerate(program.statements)}
        self._chosen: dict[int, Statement] = {}
        roots = [program.flows[name] for name in flows]
        self._last = max((self._order[id(root)] for root in roots), default=0)
        kept = [statement for statement in program.statements if KEEP in statement.cell.tags]
        for root in [*roots, *kept]:
            self._take(root)
        self._note_what_is_left()
        self.statements = self._ordered()

    # What is needed --------------------------------------------------------------------------------------------

    def _take(self, root: Statement) -> None:
        pending = [root]
        while pending:
            statement = pending.pop()
            if id(statement) in self._chosen:
                continue
            self._chosen[id(statement)] = statement
            self._check_statement(statement)
            for name in self._needs(statement):
                pending += self._definition(name, statement)

    def _needs(self, statement: Statement) -> Iterator[str]:
        yield from dict.fromkeys(statement.reads())
        sites = self.program.sites
        # A builtin that some cell redefines is the redefined one; what annotations name may be looked up by libraries.
        optional = {*statement.names.builtins, *annotation_names(statement.node)} - set(statement.reads())
        yield from sorted(name for name in optional if name in sites)

    def _definition(self, name: str, user: Statement) -> list[Statement]:
        sites = [site for site in self.program.sites.get(name, ()) if site is not user or site.role is not Role.FLOW]
        if not sites:
            self._missing(name, user)
            return []
        # `df = df.dropna()` in a later cell goes on with what is there; it is no other definition.
        later = [site for site in sites if name in site.names.reads and site is not sites[0]]
        sites = [site for site in sites if site not in later]
        if len({site.cell for site in sites}) > 1:
            if len({_binding(site.node, name) for site in sites}) == 1:
                sites = sites[:1]
            else:
                self._several(name, sites)
                return []
        for site in sites:
            self._check_site(name, site, user)
        return [*sites, *self._changes(name, sites, later, user)]

    def _changes(
        self, name: str, sites: list[Statement], later: list[Statement], user: Statement
    ) -> Iterator[Statement]:
        for statement in self.program.statements:
            if (name not in statement.changes and statement not in later) or statement in sites:
                continue
            here = statement.cell is sites[0].cell
            if not here and self._order[id(statement)] > self._last:
                continue
            if statement.role is Role.DEFINITION and not self.program.is_data(name):
                continue  # a module's decorator changes nothing; an agent's tells it of a tool
            if statement in later:
                self._check_site(name, statement, user)
            if statement.role in _PARTIAL and not _is_plain_call(statement.node):
                self._running(name, statement, user)
            else:
                yield statement

    # What is wrong ---------------------------------------------------------------------------------------------

    def _missing(self, name: str, user: Statement) -> None:
        if is_builtin(name):
            return
        if _NOTEBOOK_NAMES.fullmatch(name):
            if name != "get_ipython":  # told as the magic that it is
                self._add(Kind.DISPLAY, user, _line_of(user, name), user=user.title, name=name)
            return
        stars = self.program.sites.get("*", ())
        for star in stars:
            assert isinstance(star.node, ast.ImportFrom)
            self._add(Kind.STAR, star, star.line, user=user.title, name=name, module=star.node.module)
        if not stars:
            self._add(Kind.MISSING, user, _line_of(user, name), user=user.title, name=name)
            self.problems += syntax_problems(self.program)

    def _several(self, name: str, sites: list[Statement]) -> None:
        places = _listed([f"{site.cell.label}, line {site.line}" for site in sites])
        first = sites[0]
        self._add(Kind.SEVERAL, first, first.line, name=name, places=places)

    def _check_site(self, name: str, site: Statement, user: Statement) -> None:
        if site is user:
            return
        if site.result is not None:
            self._add(Kind.RESULT, site, site.line, name=name, flow=site.result, user=user.title)
        elif site.role in _PARTIAL or (site.role is Role.DATA and awaits(site.node)):
            self._running(name, site, user)

    def _running(self, name: str, site: Statement, user: Statement) -> None:
        how = "an await" if site.role is Role.DATA else site.role.value
        self._add(Kind.RUNNING, site, site.line, name=name, how=how, user=user.title)

    def _check_statement(self, statement: Statement) -> None:
        for node, shift in statement.nodes():
            for text, name, line in magic_calls(node):
                if installed_by(text) is None:
                    facts = {"user": statement.title, "magic": text, "remedy": _remedy(text, name)}
                    self._add(Kind.MAGIC, statement, line + shift, **facts)
        for name in _widgets(statement.node):
            self._add(Kind.DISPLAY, statement, statement.line, user=statement.title, name=name)

    def _note_what_is_left(self) -> None:
        needed = {name for statement in self._chosen.values() for name in statement.names.writes}
        last = {statement.cell: statement for statement in self.program.statements}
        for statement in self.program.statements:
            if (
                id(statement) in self._chosen
                or self._order[id(statement)] > self._last
                or not isinstance(statement.node, ast.Expr)
            ):
                continue
            text = statement.code.split("\n")[0]
            setting = _setting(self.program, statement.node)
            if setting is not None:
                self._add(Kind.NOTE_SETTING, statement, statement.line, text=text, remedy=setting)
                continue
            name = _object_of_call(statement.node)
            if name in needed and self.program.is_data(name) and last[statement.cell] is not statement:
                self._add(Kind.NOTE_CALL, statement, statement.line, text=text, name=name)
        for cell, error in self.program.broken:
            self.problems.append(problem(Kind.NOTE_SYNTAX, cell, error.lineno, message=error.msg))

    def _add(self, kind: Kind, statement: Statement, line: int | None, **facts: object) -> None:
        self.problems.append(problem(kind, statement.cell, line, **facts))

    # In which order --------------------------------------------------------------------------------------------

    def _ordered(self) -> list[Statement]:
        """Keep the notebook's order, but for what must be there before: people run cells out of order."""
        chosen = sorted(self._chosen.values(), key=lambda statement: self._order[id(statement)])
        makers: dict[str, list[Statement]] = {}
        for statement in chosen:
            for name in {*statement.names.writes, *statement.changes}:
                makers.setdefault(name, []).append(statement)
        done: dict[int, Statement] = {}
        open_: set[int] = set()

        def place(statement: Statement) -> None:
            if id(statement) in done or id(statement) in open_:
                return
            open_.add(id(statement))
            for name in self._before(statement, makers):
                earlier = [one for one in makers[name] if self._order[id(one)] < self._order[id(statement)]]
                for maker in earlier or makers[name]:
                    place(maker)
            open_.discard(id(statement))
            done[id(statement)] = statement

        for statement in chosen:
            place(statement)
        placed = list(done.values())
        self._check_order(placed, makers)
        return placed

    def _before(self, statement: Statement, makers: dict[str, list[Statement]]) -> list[str]:
        names = {name for name in {*statement.eager, *statement.changes} if name in makers}
        if calls_something(statement.node) and statement.role is not Role.FLOW:
            # What is called now needs now what else it reads: a function, a class, or a table that holds some.
            pending = list(names)
            while pending:
                name = pending.pop()
                for maker in makers[name]:
                    if maker is not statement and name in maker.names.writes and maker.role is not Role.FLOW:
                        fresh = {name for name in maker.reads() if name in makers} - names
                        names |= fresh
                        pending += fresh
        return sorted(names)

    def _check_order(self, placed: list[Statement], makers: dict[str, list[Statement]]) -> None:
        places = {id(statement): index for index, statement in enumerate(placed)}
        for statement in placed:
            for name in statement.eager:
                first = min((places[id(maker)] for maker in makers.get(name, ())), default=-1)
                if first > places[id(statement)]:
                    chain = f"{statement.title} needs {name}, and {name} needs {statement.title}"
                    self._add(Kind.LOOP, statement, statement.line, name=statement.title, chain=chain)


def _binding(node: ast.stmt, name: str) -> str:
    """Tell what a statement binds to a name, so that the same import in two cells is no conflict."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if (alias.asname or alias.name.partition(".")[0]) == name:
                return f"import {alias.name if alias.asname else name}"
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if (alias.asname or alias.name) == name:
                return f"from {'.' * node.level}{node.module} import {alias.name}"
    return normalised(node)


def _line_of(user: Statement, name: str) -> int:
    for node, shift in user.nodes():
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id == name:
                return inner.lineno + shift
    return user.line


def _is_plain_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not awaits(node)


def _widgets(node: ast.stmt) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            modules = [alias.name for alias in inner.names]
        elif isinstance(inner, ast.ImportFrom):
            modules = [inner.module or ""]
        else:
            continue
        yield from (module for module in modules if module.partition(".")[0] in ("ipywidgets", "anywidget"))


def _remedy(text: str, name: str) -> str:
    if name in ("env", "set_env"):
        return "Set the variable where the script runs."
    if name == "cd":
        return "Use paths that begin at Path(__file__).parent, or start the script in that folder."
    if not name:
        command = text[1:].split()
        return f"Use subprocess.run([{', '.join(repr(word) for word in command)}], check=True)."
    return "Write it in Python."


def _setting(program: Program, node: ast.stmt) -> str | None:
    """Advice for a call that sets something up for the whole process, or None."""
    assert isinstance(node, ast.Expr)
    for _, name, _ in magic_calls(node):
        return _remedy("", name) if name in ("env", "set_env", "cd") else None
    call = node.value
    if not isinstance(call, ast.Call):
        return None
    if program.is_kitaru(call, "configure"):
        return "Say it in [tool.kitaru], by KITARU_ variables, or tag the cell kitaru:export."
    called = ast.unparse(call.func)
    if called in ("load_dotenv", "dotenv.load_dotenv", "os.chdir", "sys.path.append", "sys.path.insert"):
        return "Set it where the script runs, or tag the cell kitaru:export."
    return None


def _object_of_call(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        return root_name(node.value.func) or ""
    return ""


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and in {parts[-1]}"
