"""A notebook as a program: its statements, its flows, and which of them defines what."""

from __future__ import annotations

import ast
import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kitaru.code.canonical import dotted_name
from kitaru.code.cells import free_names
from kitaru.code.checkpoint_cell import checkpoint_cell, outputs_of
from kitaru.code.flow_cell import FlowCell, flow_cell
from kitaru.code.flow_line import split_line
from kitaru.code.magic_calls import installed_by, magic_calls
from kitaru.code.segments import Segment, segments
from kitaru.errors import KitaruUsageError
from kitaru.export.inline_metadata import requirements_in
from kitaru.export.magics import CHECKPOINT, FLOW, CellText, read_cell
from kitaru.export.problems import Kind, Problem, problem
from kitaru.export.statements import (
    FUNCTIONS,
    Role,
    Statement,
    changes_of,
    eager_names,
    is_plain_data,
    names_of,
    role_of,
)

if TYPE_CHECKING:
    from kitaru.export.notebook import Cell, Notebook


@dataclass(slots=True)
class Program:
    """The statements of a notebook in its order.

    Attributes
    ----------
    statements
        All of them; a cell that is a flow gives its definitions and then its flow.
    sites
        For each name, the statements that bind it.
    flows
        For each flow, the statement that makes it; names are those of the variables.
    installs
        What ``%pip install`` lines ask for, with their cells.
    problems
        What was found on the way.
    broken
        Cells that are no Python, with what Python says.
    text_annotations
        Whether ``from __future__ import annotations`` holds.
    """

    statements: list[Statement] = field(default_factory=list)
    sites: dict[str, list[Statement]] = field(default_factory=dict)
    flows: dict[str, Statement] = field(default_factory=dict)
    installs: list[tuple[str, Cell, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    broken: list[tuple[Cell, SyntaxError]] = field(default_factory=list)
    text_annotations: bool = False
    checkpoint_cells: list[str] = field(default_factory=list)
    """Names of the checkpoints that cells are."""
    kitaru_names: dict[str, str] = field(default_factory=dict)
    """Names under which the notebook knows parts of Kitaru, such as ``{"durable": "kitaru.flow"}``."""

    def is_kitaru(self, expression: ast.expr, part: str) -> bool:
        """Whether an expression, called or not, is ``flow`` or ``checkpoint`` of Kitaru."""
        name = dotted_name(expression)
        if name is None:
            return False
        head, dot, rest = name.partition(".")
        known = self.kitaru_names.get(head)
        return known is not None and f"{known}{dot}{rest}" == f"kitaru.{part}"

    def is_taken_along(self, name: str) -> bool:
        """Whether a variable that a flow's body reads becomes a parameter: plain data does, a client does not."""
        return self.is_data(name) and all(is_plain_data(site.node) for site in self.sites[name])

    def is_data(self, name: str) -> bool:
        """Whether a name is a variable of the notebook: not a function, a class, a module or a flow."""
        sites = self.sites.get(name, ())
        return bool(sites) and not any(
            site.role in (Role.IMPORT, Role.DEFINITION, Role.FLOW)
            or site.result is not None
            or _is_function(site.node)
            or (site.role is Role.CHOICE and _chooses_code(site.node))
            for site in sites
        )


def read_program(notebook: Notebook) -> Program:
    """Cut a notebook into statements and find its flows.

    Parameters
    ----------
    notebook
        The notebook.

    Returns
    -------
    Program
        Its statements; problems are collected and not raised.
    """
    program = Program()
    texts = []
    for cell in notebook.cells:
        source, wanted = requirements_in(cell.source)
        program.installs += [(shlex.quote(word), cell, 1) for word in wanted]
        texts.append((cell, read_cell(source)))
    parsed = [(cell, text, _parsed(program, cell, text)) for cell, text in texts]
    _note_kitaru_names(program, [part for _, _, found in parsed for part in _parts(found)])
    for cell, text, found in parsed:
        if isinstance(found, FlowCell):
            add = _add_flow_cell if text.magic == FLOW else _add_checkpoint_cell
            add(program, cell, text, found)
        else:
            for part in found or ():
                _add(program, cell, part, text.shift)
    _mark_checkpoints(program)
    _find_flows(program)
    return program


def _parsed(program: Program, cell: Cell, text: CellText) -> FlowCell | list[Segment] | None:
    if text.python is None:
        if text.magic and text.magic in ("bash", "sh", "cmd", "!"):
            program.installs += [
                (wanted, cell, number)
                for number, line in enumerate(cell.source.splitlines(), 1)
                if (wanted := installed_by(line)) is not None
            ]
        return None
    try:
        if text.magic == FLOW:
            return flow_cell(text.line, text.python)
        if text.magic == CHECKPOINT:
            return checkpoint_cell(next(iter(split_line(text.line)), ""), text.python)
        return segments(text.python)
    except SyntaxError as error:
        program.broken.append((cell, error))
        if text.magic in (FLOW, CHECKPOINT):
            program.problems.append(_syntax_problem(cell, error, text.shift))
    except KitaruUsageError as error:
        program.problems.append(problem(Kind.CELL, cell, None, message=str(error)))
    return None


def _syntax_problem(cell: Cell, error: SyntaxError, shift: int = 0) -> Problem:
    line = None if error.lineno is None else error.lineno + shift
    return problem(Kind.SYNTAX, cell, line, message=f"Python cannot read it: {error.msg}")


def syntax_problems(program: Program) -> list[Problem]:
    """Name the cells that are no Python, for when something that they may define is missing."""
    return [_syntax_problem(cell, error) for cell, error in program.broken]


def _parts(found: FlowCell | list[Segment] | None) -> list[Segment]:
    return list(found.definitions) if isinstance(found, FlowCell) else found or []


def _note_kitaru_names(program: Program, parts: list[Segment]) -> None:
    for part in parts:
        for node in ast.walk(part.node) if not isinstance(part.node, (*FUNCTIONS, ast.ClassDef)) else ():
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.partition(".")[0] == "kitaru":
                        program.kitaru_names[alias.asname or "kitaru"] = alias.name if alias.asname else "kitaru"
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "kitaru":
                for alias in node.names:
                    for name in ("flow", "checkpoint") if alias.name == "*" else (alias.name,):
                        program.kitaru_names[alias.asname or name] = f"kitaru.{name}"
            elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
                program.text_annotations |= any(alias.name == "annotations" for alias in node.names)


def _add(program: Program, cell: Cell, part: Segment, shift: int, *, checkpoint: bool = False) -> None:
    node = part.node
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return
    line = part.line + shift
    for text, _, number in magic_calls(node):
        wanted = installed_by(text)
        if wanted is not None:
            program.installs.append((wanted, cell, number + shift))
    statement = Statement(
        cell=cell,
        line=line,
        node=node,
        code=part.code,
        above=part.above,
        after=part.after,
        role=role_of(node),
        names=names_of(node, text_annotations=program.text_annotations),
        eager=eager_names(node, text_annotations=program.text_annotations),
        checkpoint=checkpoint,
        changes=changes_of(node),
    )
    _enter(program, statement)


def _enter(program: Program, statement: Statement) -> None:
    program.statements.append(statement)
    for name in statement.names.writes:
        program.sites.setdefault(name, []).append(statement)


def _add_flow_cell(program: Program, cell: Cell, text: CellText, found: FlowCell) -> None:
    for part in found.definitions:
        made = getattr(part.node, "name", None) in found.checkpoints
        _add(program, cell, part, text.shift, checkpoint=made)
    statement = _flow_statement(cell, found, (), text.shift)
    _enter(program, statement)
    program.flows[found.line.name] = statement
    if found.line.output is not None:
        given = _result_statement(statement, ast.parse(f"{found.line.output} = None").body[0], found.line.name)
        _enter(program, given)


def _add_checkpoint_cell(program: Program, cell: Cell, text: CellText, found: FlowCell) -> None:
    for part in found.definitions:
        _add(program, cell, part, text.shift)
    statement = _flow_statement(cell, found, (), text.shift)
    statement.role, statement.checkpoint = Role.DEFINITION, True
    statement.options = _checkpoint_options(split_line(text.line))
    _enter(program, statement)
    name = found.line.name
    program.checkpoint_cells.append(name)
    for output in outputs_of(name, text.python or ""):
        if output not in {written for part in found.definitions for written in free_names(part.node).writes}:
            _enter(program, _result_statement(statement, ast.parse(f"{output} = None").body[0], name))


def _checkpoint_options(words: list[str]) -> str:
    given = [f"retries={words[words.index('--retries') + 1]}"] if "--retries" in words[:-1] else []
    given += ["cache=False"] if "--no-cache" in words else []
    given += ['runtime="isolated"'] if "--isolated" in words else []
    return ", ".join(given)


def add_flow_of_checkpoint(program: Program, name: str) -> str:
    """Add the flow that a checkpoint's cell is when it runs alone; return the name of its variable.

    Parameters
    ----------
    program
        The notebook.
    name
        Name of the checkpoint.

    Returns
    -------
    str
        The flow is recorded under the checkpoint's name, but in a script two things need two names.
    """
    made = next(
        statement for statement in program.statements if name in statement.names.writes and statement.checkpoint
    )
    assert isinstance(made.node, FUNCTIONS)
    inputs = [argument.arg for argument in made.node.args.kwonlyargs]
    is_async = isinstance(made.node, ast.AsyncFunctionDef)
    taken, given = (", ".join(f"{word}={word}" for word in inputs),) * 2
    variable = f"{name}_flow"
    code = f"{'async ' if is_async else ''}def {variable}({f'*, {taken}' if taken else ''}):\n"
    code += f"    return {'await ' if is_async else ''}{name}({given})"
    statement = _statement(made.cell, made.line, code, Role.FLOW)
    statement.options = f'name="{name}"'
    program.statements.insert(program.statements.index(made) + 1, statement)
    program.sites.setdefault(variable, []).append(statement)
    program.flows[variable] = statement
    return variable


def _result_statement(statement: Statement, node: ast.stmt, flow: str) -> Statement:
    """Make the statement that stands for the variable that takes a flow's result."""
    return Statement(
        cell=statement.cell,
        line=statement.line,
        node=node,
        code="",
        above="",
        after="",
        role=Role.CALL,
        names=names_of(node, text_annotations=False),
        eager=(),
        result=flow,
    )


def _flow_statement(cell: Cell, found: FlowCell, captured: tuple[str, ...], shift: int) -> Statement:
    statement = _statement(cell, shift + 1, found.script_text(captured), Role.FLOW)
    statement.flow_cell = found
    line = found.line
    options = {"retries": line.retries, "cache": line.cache, "stack": line.stack}
    statement.options = ", ".join(f"{name}={_literal(value)}" for name, value in options.items() if value is not None)
    return statement


def _statement(cell: Cell, line: int, code: str, role: Role) -> Statement:
    node = ast.parse(code).body[0]
    return Statement(
        cell=cell,
        line=line,
        node=node,
        code=code,
        above="",
        after="",
        role=role,
        names=names_of(node, text_annotations=False),
        eager=eager_names(node, text_annotations=False),
        is_made=True,
    )


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _mark_checkpoints(program: Program) -> None:
    """Make checkpoints of the functions that flows' cells name; then say which variables the cells take along."""
    for index, made in enumerate(program.statements):
        found = made.flow_cell
        if found is None:
            continue
        for wanted in found.line.checkpoints:
            for site in program.sites.get(wanted, ()):
                if isinstance(site.node, FUNCTIONS) and not _is_marked(program, site.node):
                    site.checkpoint = True
        captured = tuple(need for need in found.needs if program.is_taken_along(need))
        if not captured:
            continue
        changed = _flow_statement(made.cell, found, captured, made.line - 1)
        changed.role, changed.checkpoint, changed.options = made.role, made.checkpoint, made.options
        name = found.line.name
        program.statements[index] = changed
        program.sites[name][program.sites[name].index(made)] = changed
        if made.role is Role.FLOW:
            program.flows[name] = changed


def _is_marked(program: Program, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(program.is_kitaru(d, "checkpoint") or program.is_kitaru(d, "flow") for d in node.decorator_list)


def _find_flows(program: Program) -> None:
    for statement in program.statements:
        node = statement.node
        if isinstance(node, FUNCTIONS) and any(program.is_kitaru(d, "flow") for d in node.decorator_list):
            statement.role = Role.FLOW
            program.flows[node.name] = statement
        elif (
            isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name)
        ):
            maker: ast.expr = node.value
            while isinstance(maker, ast.Call):
                maker = maker.func
            if program.is_kitaru(maker, "flow"):
                statement.role = Role.FLOW
                program.flows[node.targets[0].id] = statement
    for statement in program.statements:
        if statement.role in (Role.DATA, Role.CALL):
            statement.result = statement.result or _flow_that_ran(program, statement.node)


def _flow_that_ran(program: Program, node: ast.stmt) -> str | None:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and inner.attr in ("run", "replay") and isinstance(inner.value, ast.Name):
            name = inner.value.id
            if name in program.flows:
                return name
    return None


def _is_function(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Lambda)


def _chooses_code(node: ast.stmt) -> bool:
    return any(isinstance(inner, (ast.Import, ast.ImportFrom, ast.ClassDef, *FUNCTIONS)) for inner in ast.walk(node))
