"""An execution that runs in the process of the command: progress lines, Ctrl-C, the result."""

from __future__ import annotations

import sys
import threading
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any

import typer

from kitaru.cli.output import INTERRUPTED, Format, fail, note, say, show_item
from kitaru.errors import KitaruExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.client.client import KitaruClient
    from kitaru.client.models import ExecutionEvent
    from kitaru.runtime.handle import FlowHandle


def enter(client: KitaruClient, exec_id: str) -> None:
    """Work where the execution was started, and say so if another interpreter started it."""
    from kitaru.runtime.resume import enter as enter_folder

    execution = client.executions.get(exec_id)
    enter_folder(execution.cwd)
    if execution.interpreter and execution.interpreter != sys.executable:
        note(f"It was started with {execution.interpreter}; this is {sys.executable}.")


on_start: Callable[[FlowHandle[Any]], None] | None = None
"""Called with the handle as soon as the execution is recorded."""


def run(title: str, output: Format, client: KitaruClient, start: Callable[[], FlowHandle[Any]]) -> None:
    """Start an execution, tell what happens until its end, print the result.

    In an envelope there is no place for what the flow prints: it goes to the standard error.
    """
    with redirect_stdout(sys.stderr) if output is Format.JSON else nullcontext():
        handle = start()
        if on_start is not None:
            on_start(handle)
        _wait(title, output, client, handle)
    ended = client.executions.get(handle.exec_id)
    show_item(title, output, ended, lambda: say(f"{ended.exec_id} is {ended.status.value}: {ended.output}"))


def _wait(title: str, output: Format, client: KitaruClient, handle: FlowHandle[Any]) -> None:
    if output is Format.TEXT:
        note(f"{handle.exec_id} runs here; Ctrl-C interrupts it, and it can be resumed.")
        threading.Thread(target=_tell, args=(client, handle.exec_id), name="kitaru-progress", daemon=True).start()
    try:
        handle.wait()
    except KeyboardInterrupt:
        _interrupt(title, output, client, handle)
    except KitaruExecutionError as error:
        if error.__cause__ is not None and output is Format.TEXT:
            note(client.executions.get(handle.exec_id).failure.traceback.rstrip())  # type: ignore[union-attr]
        raise


def _interrupt(title: str, output: Format, client: KitaruClient, handle: FlowHandle[Any]) -> None:
    from kitaru.runtime.resume import stop_all

    stop_all(client.engine, "interrupted with Ctrl-C")
    status = client.executions.get(handle.exec_id).status.value
    advice = "an answer continues it" if status == "waiting" else f"go on: kitaru executions resume {handle.exec_id}"
    fail(title, output, f"Interrupted. Execution {handle.exec_id} is {status}; {advice}", "KeyboardInterrupt")
    raise typer.Exit(INTERRUPTED)


def _tell(client: KitaruClient, exec_id: str) -> None:
    for event in client.executions.events(exec_id):
        line = _LINES.get(event.kind, _silent)(event)
        if line:
            note(line)


def _silent(event: ExecutionEvent) -> str:
    return ""


def _completed(event: ExecutionEvent) -> str:
    from kitaru.client.times import length

    return f"  done     {event.checkpoint_name} {length(event.payload.get('duration'))}".rstrip()


def _reused(event: ExecutionEvent) -> str:
    return f"  reused   {event.checkpoint_name}: {event.payload.get('why')}"


def _failed(event: ExecutionEvent) -> str:
    failure = event.payload.get("failure") or {}
    again = event.payload.get("retry_in")
    then = f"; again in {again:.3g} s" if again is not None else ""
    return f"  failed   {event.checkpoint_name}: {failure.get('type')}: {failure.get('message')}{then}"


_LINES: dict[str, Callable[[ExecutionEvent], str]] = {
    "call.started": lambda event: f"  running  {event.checkpoint_name}",
    "call.completed": _completed,
    "call.reused": _reused,
    "call.failed": _failed,
    "call.attempt_failed": _failed,
    "wait.created": lambda event: f"  waiting  {event.payload.get('question') or event.payload.get('wait')}",
    "wait.answered": lambda event: f"  answered {event.payload.get('wait')}",
    "progress": lambda event: f"  {event.checkpoint_name}: {event.payload.get('message')}",
}
