"""``kitaru schedule``: deployments that are invoked by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kitaru.cli import completion
from kitaru.cli.deploy import Inputs, Param, inputs_of
from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, say, show_item, show_items

if TYPE_CHECKING:
    from datetime import datetime

    from kitaru.client.schedules import Schedule

app = typer.Typer(name="schedule", help="Deployments that are invoked by the clock.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a schedule.")]


@app.command("create")
@command("schedule.create")
def create(
    name: Annotated[str, typer.Argument(help="A name of your own.")],
    flow: Annotated[str, typer.Argument(help="Name of a deployed flow.", autocompletion=completion.flows)],
    cron: Annotated[str | None, typer.Option(help="Minute, hour, day, month, weekday, as in '30 7 * * 1-5'.")] = None,
    every: Annotated[str | None, typer.Option(help="The time between runs instead: 90s, 30m, 12h, 7d.")] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="Zone that --cron is meant in, such as Europe/Berlin; this machine's if not given."),
    ] = None,
    version: Annotated[int | None, typer.Option("--version", "-v", min=1, help="Number of the version.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", "-t", help="A tag; default if neither is given.")] = None,
    param: Param = None,
    inputs: Inputs = None,
    missed: Annotated[
        str,
        typer.Option(help="Runs that came due while nothing ran: latest makes up for the last, all for each, skip."),
    ] = "latest",
    output: Output = Format.TEXT,
) -> None:
    """Invoke a deployment again and again. The home's service stays for it."""
    from kitaru.client import KitaruClient

    client = KitaruClient()
    deployment = client.deployments.get(flow, version=version, tag=tag)
    policy: Any = missed
    made = client.schedules.create(
        name, flow, cron=cron, every=every, timezone=timezone, version=version, tag=tag,
        inputs=inputs_of(deployment.schema, param, inputs), missed=policy,
    )  # fmt: skip
    show_item("schedule.create", output, made, lambda: say(f"{name}: next at {', '.join(map(_time, made.next_runs))}."))


@app.command("list")
@command("schedule.list")
def list_(
    flow: Annotated[str | None, typer.Argument(help="Name of a flow.", autocompletion=completion.flows)] = None,
    output: Output = Format.TEXT,
) -> None:
    """List the schedules with their next runs."""
    from kitaru.cli.tables import show_table
    from kitaru.client import KitaruClient

    found = KitaruClient().schedules.list(flow)

    def text() -> None:
        if not found:
            say("There is no schedule. Make one: kitaru schedule create NAME FLOW --cron '0 7 * * *'")
            return
        rows = [(one.name, one.flow, _which(one), _when(one), _next(one), one.last_exec_id or "") for one in found]
        show_table(("NAME", "FLOW", "VERSION", "WHEN", "NEXT", "LAST"), rows, whole=("NAME",))

    show_items("schedule.list", output, found, text)


@app.command("show")
@command("schedule.show")
def show(name: Name, output: Output = Format.TEXT) -> None:
    """Show a schedule with its next runs and how the last one went."""
    from kitaru.cli.output import encoded
    from kitaru.cli.tables import show_pairs, when
    from kitaru.client import KitaruClient

    found = KitaruClient().schedules.get(name)

    def text() -> None:
        show_pairs(
            [
                ("Schedule", found.name),
                ("Flow", f"{found.flow}, {_which(found)}"),
                ("Inputs", encoded(found.inputs) if found.inputs else ""),
                ("When", f"{_when(found)}{f' ({found.in_words})' if found.cron else ''}"),
                ("Missed runs", found.missed),
                ("Next", [_time(moment) for moment in found.next_runs] or "paused"),
                ("Last due", when(found.last_due)),
                ("Last run", found.last_exec_id),
                ("Problem", found.last_error),
            ]
        )

    show_item("schedule.show", output, found, text)


@app.command("pause")
@command("schedule.pause")
def pause(name: Name, output: Output = Format.TEXT) -> None:
    """Let a schedule rest; what comes due meanwhile is not made up for."""
    from kitaru.client import KitaruClient

    show_item("schedule.pause", output, KitaruClient().schedules.pause(name), lambda: say(f"{name} rests."))


@app.command("resume")
@command("schedule.resume")
def resume(name: Name, output: Output = Format.TEXT) -> None:
    """Go on with a schedule that rests."""
    from kitaru.client import KitaruClient

    found = KitaruClient().schedules.resume(name)
    show_item("schedule.resume", output, found, lambda: say(f"{name}: next at {_next(found)}."))


@app.command("delete")
@command("schedule.delete")
def delete(name: Name, output: Output = Format.TEXT) -> None:
    """Give a schedule up; what it invoked stays."""
    from kitaru.client import KitaruClient

    KitaruClient().schedules.delete(name)
    show_item("schedule.delete", output, {"name": name}, lambda: say(f"{name} is deleted."))


def _which(one: Schedule) -> str:
    return f"version {one.version}" if one.version is not None else f"tag {one.tag or 'default'}"


def _when(one: Schedule) -> str:
    from kitaru.client.times import length

    return f"{one.cron} {one.timezone}" if one.cron else f"every {length(one.every)}"


def _next(one: Schedule) -> str:
    return _time(one.next_runs[0]) if one.next_runs else "paused"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"
