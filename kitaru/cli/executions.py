"""``kitaru executions``: find and read what ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kitaru.cli import completion
from kitaru.cli.options import CallName, ExecutionId, FlowName, Output, Since, Statuses, Until
from kitaru.cli.output import Format, agreed, command, encoded, note, say, show_item, show_items

if TYPE_CHECKING:
    from kitaru.client.models import CheckpointCall, Execution

app = typer.Typer(
    name="executions", help="Runs of flows: list, read, answer, continue, replay, compare.", no_args_is_help=True
)

Group = Annotated[
    list[str] | None,
    typer.Option(
        "--group-by", "-g",
        help="flow, status, stack, notebook, tag, time:hour, time:day, time:week, time:month, metadata:KEY, or "
        "checkpoint, which counts calls; may be given several times.",
    ),
]  # fmt: skip


@app.command("list")
@command("executions.list")
def list_(
    flow: FlowName = None,
    status: Statuses = None,
    since: Since = None,
    until: Until = None,
    text: Annotated[str | None, typer.Option("--text", help="Text in id, flow, failure, tags or metadata.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be given several times.")] = None,
    order: Annotated[
        str, typer.Option(help="started_at, duration, cost, tokens, calls, ...; - descends.")
    ] = "-started_at",
    limit: Annotated[int, typer.Option(min=1, help="The most to show.")] = 20,
    page: Annotated[int, typer.Option(min=1, help="Which page of that many.")] = 1,
    output: Output = Format.TEXT,
) -> None:
    """List executions, the newest first."""
    from kitaru.client import KitaruClient

    found = KitaruClient().executions.list(
        flow=flow, status=status, since=since, until=until, text=text, tags=tag, order=order, page=page, size=limit
    )  # fmt: skip
    filtered = any((flow, status, since, until, text, tag))

    def show() -> None:
        if not found:
            _nothing_found(filtered)
            return
        show_list(list(found))
        if found.total > len(found):
            say(
                f"{len(found)} of {found.total}; more with --page {page + 1}" if found.has_more else f"of {found.total}"
            )

    show_items("executions.list", output, [_brief(one) for one in found], show, total=found.total)


@app.command("get")
@command("executions.get")
def get(execution: ExecutionId, output: Output = Format.TEXT) -> None:
    """Show one execution: inputs, calls, questions, result."""
    from kitaru.client import KitaruClient

    found = KitaruClient().executions.get(execution)
    show_item("executions.get", output, found, lambda: _show(found))


@app.command("logs")
@command("executions.logs")
def logs(
    execution: ExecutionId,
    checkpoint: CallName = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new lines until the end.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The most lines of the past.")] = 1000,
    tail: Annotated[bool, typer.Option("--tail", help="The last lines instead of the first.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Show what an execution printed and logged."""
    from kitaru.client import KitaruClient

    client = KitaruClient()
    lines = client.executions.logs(execution, checkpoint=checkpoint, limit=limit, tail=tail, follow=follow)
    if follow:
        _follow(client, execution, lines, output)
        return
    held = list(lines)

    def text() -> None:
        for line in held:
            say(str(line))
        if not held:
            note("Nothing was printed or logged.")

    show_items("executions.logs", output, held, text)


@app.command("diff")
@command("executions.diff")
def diff(
    execution: ExecutionId,
    others: Annotated[
        list[str] | None,
        typer.Argument(help="What to compare it with; its replays if none.", autocompletion=completion.executions),
    ] = None,
    values: Annotated[bool, typer.Option("--values", help="Read values that differ and compare their text.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Compare executions call by call. Inputs, outputs, time, tokens and cost are compared."""
    from kitaru.client import KitaruClient

    found = KitaruClient().diff(execution, *(others or ()), values=values)
    show_item("executions.diff", output, found, lambda: say(str(found)))


@app.command("statistics")
@command("executions.statistics")
def statistics(
    group_by: Group = None,
    flow: FlowName = None,
    status: Statuses = None,
    since: Since = None,
    until: Until = None,
    output: Output = Format.TEXT,
) -> None:
    """Count executions; sum up durations, tokens and costs."""
    from kitaru.cli.tables import money, show_table
    from kitaru.client import KitaruClient
    from kitaru.client.times import length

    keys = group_by or ["flow"]
    found = KitaruClient().executions.statistics(group_by=keys, flow=flow, status=status, since=since, until=until)

    def text() -> None:
        if not found.groups:
            _nothing_found(any((flow, status, since, until)))
            return
        rows = [
            (
                *(str(part) for part in group.keys.values()), group.execution_count, group.failed,
                length(group.duration.p50), length(group.duration.p90), length(group.duration.p99),
                group.total_tokens, money(group.cost_usd),
            )
            for group in found.groups
        ]  # fmt: skip
        names = [key.upper() for key in keys]
        show_table((*names, "COUNT", "FAILED", "P50", "P90", "P99", "TOKENS", "COST"), rows, whole=names)

    show_items("executions.statistics", output, found.groups, text, truncated=found.truncated)


@app.command("delete")
@command("executions.delete")
def delete(
    execution: ExecutionId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Delete an execution that nothing runs. All that is recorded of it goes with it."""
    from kitaru.client import KitaruClient

    client = KitaruClient()
    full = client.executions.resolve(execution)
    if not yes:
        agreed(f"Delete execution {full} and everything that is recorded of it?")
    client.executions.delete(full)
    done = f"Deleted {full}. `kitaru clean` gives its space back."
    show_item("executions.delete", output, {"exec_id": full}, lambda: say(done))


def _nothing_found(filtered: bool) -> None:
    if filtered:
        say("No execution fits. Without options, `kitaru executions list` shows all of them.")
        return
    say("Nothing has run here yet. A flow is recorded when it runs, for example:")
    say("")
    say("  import kitaru")
    say("")
    say("  @kitaru.flow")
    say("  def hello(name: str) -> str:")
    say('      return f"Hello, {name}!"')
    say("")
    say('  hello.run("Ada").wait()')


def show_list(found: list[Execution]) -> None:
    """Print executions as a table."""
    from kitaru.cli.tables import money, show_table
    from kitaru.client.invoking import invoked_by
    from kitaru.client.times import ago, length

    costly = any(one.cost_usd for one in found)
    deployed = any(one.invoked_via for one in found)
    rows = [
        (
            one.exec_id, one.flow_name, one.status.value, ago(one.started_at or one.created_at),
            length(one.duration), _calls(one), *([money(one.cost_usd)] if costly else []),
            *([one.deployment_version, invoked_by(one.invoked_by, one.invoked_via)] if deployed else []),
        )
        for one in found
    ]  # fmt: skip
    more = (*(["COST"] if costly else []), *(["VERSION", "INVOKED BY"] if deployed else []))
    columns = ("ID", "FLOW", "STATUS", "STARTED", "TOOK", "CALLS", *more)
    show_table(columns, rows, whole=("ID", "STATUS"))


def _calls(one: Execution) -> str:
    return f"{one.call_count} ({one.reused_count} reused)" if one.reused_count else str(one.call_count)


def _brief(one: Execution) -> dict[str, Any]:
    empty = ("inputs", "output", "frozen_execution_spec", "cwd", "interpreter", "runner", "pending_waits", "answers",
             "checkpoints", "artifacts", "children", "detailed")  # fmt: skip
    return one.model_dump(mode="json", by_alias=True, exclude=set(empty))


def _show(one: Execution) -> None:
    from kitaru.cli.tables import money, show_pairs, title, when
    from kitaru.client.invoking import invoked_by
    from kitaru.client.times import length

    show_pairs(
        [
            ("Execution", one.exec_id),
            ("Flow", one.flow_name),
            ("Status", one.status.value),
            ("Why", one.status_reason),
            ("Started", when(one.started_at)),
            ("Ended", when(one.ended_at)),
            ("Took", length(one.duration)),
            ("Stack", one.stack_name),
            ("Replay of", one.original_exec_id),
            ("Part of", one.parent_exec_id),
            ("Notebook", one.notebook),
            ("Version", one.deployment_version),
            ("Invoked by", invoked_by(one.invoked_by, one.invoked_via)),
            ("Tags", one.tags),
            ("Cost", money(one.cost_usd)),
            ("Tokens", one.total_tokens),
            ("Code", one.snapshot_id),
            *((f"Input {name}", value.text) for name, value in one.inputs.items()),
            ("Result", one.output.text if one.output else None),
            ("Metadata", encoded(one.metadata) if one.metadata else None),
        ]
    )
    if one.checkpoints:
        title("Calls")
        _show_calls(one.checkpoints)
    if one.children:
        title("Executions that it started")
        for child in one.children:
            say(f"{child.exec_id} {child.flow_name} {child.status.value}")
    _show_next(one)


def _show_calls(calls: list[CheckpointCall]) -> None:
    from kitaru.cli.tables import show_table
    from kitaru.client.times import length

    rows = []
    for call in calls:
        told = call.why if call.reused else str(call.failure) if call.failure else call.output and call.output.text
        tries = f" ({len(call.attempts)} attempts)" if len(call.attempts) > 1 else ""
        rows.append((call.name, f"{call.status}{tries}", length(call.duration), _cut(told or "")))
    show_table(("CALL", "STATUS", "TOOK", "OUTPUT"), rows, whole=("CALL",))


def _cut(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"


def _show_next(one: Execution) -> None:
    from kitaru.cli.tables import title

    if one.failure is not None:
        title("Failure")
        say(one.failure.traceback.rstrip() or str(one.failure))
    for wait in one.pending_waits:
        title(f"Waits for an answer: {wait.question or 'Go on?'}")
        say(f"  kitaru executions input {one.exec_id} --wait {wait.name} --value JSON")
    if one.status == "failed":
        say(f"\nWhat finished is kept. Run the rest again: kitaru executions retry {one.exec_id}")
    if one.status == "interrupted" or (one.status == "waiting" and not one.pending_waits and not one.runner):
        say(f"\nWhat finished is kept. Go on: kitaru executions resume {one.exec_id}")


def _follow(client: Any, execution: str, lines: Any, output: Format) -> None:
    for line in lines:
        say(encoded({"event": "log", **line.model_dump(mode="json")}) if output is Format.JSON else str(line))
        typer.get_text_stream("stdout").flush()
    ended = client.executions.get(execution)
    status = ended.status.value
    if output is Format.JSON:
        say(encoded({"event": "interrupted" if status == "interrupted" else "terminal", "status": status}))
    else:
        note(f"{ended.exec_id} is {status}.")
    if status != "completed":
        raise typer.Exit(5)
