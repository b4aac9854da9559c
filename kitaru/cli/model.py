"""``kitaru model``: short names of models."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, say, show_item, show_items

app = typer.Typer(name="model", help="Short names of models, for kitaru.llm.", no_args_is_help=True)


@app.command("register")
@command("model.register")
def register(
    alias: Annotated[str, typer.Argument(help="The short name.")],
    model: Annotated[str, typer.Option("--model", "-m", help="provider/model, such as openai/gpt-5-nano.")],
    api_base: Annotated[str | None, typer.Option(help="Address of a server of your own.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Use it where no model is named.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Give a model a short name in this home. The first one becomes the default."""
    from kitaru.models.aliases import register_model_alias

    entry = register_model_alias(alias, model=model, api_base=api_base, default=default)
    told = f"{entry.alias} means {entry.model} now{', and is the default' if entry.is_default else ''}."
    show_item("model.register", output, asdict(entry), lambda: say(told))


@app.command("list")
@command("model.list")
def list_(output: Output = Format.TEXT) -> None:
    """List the short names of models."""
    from kitaru.cli.tables import show_table
    from kitaru.models.aliases import list_model_aliases

    entries = list_model_aliases()

    def text() -> None:
        if not entries:
            say("No model has a short name yet. Give it one with:")
            say("  kitaru model register fast --model openai/gpt-5-nano")
            return
        rows = [(e.alias, e.model, "default" if e.is_default else "") for e in entries]
        show_table(("ALIAS", "MODEL", ""), rows, whole=("ALIAS",))

    show_items("model.list", output, [asdict(entry) for entry in entries], text)
