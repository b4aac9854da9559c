"""Which unfinished execution a flow's cell goes on with when it is run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.code.notebook import notebook_path
from kitaru.runtime.handle import FlowHandle
from kitaru.runtime.snapshot import snapshot_id_of
from kitaru.runtime.values import encode

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from kitaru.client.models import Execution
    from kitaru.runtime.flow import Flow

UNFINISHED: Final = ("pending", "running", "waiting", "interrupted")


def unfinished(client: KitaruClient, flow: Flow[..., Any]) -> list[Execution]:
    """List executions of the flow that this notebook started and that have not ended, the newest first."""
    here = notebook_path()
    found = client.executions.list(flow=flow.name, status=UNFINISHED, notebook=here, limit=50)
    return [e for e in found if e.notebook == here and e.parent_exec_id is None and e.original_exec_id is None]


def same(
    client: KitaruClient, flow: Flow[..., Any], arguments: dict[str, Any], candidates: list[Execution]
) -> Execution | None:
    """Find the execution that has this code and these parameters."""
    snapshot = snapshot_id_of(flow)
    wanted: dict[str, Any] | None = None
    for candidate in candidates:
        if candidate.snapshot_id != snapshot:
            continue
        if wanted is None:
            payloads = client.store.payloads
            wanted = {name: encode(value, payloads, where=name).get("digest") for name, value in arguments.items()}
        detailed = candidate.refresh()
        if {name: value.digest for name, value in detailed.inputs.items()} == wanted:
            return detailed
    return None


def attach(client: KitaruClient, flow: Flow[..., Any], execution: Execution) -> FlowHandle[Any]:
    """Get hold of an unfinished execution; an interrupted one, or one that nobody runs, goes on here.

    Returns
    -------
    FlowHandle
        As ``.run()`` gives it.
    """
    idle = execution.runner is None and not execution.pending_waits
    if execution.status == "interrupted" or (execution.status in ("pending", "waiting") and idle):
        return client.engine.resume(execution.exec_id, flow)
    return FlowHandle(client.engine, execution.exec_id, execution.flow_name)
