"""``%%kitaru_flow``: define the flow of a cell, start it or attach to it, and show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruUsageError
from kitaru.notebook import attach
from kitaru.notebook.define import define_flow, read_cell, whole_cell
from kitaru.notebook.errors import interrupt
from kitaru.notebook.following import follow
from kitaru.notebook.live import announced
from kitaru.notebook.say import say, warn_once
from kitaru.runtime.parameters import fit

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.client.models import Execution
    from kitaru.code import FlowCell
    from kitaru.runtime.flow import Flow
    from kitaru.runtime.handle import FlowHandle

_cells: dict[str, str] = {}
"""Which cell of this kernel defined the flow of a name."""


def run_flow_cell(shell: InteractiveShell, line: str, cell: str) -> None:
    """Define the cell's flow; run it, unless the line says not to."""
    raw, below = whole_cell(shell, f"%%kitaru_flow {line}", cell)
    read = read_cell(shell, line, below)
    _one_cell_a_name(shell, read.line.name)
    if not read.line.run:
        flow = _define(shell, read, raw)
        say(f"{flow.name} is defined. Start it with {flow.name}.run({_arguments(flow)}).")
        return
    try:
        with announced(read.line.name) as place:
            handle = start(_define(shell, read, raw), new=read.line.new)
    except KeyboardInterrupt:
        name = read.line.name
        raise interrupt(f"{name} was being started. %kitaru list --flow {name} shows whether it runs.") from None
    follow(shell, handle, detach=read.line.detach, output=read.line.output, place=place)


def _define(shell: InteractiveShell, cell: FlowCell, raw: str) -> Flow[..., Any]:
    flow, notes = define_flow(shell, cell, raw)
    for note in notes:
        warn_once(note)
    return flow


def start(flow: Flow[..., Any], *, new: bool) -> FlowHandle[Any]:
    """Attach to the unfinished execution of this code with these parameters, or start one."""
    from kitaru.client import KitaruClient

    arguments = _given_values(flow)
    client = KitaruClient()
    if not new:
        candidates = attach.unfinished(client, flow)
        found = attach.same(client, flow, arguments, candidates)
        if found is not None:
            handle = attach.attach(client, flow, found)
            say(f"Attached to {found.exec_id}, which is {found.status.value}; --new starts another execution.")
            return handle
        _tell_of_earlier(candidates)
    started: FlowHandle[Any] = flow.run(**arguments)
    return started


def _one_cell_a_name(shell: InteractiveShell, name: str) -> None:
    """Warn where two different cells define a flow of the same name: the later one takes the name."""
    cell_id = _cell_id(shell)
    if cell_id is None:
        return
    before = _cells.get(name)
    if before not in (None, cell_id):
        warn_once(
            f"Another cell of this notebook defines a flow {name} too. This cell's takes the name; give one of them "
            "another name."
        )
    _cells[name] = cell_id


def _cell_id(shell: InteractiveShell) -> str | None:
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    found = (parent.get("metadata") or {}).get("cellId")
    return None if found is None else str(found)


def _given_values(flow: Flow[..., Any]) -> dict[str, Any]:
    """Take the values of the cell's line, each converted to its type."""
    parameters = flow.signature.parameters
    missing = [name for name, parameter in parameters.items() if parameter.default is parameter.empty]
    if missing:
        raise KitaruUsageError(
            f"%%kitaru_flow {flow.name}: {', '.join(missing)} has no value. Write -p {missing[0]}=…, or --no-run to "
            "define the flow only."
        )
    given = f"%%kitaru_flow {flow.name}: -p "
    return {name: fit(flow, name, parameter.default, given) for name, parameter in parameters.items()}


def _tell_of_earlier(candidates: list[Execution]) -> None:
    if not candidates:
        return
    one = candidates[0]
    stays = f"it stays: %kitaru resume {one.exec_id}" if one.status == "interrupted" else "it goes on"
    say(f"{one.exec_id} of {one.flow_name} is {one.status.value}, with other code or parameters; {stays}.")


def _arguments(flow: Flow[..., Any]) -> str:
    shown = [f"{p.name}=…" for p in flow.signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    return ", ".join(shown)
