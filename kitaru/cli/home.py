"""``kitaru init``, ``status``, ``info``, ``connect`` and ``disconnect``: where things are recorded."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, say, show_item
from kitaru.errors import KitaruUsageError


@command("init")
def init(
    path: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    output: Output = Format.TEXT,
) -> None:
    """Make a home for a project, in a folder .kitaru. What runs below it is recorded there."""
    from kitaru.store.home import init_home

    home = init_home(path)

    def text() -> None:
        say(f"Made {home}")
        say("Flows that run in this folder or below are recorded there. Git leaves it alone.")

    show_item("init", output, {"home": str(home)}, text)


@command("status")
def status(output: Output = Format.TEXT) -> None:
    """Say where things are recorded, and what runs or waits."""
    from kitaru.cli.tables import show_pairs
    from kitaru.client import KitaruClient

    client = KitaruClient()
    open_ones = client.executions.list(status=["running", "waiting", "interrupted", "pending"], limit=1000)
    counts = dict.fromkeys(("running", "waiting", "interrupted", "pending"), 0)
    for execution in open_ones:
        counts[execution.status.value] += 1
    item = {**_place(), **counts}

    def text() -> None:
        show_pairs(
            [("Recorded in", item["location"]), ("By", item["how"]), ("Service", _service_line(item["service"]))]
        )
        say("Nothing runs." if not open_ones else ", ".join(f"{n} {name}" for name, n in counts.items() if n))
        if counts["waiting"]:
            say("Open questions: kitaru executions list --status waiting")
        if counts["interrupted"]:
            say("Go on with those: kitaru executions list --status interrupted")

    show_item("status", output, item, text)


@command("info")
def info(output: Output = Format.TEXT) -> None:
    """Say which versions are at work, and how much is stored."""
    from importlib.metadata import version

    from kitaru.cli.tables import show_pairs, size
    from kitaru.client import KitaruClient

    stored = KitaruClient().store.read("info")
    versions = {"kitaru": version("kitaru-jupyter"), "python": platform.python_version(), "duckdb": version("duckdb")}
    item = {**_place(), "versions": versions, "store": stored, "python_executable": sys.executable}

    def text() -> None:
        show_pairs(
            [
                ("Kitaru", versions["kitaru"]),
                ("Python", f"{versions['python']}, {sys.executable}"),
                ("DuckDB", versions["duckdb"]),
                ("Recorded in", item["location"]),
                ("By", item["how"]),
                ("Executions", stored["executions"]),
                ("Calls", stored["calls"]),
                ("Database", size(stored.get("database_bytes"))),
                ("Journal", size(stored.get("journal_bytes"))),
                ("Payloads", size(stored.get("payload_bytes"))),
                ("Warnings", "; ".join(stored.get("warnings") or [])),
                ("Not applied", f"{len(stored['quarantined'])} events" if stored.get("quarantined") else ""),
            ]
        )

    show_item("info", output, item, text)


@command("connect")
def connect(
    url: Annotated[str, typer.Argument(help="Address of the server, such as https://kitaru.example.org.")],
    token: Annotated[
        str | None,
        typer.Option(envvar="KITARU_AUTH_TOKEN", help="What the server asks for; asked for if it is not given."),
    ] = None,
    output: Output = Format.TEXT,
) -> None:
    """Work with a team's server from now on."""
    from kitaru.store.connect import connect as connect_to

    if token is None and not sys.stdin.isatty():
        raise KitaruUsageError("The server asks for a token: give --token, or set KITARU_AUTH_TOKEN.")
    store = connect_to(url, token or typer.prompt("Token", hide_input=True, err=True))
    show_item("connect", output, {"location": store.location}, lambda: say(f"Connected with {store.location}."))


@command("disconnect")
def disconnect(output: Output = Format.TEXT) -> None:
    """Work with the home on this machine again."""
    from kitaru.store.connect import disconnect as forget

    was_there = forget()
    said = "Disconnected: things are recorded on this machine again." if was_there else "There was no connection."
    show_item("disconnect", output, {"was_connected": was_there}, lambda: say(said))


def _place() -> dict[str, Any]:
    from kitaru.store.connect import current_target
    from kitaru.store.home import find_home
    from kitaru.store.service.process import service_status

    target = current_target()
    home = target.home or find_home()
    how = "a server" if target.url else "this process" if target.embedded else "the home's own service"
    return {
        "location": target.url or str(home),
        "how": f"{how} (as {target.origin} says)" if target.origin and target.origin != "the home" else how,
        "service": None if target.url else service_status(home),
    }


def _service_line(service: Any) -> str:
    return f"{service['url']}, pid {service['pid']}" if service else ""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the root."""
    for name, function in (
        ("init", init),
        ("status", status),
        ("info", info),
        ("connect", connect),
        ("disconnect", disconnect),
    ):
        app.command(name)(function)
