"""Flows that a flow runs: child executions, found again when the parent is resumed.

Starting a child is a call of the parent's body like any other; its recorded output is the child's id.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruConflictError, KitaruContextError
from kitaru.runtime.calls import open_call, perform
from kitaru.runtime.checkpoint import CheckpointSpec
from kitaru.runtime.effects import block
from kitaru.runtime.execution import child_id, current_execution
from kitaru.runtime.handle import FlowHandle
from kitaru.runtime.parameters import bind
from kitaru.stacks.scope import current_call

if TYPE_CHECKING:
    from kitaru.runtime.engine import Engine
    from kitaru.runtime.execution import Execution
    from kitaru.runtime.flow import Flow
    from kitaru.runtime.settings import Settings


def start_child(
    engine: Engine,
    parent: Execution,
    flow: Flow[..., Any],
    arguments: dict[str, Any],
    settings: Settings,
    forced: bool | None,
) -> FlowHandle[Any]:
    """Start a flow from the body of another one, or attach to the child that an earlier run of the body started."""
    scope = current_call.get()
    if scope is not None:
        raise KitaruContextError(
            f"Flow {flow.name} is started inside of checkpoint {scope.info.call!r}. Start it in the flow's body, so "
            "that a resumed execution finds it again."
        )
    names: list[str] = []
    started: list[FlowHandle[Any]] = []

    def start(*args: Any, **kwargs: Any) -> str:
        exec_id = child_id(parent.exec_id, names[0])
        token = current_execution.set(None)
        try:
            source = (parent.exec_id, names[0])
            started.append(
                engine.launch(exec_id, flow, bind(flow, args, kwargs), settings, forced=forced, parent=source)
            )
        except KitaruConflictError:
            pass  # started by an earlier runner of the parent, which died before it could record the call
        finally:
            current_execution.reset(token)
        return exec_id

    start.__signature__ = flow.signature  # type: ignore[attr-defined]
    spec = CheckpointSpec(start, flow.name, inspect.signature(start), type="flow", runtime="inline", cache=False)
    args, kwargs = spec.spread(arguments)
    call = open_call(parent, spec, args, kwargs)
    names.append(call.name)
    exec_id = block(perform(call))
    return started[0] if started else _attached(engine, parent, exec_id, flow)


def _attached(engine: Engine, parent: Execution, exec_id: str, flow: Flow[..., Any]) -> FlowHandle[Any]:
    """Return a handle of a child that an earlier run started.

    If its runner died with its parent's it goes on, and if its parent is run again it is so too, should it have failed.
    """
    run = engine.runs.get(exec_id)
    if run is None or not run.alive:
        status = engine.status(exec_id)
        if status in ("interrupted", "pending"):
            return engine.resume(exec_id, flow)
        if parent.again and status in ("failed", "cancelled"):
            return engine.retry(exec_id, flow)
    return FlowHandle(engine, exec_id, flow.name, run)
