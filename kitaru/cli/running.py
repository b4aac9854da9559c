"""``kitaru executions``: answer, continue, replay and stop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kitaru.cli import completion
from kitaru.cli.options import ExecutionId, Output, json_object, json_value
from kitaru.cli.output import Format, command, say, show_item
from kitaru.client.choosing import add_override, open_question
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.models import Execution, PendingWait

Code = Annotated[
    str, typer.Option(help="recorded: the code as it was frozen. current: the code that this process imports.")
]
MaybeExecution = Annotated[
    str | None,
    typer.Argument(
        help="Id of an execution; not needed if only one question is open.", autocompletion=completion.executions
    ),
]


@command("executions.input")
def answer(
    execution: MaybeExecution = None,
    value: Annotated[
        str | None, typer.Option("--value", help="The answer as JSON; a word that is no JSON is taken as text.")
    ] = None,
    wait: Annotated[str | None, typer.Option("--wait", help="Name of the question, if several are open.")] = None,
    abort: Annotated[bool, typer.Option("--abort", help="Refuse to answer; the execution is cancelled.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Answer an open question; the execution goes on by itself. On a terminal the answer is asked for."""
    from kitaru.client import KitaruClient

    if abort and value is not None:
        raise KitaruUsageError("Give --value or --abort, and not both.")
    client = KitaruClient()
    asked = open_question(client, execution, wait)
    if abort:
        ended = client.executions.abort_wait(asked.exec_id, wait=asked.name)
        show_item("executions.input", output, ended, lambda: say(f"{ended.exec_id} is {ended.status.value}."))
        return
    given = _given(asked, value)
    answered = client.executions.input(asked.exec_id, given, wait=asked.name)
    show_item("executions.input", output, answered, lambda: _after_answer(client, answered))


@command("executions.resume")
def resume(
    execution: ExecutionId,
    code: Code = "recorded",
    on_divergence: Annotated[
        str, typer.Option(help="Where the code makes other calls than the recorded ones: error, rerun or reuse.")
    ] = "error",
    output: Output = Format.TEXT,
) -> None:
    """Go on with an interrupted execution. It runs in this process; what finished does not run again."""
    from kitaru.cli import foreground
    from kitaru.client import KitaruClient

    client = KitaruClient()
    full = client.executions.resolve(execution)
    foreground.enter(client, full)
    foreground.run(
        "executions.resume",
        output,
        client,
        lambda: client.executions.resume(full, code=code, on_divergence=on_divergence),
    )


@command("executions.retry")
def retry(execution: ExecutionId, code: Code = "recorded", output: Output = Format.TEXT) -> None:
    """Run a failed execution again. It runs in this process; what finished is kept, what failed runs anew."""
    from kitaru.cli import foreground
    from kitaru.client import KitaruClient

    client = KitaruClient()
    full = client.executions.resolve(execution)
    foreground.enter(client, full)
    foreground.run("executions.retry", output, client, lambda: client.executions.retry(full, code=code))


@command("executions.cancel")
def cancel(
    execution: ExecutionId,
    reason: Annotated[str, typer.Option(help="Recorded with it.")] = "",
    output: Output = Format.TEXT,
) -> None:
    """Stop an execution that has not ended, wherever it runs."""
    from kitaru.client import KitaruClient

    ended = KitaruClient().executions.cancel(execution, reason)
    show_item("executions.cancel", output, ended, lambda: say(f"{ended.exec_id} is {ended.status.value}."))


@command("executions.replay")
def replay(
    execution: ExecutionId,
    at: Annotated[
        str | None, typer.Option(help="The call from which on everything runs.", autocompletion=completion.calls)
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="CALL.ARGUMENT=JSON, CALL.output=JSON, or ARGUMENT=JSON of the flow itself."),
    ] = None,
    flow_overrides: Annotated[str | None, typer.Option(help="New arguments of the flow, as a JSON object.")] = None,
    checkpoint_overrides: Annotated[
        str | None, typer.Option(help='JSON object: {"checkpoint": {"input"|"output"|"code"|"model": ...}}.')
    ] = None,
    invocation_overrides: Annotated[str | None, typer.Option(help="The same for single calls, by name.")] = None,
    answers: Annotated[str | None, typer.Option(help='Answers as a JSON object: {"question": answer}.')] = None,
    cache: Annotated[bool | None, typer.Option(help="Whether results of further executions are reused.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run and what is reused.")] = False,
    wait: Annotated[bool, typer.Option(help="Stay until its end; else it runs in a process of its own.")] = True,
    output: Output = Format.TEXT,
) -> None:
    """Run a recorded execution as a new one. Anything can be changed: arguments, results, code, models, answers."""
    from kitaru.cli import foreground
    from kitaru.client import KitaruClient

    changes: dict[str, Any] = {
        "at": at,
        "flow_overrides": json_object(flow_overrides, "--flow-overrides"),
        "checkpoint_overrides": json_object(checkpoint_overrides, "--checkpoint-overrides"),
        "invocation_overrides": json_object(invocation_overrides, "--invocation-overrides"),
        "answers": json_object(answers, "--answers"),
    }
    client = KitaruClient()
    full = client.executions.resolve(execution)
    for text in set_ or ():
        _set(client.executions.get(full), changes, text)
    if dry_run:
        plan = client.executions.dry_run(full, **changes)
        show_item("executions.replay", output, plan, lambda: say(str(plan)))
        return
    if not wait:
        _by_a_job(client, full, changes | {"cache": cache}, output)
        return
    foreground.enter(client, full)
    foreground.run("executions.replay", output, client, lambda: client.executions.replay(full, **changes, cache=cache))


def _by_a_job(client: KitaruClient, source: str, changes: dict[str, Any], output: Format) -> None:
    exec_id = client.jobs.post("replay", source, changes).wait_until_begun()
    item = {"exec_id": exec_id, "log": f"runners/{exec_id}.log"}
    show_item("executions.replay", output, item, lambda: say(f"{exec_id} runs in a process of its own."))


def _set(source: Execution, changes: dict[str, Any], text: str) -> None:
    target, separator, value = text.partition("=")
    if not separator:
        raise KitaruUsageError(f"--set {text!r}: write TARGET=JSON, for example --set research.output='\"cats\"'")
    add_override(source, changes, target, json_value(value))


def _given(asked: PendingWait, value: str | None) -> Any:
    if value is not None:
        parsed = json_value(value)
        kind = (asked.schema or {}).get("type")
        # 42 and true are JSON, but where a text is asked for they are meant as text.
        return value if kind == "string" and not isinstance(parsed, str) else parsed
    if asked.schema is None and not sys.stdin.isatty():
        return None
    if not sys.stdin.isatty():
        raise KitaruUsageError(f"{asked.question or asked.name}: give --value JSON or --abort (this is no terminal).")
    from kitaru.views.terminal import ask

    return ask(asked.schema, asked.question or "Go on?")


def _after_answer(client: KitaruClient, answered: Execution) -> None:
    from kitaru.client.continuation import advice, continues_by_itself

    if answered.runner is not None or answered.status != "waiting" or continues_by_itself(client, answered):
        say(f"Answered; {answered.exec_id} goes on. Follow it: kitaru executions logs {answered.exec_id} --follow")
    elif answered.pending_waits:
        say(f"Answered; {answered.exec_id} has more questions: {', '.join(answered.waiting_for)}")
    else:
        say(f"Answered. No process here can go on with it by itself; continue it with: {advice(answered)}")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    for name, function in (
        ("input", answer),
        ("resume", resume),
        ("retry", retry),
        ("cancel", cancel),
        ("replay", replay),
    ):
        app.command(name)(function)
