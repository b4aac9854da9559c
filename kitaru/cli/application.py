"""The root of the command line: its groups of commands, and how a run of it ends."""

from __future__ import annotations

import itertools
import os
import sys
from typing import Annotated, Final, NoReturn

import typer

from kitaru.cli import (
    artifacts,
    clean,
    deploy,
    executions,
    export,
    flow,
    home,
    jobs,
    model,
    query,
    running,
    schedule,
    service,
    stack,
    store,
)
from kitaru.cli.output import Format, fail

HELP: Final = """Durable flows: see what runs, answer, continue, replay, compare.

\b
Exit status:
  0  done
  1  something went wrong
  2  wrong usage
  3  no such execution, call, artifact or stack
  4  the recorded state forbids it, or somebody else was first
  5  the execution failed or was cancelled
130  interrupted with Ctrl-C
"""

app = typer.Typer(
    name="kitaru",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"kitaru {version('kitaru-jupyter')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options of the root; the help of it is above."""


root.__doc__ = HELP
home.add_to(app)
query.add_to(app)
export.add_to(app)
deploy.add_to(app)
clean.add_to(app)
running.add_to(executions.app)
jobs.add_to(app)
for group in (executions, flow, schedule, jobs, artifacts, stack, model, store, service):
    app.add_typer(group.app)


def run() -> None:
    """Run the command line on the process's arguments and end the process."""
    end(_status())


def end(status: int) -> NoReturn:
    """End the process with an exit status, also if a function of the user's runs on."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if _still_running():
        from kitaru.runtime.stopping import leave

        leave(status)
    sys.exit(status)


def _status() -> int:
    root_command = typer.main.get_command(app)
    usage_error = typer.BadParameter.__mro__[2]  # base of everything that is wrong with a command line
    try:
        told = root_command.main(prog_name="kitaru", standalone_mode=False)
    except typer.Abort:
        return 1
    except Exception as error:
        if not isinstance(error, usage_error):
            raise
        return _wrong_usage(error)
    return told if isinstance(told, int) else 0


def _wrong_usage(error: Exception) -> int:
    if _wants_json():
        fail("kitaru", Format.JSON, error.format_message(), "KitaruUsageError")  # type: ignore[attr-defined]
    else:
        error.show()  # type: ignore[attr-defined]
    return int(getattr(error, "exit_code", 2))


def _wants_json() -> bool:
    arguments = sys.argv[1:]
    given = {"-ojson", "--output=json"} & set(arguments)
    pairs = set(itertools.pairwise(arguments))
    return bool(given or pairs & {("-o", "json"), ("--output", "json")})


def _still_running() -> bool:
    """Whether a user's function runs on after Ctrl-C; threads cannot be stopped, so the process ends hard."""
    body = sys.modules.get("kitaru.runtime.engine")
    if body is None:
        return False
    from kitaru.store.connect import current_store

    return current_store() is not None and bool(body.engine().runs.alive())
