"""``kitaru service``: the process in front of a home's database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, note, say, show_item
from kitaru.errors import KitaruUsageError

app = typer.Typer(
    name="service",
    help="The process in front of a home's database. It comes and goes by itself; these commands are for servers.",
    no_args_is_help=True,
)


@app.command("start")
@command("service.start")
def start(
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine's need a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 is a free one.")] = 0,
    foreground: Annotated[bool, typer.Option("--foreground", help="Serve until Ctrl-C.")] = False,
    token_file: Annotated[Path | None, typer.Option(help="File with the token that clients must send.")] = None,
    output: Output = Format.TEXT,
) -> None:
    """Start the service of this home."""
    from kitaru.store.home import find_home
    from kitaru.store.service.process import start_service

    home, token = find_home(), _token(token_file)
    if foreground:
        note(f"Serving {home}. Stop with Ctrl-C.")
    record = start_service(home, host, port, token, foreground)
    item = {"url": record.url, "pid": record.pid, "home": str(home)}
    done = f"Served {home}." if foreground else f"Serving {home} at {record.url} (pid {record.pid})."
    show_item("service.start", output, item, lambda: say(done))


@app.command("status")
@command("service.status")
def status(output: Output = Format.TEXT) -> None:
    """Say whether the service of this home runs, and where."""
    from kitaru.cli.tables import show_pairs
    from kitaru.client.times import length
    from kitaru.store.home import find_home
    from kitaru.store.service.installing import installed
    from kitaru.store.service.process import service_status

    home = find_home()
    found = service_status(home)
    unit = None if (file := installed(home)) is None else str(file)

    def text() -> None:
        if found is None:
            say(f"No service runs for {home}. It starts by itself when something needs it.")
            return
        pairs = [("Home", str(home)), ("Address", found["url"]), ("Process", found["pid"]), ("Installed", unit)]
        show_pairs([*pairs, ("Kitaru", found["kitaru"]), ("Running for", length(found["uptime"]))])

    item = {"home": str(home), "running": found is not None, "installed": unit, **(found or {})}
    show_item("service.status", output, item, text)


@app.command("stop")
@command("service.stop")
def stop(output: Output = Format.TEXT) -> None:
    """Stop the service of this home. Nothing that was acknowledged is lost."""
    from kitaru.store.home import find_home
    from kitaru.store.service.process import stop_service

    home = find_home()
    stopped = stop_service(home)
    said = f"Stopped the service of {home}." if stopped else f"No service runs for {home}."
    show_item("service.stop", output, {"home": str(home), "stopped": stopped}, lambda: say(said))


@app.command("install")
@command("service.install")
def install_(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the unit and where it would be.")] = False,
    linger: Annotated[
        bool, typer.Option(help="Let it start with the machine, and not only when you log in (systemd).")
    ] = True,
    output: Output = Format.TEXT,
) -> None:
    """Start the service of this home with the machine, for schedules.

    It becomes a unit of your systemd, on macOS an agent of launchd. Of this shell's environment it gets PATH alone.
    What else flows need, such as keys, stands in the file service.env of the home, a NAME=value on each line.
    """
    from kitaru.store.home import find_home
    from kitaru.store.service.installing import install
    from kitaru.store.service.unit import unit_of

    home = find_home()
    unit = unit_of(home)
    item: dict[str, Any] = {"home": str(home), "path": str(unit.path), "text": unit.text}
    if dry_run:
        show_item("service.install", output, item, lambda: say(f"# {unit.path}\n{unit.text}".rstrip("\n")))
        return
    record, missing = install(home, linger=linger)
    for sentence in missing:
        note(f"Note: {sentence}")
    done = (
        f"Installed {unit.path}. It serves {home} at {record.url} (pid {record.pid}), and again after a reboot.\n"
        "Take it away: kitaru service uninstall"
    )
    item |= {"url": record.url, "pid": record.pid, "notes": missing}
    show_item("service.install", output, item, lambda: say(done))


@app.command("uninstall")
@command("service.uninstall")
def uninstall_(output: Output = Format.TEXT) -> None:
    """Stop the installed service of this home and remove its unit. What is recorded stays."""
    from kitaru.store.home import find_home
    from kitaru.store.service.installing import uninstall
    from kitaru.store.service.unit import unit_of

    home = find_home()
    path, removed = unit_of(home).path, uninstall(home)
    said = f"Removed {path}." if removed else f"The service of {home} is not installed."
    item = {"home": str(home), "path": str(path), "removed": removed}
    show_item("service.uninstall", output, item, lambda: say(said))


@app.command("token")
@command("service.token")
def token(output: Output = Format.TEXT) -> None:
    """Print the token of this home's service. It is started if it does not run.

    It belongs into the header "Authorization: Bearer TOKEN". Who has it can do all that you can do here.
    """
    from kitaru.store.home import find_home
    from kitaru.store.service.process import ensure_service

    record = ensure_service(find_home())
    show_item("service.token", output, {"url": record.url, "token": record.token}, lambda: say(record.token))


def _token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        token = file.expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise KitaruUsageError(f"--token-file {file} cannot be read: {error.strerror}") from None
    if not token:
        raise KitaruUsageError(f"--token-file {file} is empty: write the token into it.")
    return token
