"""``python -m kitaru.cli.detached ...``: a command whose execution runs on after the command has ended."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.runtime.handle import FlowHandle


def replay_elsewhere(arguments: Sequence[str]) -> str:
    """Run a command in a process of its own; return the id of its execution as soon as it is recorded.

    Parameters
    ----------
    arguments
        The command line, with ``--no-wait`` somewhere.

    Raises
    ------
    typer.Exit
        With the status of the command if it fails before there is an execution; its message is printed.
    """
    command = [sys.executable, "-m", "kitaru.cli.detached", *(word for word in arguments if word != "--no-wait")]
    with tempfile.TemporaryFile() as problems:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=problems, **_detached()
        )
        assert process.stdout is not None
        with process.stdout as pipe:  # it ends when the process has said what it runs
            exec_id = pipe.read().decode().strip()
        if not exec_id:
            status = process.wait() or 1
            problems.seek(0)
            sys.stderr.write(problems.read().decode(errors="replace"))
            raise typer.Exit(status)
    return str(exec_id)


def main() -> None:
    """Run a command line; tell its execution's id, then write everything to the execution's log."""
    from kitaru.cli import foreground
    from kitaru.cli.application import run

    foreground.on_start = _announce
    run()


def _announce(handle: FlowHandle[Any]) -> None:
    from kitaru.runtime.resume import write_to_log

    os.write(1, handle.exec_id.encode())
    write_to_log(handle.exec_id)


def _detached() -> dict[str, Any]:
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


if __name__ == "__main__":
    main()
