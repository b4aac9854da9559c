"""``kitaru service``: the process in front of a home's database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    from kitaru.store.service.process import service_status

    home = find_home()
    found = service_status(home)

    def text() -> None:
        if found is None:
            say(f"No service runs for {home}. It starts by itself when something needs it.")
            return
        pairs = [("Home", str(home)), ("Address", found["url"]), ("Process", found["pid"])]
        show_pairs([*pairs, ("Kitaru", found["kitaru"]), ("Running for", length(found["uptime"]))])

    show_item("service.status", output, {"home": str(home), "running": found is not None, **(found or {})}, text)


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
