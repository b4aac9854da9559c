"""What a cell that is a flow means: which statements are definitions, and which are the flow's body.

Imports, classes and functions of the cell run at module level; its functions become checkpoints, unless their name
begins with an underscore, they are generators, or they have a decorator of their own. An assignment that they read,
and that reads nothing of the body, stays with them, and so does what only prepares the notebook
(``%matplotlib inline``). All other statements are the body, and its last expression is the result. A variable of the
notebook that the body reads, and that is no parameter, becomes a keyword parameter with the variable's value as its
default.
"""

from __future__ import annotations

import ast
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kitaru.code.canonical import dotted_name, parse
from kitaru.code.cells import free_names
from kitaru.code.flow_line import FlowLine, Parameter, parse_flow_line
from kitaru.code.magic_calls import is_setting_up
from kitaru.code.segments import Segment, indented, segments
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.Lambda, ast.ClassDef)
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.ClassDef, *_FUNCTIONS)


@dataclass(frozen=True, slots=True)
class FlowCell:
    r"""A cell that is a flow, analysed and not run.

    Attributes
    ----------
    line
        The options of its first line.
    source
        Its Python text; the first line, where the magic stood, is blank, so that line numbers are the cell's.
    definitions
        The statements that run at module level, in the order of the cell.
    body
        The statements of the flow, in the order of the cell.
    checkpoints
        Names of the cell's own functions that become checkpoints, in the order of the cell.
    needs
        Names that the body reads from outside of the cell and that are no parameters, in order of their use.
    is_async
        Whether the body awaits something.

    Examples
    --------
    >>> cell = flow_cell("count -p top=3", "def words(text): return text.split()\nwords(text)[:top]")
    >>> cell.checkpoints, cell.needs
    (('words',), ('text',))
    """

    line: FlowLine
    source: str
    definitions: tuple[Segment, ...]
    body: tuple[Segment, ...]
    checkpoints: tuple[str, ...]
    needs: tuple[str, ...]
    is_async: bool

    def signature(self, captured: Sequence[str] = ()) -> str:
        """Write the first line of the flow's function.

        Parameters
        ----------
        captured
            Those of `needs` that are variables of the notebook: not functions, classes, modules or missing.

        Returns
        -------
        str
            For example ``def research(topic: str = "cats", *, rows=rows):``.
        """
        parameters = [parameter.text for parameter in _required_first(self.line.parameters)]
        taken = [f"{name}={name}" for name in captured]
        text = ", ".join([*parameters, *(["*", *taken] if taken else [])])
        return f"{'async ' if self.is_async else ''}def {self.line.name}({text}):"

    def definitions_text(self) -> str:
        """Write the module-level part of the cell, each statement on its line of the cell."""
        return _on_their_lines([(segment, segment.code) for segment in self.definitions])

    def function_text(self, captured: Sequence[str] = ()) -> str:
        """Write the flow's function, each statement on its line of the cell and the signature on the first.

        Compiled, it has the same identity as the function of the exported script.

        Parameters
        ----------
        captured
            As for `signature`.

        Returns
        -------
        str
            Source text of one function.
        """
        placed = [(segment, indented(code)) for segment, code in self.statements()]
        return self.signature(captured) + _on_their_lines(placed)

    def function_tree(self, captured: Sequence[str] = ()) -> ast.Module:
        """Give the function of `function_text` with every statement at its place in the cell.

        What is compiled from it is the same code; a traceback points at what was written, down to the column.

        Parameters
        ----------
        captured
            As for `signature`.

        Returns
        -------
        ast.Module
            With one function.
        """
        tree = parse(self.function_text(captured))
        function = tree.body[0]
        assert isinstance(function, _FUNCTIONS)
        function.body = [_returned(segment.node) if self._is_result(segment) else segment.node for segment in self.body]
        return tree

    def script_text(self, captured: Sequence[str] = ()) -> str:
        """Write the flow's function for a script: with its comments, and without the lines of the definitions.

        Parameters
        ----------
        captured
            As for `signature`.

        Returns
        -------
        str
            Source text of one function, without a decorator.
        """
        lines = [self.signature(captured)]
        for segment, code in self.statements():
            comments = segment.above.strip("\n").split("\n") if segment.above.strip() else []
            blank = [""] if segment.above.startswith("\n") and segment is not self.body[0] else []
            after = segment.after.replace("\n", "\n    ")
            lines += [*blank, *(f"    {line}".rstrip() for line in comments), indented(code) + after]
        return "\n".join(lines)

    def statements(self) -> Iterator[tuple[Segment, str]]:
        """Give the statements of the body and their code, the last expression as what is returned."""
        for segment in self.body:
            yield segment, f"return {segment.code}" if self._is_result(segment) else segment.code

    def _is_result(self, segment: Segment) -> bool:
        return segment is self.body[-1] and isinstance(segment.node, ast.Expr)


def flow_cell(line: str, body: str, *, magic: str = "%%kitaru_flow") -> FlowCell:
    r"""Analyse a cell that is a flow.

    Parameters
    ----------
    line
        What follows ``%%kitaru_flow`` on the cell's first line.
    body
        The rest of the cell as Python: IPython's magics and ``!`` lines are calls already.
    magic
        What the cell begins with, for messages.

    Returns
    -------
    FlowCell
        What it defines, and what it needs.

    Raises
    ------
    KitaruUsageError
        If the cell cannot be a flow; the message names the line of the cell.
    SyntaxError
        If the rest of the cell is not Python; its line number is the cell's.

    Examples
    --------
    >>> cell = flow_cell("research -p topic='cats'", "import re\nfound = find(topic)\nfound[0]")
    >>> print(cell.function_text(["find"]))
    def research(topic: str = 'cats', *, find=find):
    <BLANKLINE>
        found = find(topic)
        return found[0]
    """
    options = replace(parse_flow_line(line), magic=magic)
    source = "\n" + io.StringIO(body, newline=None).read()
    parts = segments(source)
    _check_statements(options, parts)
    parameters = {parameter.name for parameter in options.parameters}
    definitions, statements = _divided(parts, parameters)
    defined = set(free_names(_module(definitions)).writes)
    _check(options, statements, defined)
    _check_reach(options, definitions, statements, parameters)
    names = free_names(_module(statements))
    return FlowCell(
        line=options,
        source=source,
        definitions=tuple(definitions),
        body=tuple(statements),
        checkpoints=tuple(
            segment.node.name
            for segment in definitions
            if isinstance(segment.node, _FUNCTIONS)
            and segment.node.name not in options.plain
            and (becomes_checkpoint(segment.node) or segment.node.name in options.checkpoints)
        ),
        needs=tuple(n for n in (*names.reads, *names.conditional) if n not in parameters | defined),
        is_async=any(_awaits(segment.node) for segment in statements),
    )


def becomes_checkpoint(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    r"""Whether a function that a flow's cell defines becomes a checkpoint without being named.

    Parameters
    ----------
    function
        A definition at the top level of the cell.

    Returns
    -------
    bool
        False for decorated functions, generators, and names that begin with an underscore.

    Examples
    --------
    >>> [becomes_checkpoint(node) for node in ast.parse("def load(): pass\ndef _clean(): pass").body]
    [True, False]
    """
    return (
        not function.name.startswith("_")
        and not function.decorator_list
        and not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(function.body))
    )


def is_marked(function: ast.FunctionDef | ast.AsyncFunctionDef, kind: str) -> bool:
    r"""Whether a function has Kitaru's decorator ``flow`` or ``checkpoint``, as far as its name tells.

    Parameters
    ----------
    function
        A definition.
    kind
        ``"flow"`` or ``"checkpoint"``.

    Returns
    -------
    bool
        True for ``@flow``, ``@kitaru.flow(...)``.

    Examples
    --------
    >>> is_marked(ast.parse("@kitaru.flow(retries=1)\ndef f(): pass").body[0], "flow")
    True
    """
    return any(dotted_name(decorator) in (kind, f"kitaru.{kind}") for decorator in function.decorator_list)


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Walk through code without what runs later: the inside of functions, lambdas and classes.

    Parameters
    ----------
    body
        Statements or expressions.

    Yields
    ------
    ast.AST
        Every node that runs when the code does.

    Examples
    --------
    >>> [type(node).__name__ for node in own_nodes(ast.parse("def f(): return 1").body)]
    ['FunctionDef']
    """
    for node in body:
        yield node
        if not isinstance(node, _SCOPES):
            yield from own_nodes(ast.iter_child_nodes(node))


def _divided(parts: list[Segment], parameters: set[str]) -> tuple[list[Segment], list[Segment]]:
    definitions = [part for part in parts if _is_definition(part.node)]
    body = [part for part in parts if not _is_definition(part.node)]
    # A client or a table that functions of the cell read is made once, before the flow runs: not by a checkpoint.
    functions = {part.node.name for part in definitions if isinstance(part.node, _FUNCTIONS)}
    settings = _settings(body, parts, parameters | functions)
    stays = [part for part in body if part not in settings]
    settings = [part for part in settings if not _is_used_above(part, stays, definitions)]
    read = set(free_names(_module(definitions)).reads)
    while found := [part for part in settings if not read.isdisjoint(free_names(part.node).writes)]:
        settings = [part for part in settings if part not in found]
        body = [part for part in body if part not in found]
        read.update(free_names(_module(found)).reads)
    return [part for part in parts if part not in body], body


def _settings(body: list[Segment], parts: list[Segment], parameters: set[str]) -> list[Segment]:
    """Find the assignments that need neither a parameter nor any other statement of the body."""
    settings = [part for part in body if _assigns_names(part.node) and _set_once(part.node, parts)]
    while True:
        local = parameters | set(free_names(_module([part for part in body if part not in settings])).writes)
        kept = [part for part in settings if local.isdisjoint(_reads(part.node))]
        if len(kept) == len(settings):
            return kept
        settings = kept


def _is_used_above(setting: Segment, body: list[Segment], definitions: list[Segment]) -> bool:
    """Whether the body calls, above an assignment, a function that reads what it sets: there it is another value."""
    reads = {name: _reads(part.node) for part in definitions for name in free_names(part.node).writes}
    reached: set[str] = set()
    pending = set(free_names(_module([part for part in body if part.line < setting.line])).reads)
    while pending:
        reached |= pending
        pending = {name for one in pending for name in reads.get(one, ())} - reached
    return not reached.isdisjoint(free_names(setting.node).writes)


def _reads(node: ast.stmt) -> set[str]:
    names = free_names(node)
    return {*names.reads, *names.conditional}


def _assigns_names(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None or _awaits(node):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return all(isinstance(target, ast.Name) for target in targets)


def _is_definition(node: ast.stmt) -> bool:
    """Whether a statement only defines; ``if`` and ``try`` do where they only choose among imports."""
    if isinstance(node, ast.If | ast.Try):
        inner = [*node.body, *node.orelse, *getattr(node, "finalbody", ())]
        inner += [statement for handler in getattr(node, "handlers", ()) for statement in handler.body]
        imports = any(isinstance(s, ast.Import | ast.ImportFrom) for s in inner)
        return imports and all(_is_definition(s) or isinstance(s, ast.Pass) or _constant_name(s) for s in inner)
    return isinstance(node, _DEFINITIONS) or type(node).__name__ == "TypeAlias" or is_setting_up(node)


def _constant_name(node: ast.stmt) -> str:
    """Name that a statement sets to a literal, or ``""``."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    else:
        return ""
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ""
    return target.id if isinstance(target, ast.Name) else ""


def _set_once(node: ast.stmt, parts: list[Segment]) -> bool:
    written = [name for part in parts for name in free_names(part.node).writes]
    return all(written.count(name) == 1 for name in free_names(node).writes)


def _module(parts: list[Segment]) -> ast.Module:
    return ast.Module(body=[part.node for part in parts], type_ignores=[])


def _check_statements(options: FlowLine, parts: list[Segment]) -> None:
    for part in parts:
        for node in own_nodes([part.node]):
            where = f"{options.magic} {options.name}, line {getattr(node, 'lineno', part.line)}"
            if isinstance(node, ast.Return):
                is_flow = options.magic == "%%kitaru_flow"
                advice = "Make the value the last line of the cell." if is_flow else "Assign the value to a variable."
                raise KitaruUsageError(f"{where}: a cell has no return. {advice}")
            if isinstance(node, ast.Yield | ast.YieldFrom):
                raise KitaruUsageError(f"{where}: a cell does not yield. Collect the values in a list.")
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and node is not part.node:
                raise KitaruUsageError(
                    f"{where}: from {node.module} import * stands inside of a block. Import the names that you use."
                )


def _check(options: FlowLine, body: list[Segment], defined: set[str]) -> None:
    where = f"{options.magic} {options.name}"
    if options.name in defined:
        raise KitaruUsageError(f"{where}: the cell defines {options.name} too. Give one of them another name.")
    if not body:
        raise KitaruUsageError(
            f"{where}: the cell only defines things. Add the statements that call them: they are the flow's body."
        )


def _check_reach(options: FlowLine, definitions: list[Segment], body: list[Segment], parameters: set[str]) -> None:
    """Refuse functions that read what only the body knows: they run on their own, as checkpoints do."""
    local = set(free_names(_module(body)).writes)
    for part in definitions:
        names = free_names(part.node).reads
        for name in names:
            if name not in local | parameters:
                continue
            owner = getattr(part.node, "name", None)
            what = "a parameter of the flow" if name in parameters else "a variable of the flow's body"
            elsewhere = "" if name in parameters else f", or set {name} in another cell"
            advice = f"Pass it as an argument: {owner}({name}){elsewhere}." if owner else "Use another name."
            raise KitaruUsageError(
                f"{options.magic} {options.name}, line {part.line}: {f'{owner}()' if owner else 'this line'} reads "
                f"{name}, which is {what}. {advice}"
            )


def _returned(node: ast.stmt) -> ast.stmt:
    assert isinstance(node, ast.Expr)
    return ast.copy_location(ast.Return(node.value), node)


def _awaits(node: ast.stmt) -> bool:
    return any(
        isinstance(inner, ast.Await | ast.AsyncFor | ast.AsyncWith)
        or (isinstance(inner, ast.comprehension) and bool(inner.is_async))
        for inner in own_nodes([node])
    )


def _required_first(parameters: Iterable[Parameter]) -> list[Parameter]:
    return sorted(parameters, key=lambda parameter: parameter.default is not None)


def _on_their_lines(placed: list[tuple[Segment, str]]) -> str:
    """Put code on the lines of the cell that it came from; what stood on the same line is joined by semicolons."""
    text, line = "", 1
    for segment, code in placed:
        if segment.line == line and text.strip():
            text += "; " + code.lstrip()
        else:
            text += "\n" * (segment.line - line) + code
        line = segment.last_line
    return text + "\n"
