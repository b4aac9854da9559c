"""An execution that runs in the process of the command: progress lines, Ctrl-C, the result."""

from __future__ import annotations

import sys
import threading
from contextlib import nullcontext, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from kitaru.cli.output import INTERRUPTED, Format, fail, note, say, show_item
from kitaru.errors import KitaruExecutionError, KitaruStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.client.client import KitaruClient
    from kitaru.client.lines import ExecutionEvent
    from kitaru.runtime.handle import FlowHandle


def enter(client: KitaruClient, exec_id: str) -> None:
    """Work where the execution was started, and say so if another interpreter started it."""
    from kitaru.runtime.stopping import enter as enter_folder

    execution = client.executions.get(exec_id)
    enter_folder(execution.cwd)
    if execution.interpreter and execution.interpreter != sys.executable:
        note(f"It was started with {execution.interpreter}; this is {sys.executable}.")


_TELLING_SECONDS = 2.0


def run(
    title: str,
    output: Format,
    client: KitaruClient,
    start: Callable[[], FlowHandle[Any]],
    show: Callable[[Any], None] | None = None,
) -> None:
    """Start an execution, tell what happens until its end, print the result: by `show`, or in one line.

    In an envelope there is no place for what the flow prints: it goes to the standard error.
    """
    with redirect_stdout(sys.stderr) if output is Format.JSON else nullcontext():
        try:
            handle = _run_to_end(output, client, start)
        except KeyboardInterrupt:
            _interrupt(title, output, client)
    ended = client.executions.get(handle.exec_id)
    if show is not None and output is Format.TEXT:
        show(handle.get())
        return
    show_item(title, output, ended, lambda: say(f"{ended.exec_id} is {ended.status.value}: {ended.output}"))


def _run_to_end(output: Format, client: KitaruClient, start: Callable[[], FlowHandle[Any]]) -> FlowHandle[Any]:
    handle = start()
    teller = threading.Thread(target=_tell, args=(client, handle.exec_id), name="kitaru-progress", daemon=True)
    if output is Format.TEXT:
        note(f"{handle.exec_id} runs here; Ctrl-C interrupts it, and it can be resumed.")
        teller.start()
    try:
        handle.wait()
    except KitaruExecutionError:
        if output is Format.TEXT:
            teller.join(_TELLING_SECONDS)
            _show_traceback(client, handle.exec_id)
        raise
    if output is Format.TEXT:
        teller.join(_TELLING_SECONDS)
    return handle


def _show_traceback(client: KitaruClient, exec_id: str) -> None:
    failure = client.executions.get(exec_id).failure
    if failure is not None:
        note(failure.traceback.rstrip())


def _interrupt(title: str, output: Format, client: KitaruClient) -> NoReturn:
    from kitaru.runtime.stopping import stop_all

    sentences = ["Interrupted."]
    for exec_id in stop_all(client.engine, "interrupted with Ctrl-C"):
        status = client.executions.get(exec_id).status.value
        advice = "an answer continues it." if status == "waiting" else f"go on: kitaru executions resume {exec_id}"
        sentences.append(f"Execution {exec_id} is {status}; {advice}")
    fail(title, output, " ".join(sentences), "KeyboardInterrupt")
    raise typer.Exit(INTERRUPTED)


def _tell(client: KitaruClient, exec_id: str) -> None:
    # At the end of the process the store is closed while this thread still reads: nobody waits for more lines then.
    with suppress(KitaruStoreError):
        *_, claim = client.executions.events(exec_id, kinds=["execution.claimed"], follow=False)
        for event in client.executions.events(exec_id, since=claim.cursor):
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
