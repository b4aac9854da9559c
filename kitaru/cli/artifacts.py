"""``kitaru artifacts``: stored values."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kitaru.cli import completion
from kitaru.cli.options import CallName, Output
from kitaru.cli.output import Format, command, encoded, say, show_item, show_items

if TYPE_CHECKING:
    from kitaru.client.models import ArtifactRef

app = typer.Typer(name="artifacts", help="Stored values: list and read them.", no_args_is_help=True)


@app.command("list")
@command("artifacts.list")
def list_(
    execution: Annotated[
        str | None,
        typer.Argument(help="An execution; the newest values of all if none.", autocompletion=completion.executions),
    ] = None,
    name: Annotated[str | None, typer.Option(help='Name of a saved value; "output" for what calls returned.')] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of a saved value.")] = None,
    checkpoint: CallName = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to show.")] = 100,
    output: Output = Format.TEXT,
) -> None:
    """List stored values."""
    from kitaru.cli.tables import show_table, size
    from kitaru.client import KitaruClient

    found = KitaruClient().artifacts.list(execution, name=name, kind=kind, producing_call=checkpoint, limit=limit)

    def text() -> None:
        if not found:
            say("No stored value fits. Calls store what they return, and kitaru.save() stores anything.")
            return
        rows = [(item.artifact_id, size(item.value.size), item.value.text) for item in found]
        show_table(("ID", "SIZE", "VALUE"), rows)

    show_items("artifacts.list", output, found, text)


@app.command("get")
@command("artifacts.get")
def get(
    artifact: Annotated[str, typer.Argument(help="Id of a value, or EXECUTION/NAME with a beginning of the id.")],
    file: Annotated[Path | None, typer.Option("--file", help="Write the value to this file.")] = None,
    info: Annotated[bool, typer.Option("--info", help="Show what is known of it; do not read it.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Print a stored value, or write it to a file. Reading a pickled value runs its code."""
    from kitaru.client import KitaruClient

    found = KitaruClient().artifacts.get(artifact)
    if info:
        show_item("artifacts.get", output, found, lambda: _show(found))
        return
    value = found.load()
    if file is not None:
        count = file.write_bytes(_bytes(value))
        item = {"artifact_id": found.artifact_id, "file": str(file), "bytes": count}
        show_item("artifacts.get", output, item, lambda: say(f"Wrote {count:,} bytes to {file}."))
        return
    item = {**found.model_dump(mode="json"), "content": value if _is_json(value) else str(value)}
    show_item("artifacts.get", output, item, lambda: _write(value))


def _show(found: ArtifactRef) -> None:
    from kitaru.cli.tables import show_pairs, size, when

    show_pairs(
        [
            ("Value", found.artifact_id),
            ("Made by", found.producing_call),
            ("Kind", found.kind),
            ("When", when(found.created_at)),
            ("Type", found.value.type),
            ("Size", size(found.value.size)),
            ("Digest", found.value.digest),
            ("Tags", found.tags),
            ("Preview", found.value.text),
        ]
    )


def _write(value: Any) -> None:
    sys.stdout.flush()
    if isinstance(value, bytes):
        sys.stdout.buffer.write(value)
        return
    say(_readable(value))


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | bytearray) else _readable(value).encode()


def _readable(value: Any) -> str:
    if isinstance(value, str):
        return value
    return encoded(value) if _is_json(value) else str(value)


def _is_json(value: Any) -> bool:
    import orjson

    try:
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return False
    return True
