"""From the text of a cell to functions: the cell's definitions run in the notebook, its body becomes a function."""

from __future__ import annotations

import builtins
import types
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from kitaru.code import flow_cell, function_file, looks_secret, remember_sources
from kitaru.code.cells import OF_IPYTHON
from kitaru.errors import KitaruUsageError
from kitaru.notebook.errors import cell_number
from kitaru.runtime.checkpoint import Checkpoint, spec_of
from kitaru.runtime.flow import Flow, flow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.code import FlowCell
    from kitaru.code.flow_line import Parameter

_NOT_VALUES = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
    type,
    Checkpoint,
    Flow,
)


def read_cell(shell: InteractiveShell, line: str, cell: str) -> FlowCell:
    """Analyse a cell as it was typed; magics in its body become the calls that IPython makes of them.

    Parameters
    ----------
    shell
        The shell of the notebook.
    line
        What follows the magic's name.
    cell
        The lines below it.

    Returns
    -------
    FlowCell
        Not run yet.

    Raises
    ------
    KitaruUsageError
        If the line or the cell cannot be a flow.
    SyntaxError
        If the cell is not Python; line and text are the cell's.
    """
    return flow_cell(line, as_python(shell, cell))


def as_python(shell: InteractiveShell, cell: str) -> str:
    """Turn magics into the calls that IPython makes of them; every line stays where it is."""
    lines = cell.split("\n")
    # IPython drops the blank lines at the top, and every number of a line would be off.
    above = next((number for number, line in enumerate(lines) if line.strip()), 0)
    return "\n" * above + str(shell.transform_cell("\n".join(lines[above:])))


def whole_cell(shell: InteractiveShell, head: str, cell: str) -> tuple[str, str]:
    """Tell the text of the cell as the front end has it, and the lines below the magic numbered as they are there.

    Parameters
    ----------
    shell
        The shell of the notebook; a kernel's knows the message that brought the cell.
    head
        The magic and what follows it.
    cell
        The lines below it.
    """
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    sent = str((parent.get("content") or {}).get("code") or "")
    start = sent.find(head.split(" ", 1)[0])
    if start < 0 or not sent.rstrip("\n").endswith(cell.rstrip("\n")):
        return f"{head}\n{cell}", cell
    return sent, "\n" * sent.count("\n", 0, start) + cell


def define_flow(shell: InteractiveShell, cell: FlowCell, raw: str) -> tuple[Flow[..., Any], list[str]]:
    """Run the cell's definitions in the notebook, and make its body a flow that is bound to its name.

    Parameters
    ----------
    shell
        The shell of the notebook.
    cell
        The analysed cell.
    raw
        The whole text of the cell.

    Returns
    -------
    Flow
        Equal to one that is made by decorators.
    list of str
        What should be said about variables that do not survive a restart of the kernel.
    """
    run_definitions(shell, cell, raw)
    for name in (*cell.checkpoints, *cell.line.checkpoints):
        _make_checkpoint(shell.user_ns, name)
    captured, notes = capture(shell.user_ns, cell, cell.line.name)
    function = compile_function(shell, cell, raw, captured)
    options = {"retries": cell.line.retries, "cache": cell.line.cache, "stack": cell.line.stack}
    made: Flow[..., Any] = flow(**options)(function)  # type: ignore[arg-type]
    shell.user_ns[cell.line.name] = made
    return made, notes


def run_definitions(shell: InteractiveShell, cell: FlowCell, raw: str) -> None:
    """Run what the cell defines at module level: imports, classes, functions and their constants."""
    name = _remember(shell, raw, cell.source)
    exec(compile(cell.definitions_text(), name, "exec", _futures(shell), dont_inherit=True), shell.user_ns)  # noqa: S102 -- the user's own cell


def compile_function(shell: InteractiveShell, cell: FlowCell, raw: str, captured: Sequence[str]) -> Callable[..., Any]:
    """Make the cell's body a function of the notebook's namespace, whose lines are the cell's."""
    name = _remember_body(shell, cell, raw, captured)
    code = compile(cell.function_tree(captured), name, "exec", _futures(shell), dont_inherit=True)
    before = shell.user_ns.get(cell.line.name)
    try:
        exec(code, shell.user_ns)  # noqa: S102 -- as above
    except Exception:
        # A signature is all that runs here; each of its parts says whether it was that.
        for parameter in cell.line.parameters:
            _check_parameter(shell.user_ns, cell, parameter)
        raise
    function: Callable[..., Any] = shell.user_ns.pop(cell.line.name)
    if before is not None:
        shell.user_ns[cell.line.name] = before
    return function


def _check_parameter(namespace: dict[str, Any], cell: FlowCell, parameter: Parameter) -> None:
    for expression in filter(None, (parameter.annotation, parameter.default)):
        try:
            eval(expression, dict(namespace))  # noqa: S307 -- as above
        except Exception as error:
            raise KitaruUsageError(
                f"{cell.line.magic} {cell.line.name}: {expression} of -p {parameter.name} cannot be evaluated: "
                f"{type(error).__name__}: {error}. Mend it, or run the cell first that defines what it needs."
            ) from None


def capture(namespace: dict[str, Any], cell: FlowCell, where: str) -> tuple[list[str], list[str]]:
    """Tell which variables of the notebook become inputs, and what to say about those that cannot.

    A secret is read as the variable that it is: inputs are recorded in the clear.

    Raises
    ------
    KitaruUsageError
        If the body reads a name that nothing defines.
    """
    captured, notes = [], []
    for name in cell.needs:
        if name not in namespace:
            if name in OF_IPYTHON:
                continue
            raise KitaruUsageError(_missing(name, cell, namespace))
        value = namespace[name]
        if isinstance(value, _NOT_VALUES):
            continue
        if looks_secret(name, value):
            notes.append(
                f"{where} reads {name}, which looks like a secret: its value is not recorded. After a restart of the "
                f"kernel, set {name} again before the execution goes on; elsewhere, set the environment variable "
                f"{name}."
            )
            continue
        problem = _unstorable(value)
        if problem is None:
            captured.append(name)
        else:
            notes.append(
                f"{where} reads {name} ({type(value).__name__}), which cannot be stored: {problem}. After a restart of "
                f"the kernel, define {name} again before the execution goes on."
            )
    return captured, notes


def _missing(name: str, cell: FlowCell, namespace: dict[str, Any]) -> str:
    line = next((s.line for s in cell.body if name in _names_in(s.node)), 1)
    near = get_close_matches(name, [*namespace, *dir(builtins)], 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    parameter = f", or make it a parameter: -p {name}=…" if cell.line.magic == "%%kitaru_flow" else "."
    return (
        f"{cell.line.magic} {cell.line.name}, line {line}: {name} is not defined.{hint} Define it in this cell or in "
        f"one that is run before{parameter}"
    )


def _names_in(node: Any) -> set[str]:
    import ast

    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _unstorable(value: Any) -> str | None:
    """Say why a value cannot be stored; only values that are known by their type alone are tried."""
    from kitaru.errors import KitaruSerializationError
    from kitaru.runtime.engine import engine
    from kitaru.runtime.values import digest, encode

    if digest(value) is not None:
        return None
    try:
        encode(value, engine().store.payloads)
    except KitaruSerializationError as error:
        return str(error).rstrip(".")
    return None


def _make_checkpoint(namespace: dict[str, Any], name: str) -> None:
    found = namespace.get(name)
    if isinstance(found, Checkpoint):
        return
    if not callable(found):
        known = sorted(key for key, value in namespace.items() if isinstance(value, types.FunctionType))
        near = get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        state = "not defined" if found is None else f"no function but {type(found).__name__}"
        raise KitaruUsageError(f"%%kitaru_flow --checkpoint {name}: {name} is {state}.{hint}")
    namespace[name] = Checkpoint(replace(spec_of(found, name), magic=True))


def _remember(shell: InteractiveShell, raw: str, text: str) -> str:
    """Keep the text where tracebacks and the analysis of functions look for it; return its file name."""
    name: str = shell.compile.cache(text, cell_number(shell), raw_code=raw)
    return name


def _remember_body(shell: InteractiveShell, cell: FlowCell, raw: str, captured: Sequence[str]) -> str:
    """Keep the cell's text for tracebacks of its body, and the text of the function that the body is."""
    # Not the name of the cell: IPython takes one that ends in .py for a file, and shows a function of it from there on
    # where it begins, which is no line of the cell.
    name = f"{_remember(shell, raw, cell.source)} ({cell.line.name})"
    remember_sources({name: cell.source, function_file(name): cell.function_text(captured)})
    shell.compile._filename_map[name] = cell_number(shell)  # noqa: SLF001 -- what gives a file the name In[1]
    return name


def _futures(shell: InteractiveShell) -> int:
    import __future__

    known = 0
    for feature in __future__.all_feature_names:
        known |= getattr(__future__, feature).compiler_flag
    return int(shell.compile.flags) & known
