"""``python -m kitaru.runtime.resume EXEC_ID``: a process that continues one execution and stays until its end."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruConflictError, KitaruError, KitaruExecutionError, KitaruStateError
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.runtime.body import Run
    from kitaru.runtime.engine import Engine
    from kitaru.runtime.handle import FlowHandle
    from kitaru.store.events import Event

FOLDER: Final = "runners"
"""Where in the home the output of runners goes, one file for each execution."""

_PARKING_SECONDS: Final = 3.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Continue an execution; return the exit status: 0 also if somebody else was faster, 1 if it failed."""
    asked = _parser().parse_args(arguments)
    if asked.log:
        write_to_log(asked.execution)
    from kitaru.runtime.engine import engine

    here = engine()
    here.stays = False
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        status = _continue(here, asked.execution, asked.grace)
    except KeyboardInterrupt:
        stop_all(here, "its runner was told to stop")
        status = 130
    except KitaruError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        status = 1
    return status


def enter(folder: str | None) -> None:
    """Work in the directory that an execution was started in, and import from there."""
    if folder and Path(folder).is_dir():
        os.chdir(folder)
        if folder not in sys.path:
            sys.path.insert(0, folder)


def stop_all(engine: Engine, reason: str) -> list[str]:
    """Let go of everything that runs in this process: what waits for an answer is parked, the rest interrupted.

    Parameters
    ----------
    engine
        Whose executions.
    reason
        Recorded with those that are interrupted.

    Returns
    -------
    list of str
        The executions that ran here.

    Notes
    -----
    A function that runs on a thread cannot be stopped: end the process soon after with `leave`.
    """
    alive = engine.runs.alive()
    for run in alive:
        run.execution.park()
    # Those that were started first: whoever waits for one that asks in this moment waits for its answer, too.
    for run in sorted(alive, key=lambda run: _depth(engine, run), reverse=True):
        if not _parked(engine, run):
            engine.interrupt(run, reason)
    return [run.execution.exec_id for run in alive]


def leave(status: int) -> None:
    """End this process at once, without waiting for threads that run a user's function."""
    from kitaru.runtime.engine import engine
    from kitaru.store.connect import close_store, current_store

    if current_store() is not None:
        engine().outbox.flush()
        close_store()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _parked(engine: Engine, run: Run) -> bool:
    """Wait until an execution is let go that waits for an answer, or for one that does; it is no interruption."""
    if not _asks(engine, run):
        return False
    try:
        run.done.result(_PARKING_SECONDS)
    except TimeoutError:
        return False
    return True


def _depth(engine: Engine, run: Run) -> int:
    parent = engine.runs.get(run.execution.parent or "")
    return 0 if parent is None else 1 + _depth(engine, parent)


def _asks(engine: Engine, run: Run) -> bool:
    if any(wait.status in ("new", "pending") for wait in run.execution.history.waits.values()):
        return True
    return any(_asks(engine, child) for child in engine.runs.children(run.execution.exec_id))


def _continue(engine: Engine, exec_id: str, grace: float) -> int:
    if grace and claimed_within(engine, exec_id, grace):
        return 0
    try:
        handle = engine.resume(exec_id)
    except KitaruConflictError:
        return 0
    except KitaruStateError:
        if engine.status(exec_id) in ("running", "completed"):
            return 0
        raise
    return finish(handle)


def finish(handle: FlowHandle[Any]) -> int:
    """Stay until an execution's end, or until it waits for an answer; return the exit status.

    Its end may continue one that waited for it; that is stayed for, too.
    """
    status = _attend(handle)
    while alive := handle._engine.runs.alive():  # noqa: SLF001 -- of this process
        for run in alive:
            run.join()
    return status


def _attend(handle: FlowHandle[Any]) -> int:
    try:
        handle.wait()
    except KitaruExecutionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KitaruStateError as waits:
        sys.stderr.write(f"{waits}\n")
    return 0


def claimed_within(engine: Engine, exec_id: str, seconds: float) -> bool:
    """Leave the execution to a live kernel for a moment."""
    claimed = threading.Event()

    def on_event(event: Event) -> None:
        if event["kind"] == kinds.CLAIMED:
            claimed.set()

    engine.hub.listen(exec_id, on_event)
    try:
        return engine.status(exec_id) == "running" or claimed.wait(seconds)
    finally:
        engine.hub.forget(exec_id, on_event)


def write_to_log(exec_id: str) -> None:
    """Send this process's output to the execution's file in the home."""
    from kitaru.store.home import ensure_home, find_home

    folder = ensure_home(find_home() / FOLDER)
    descriptor = os.open(folder / f"{exec_id}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.flush()
        os.dup2(descriptor, number)
    os.close(descriptor)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kitaru.runtime.resume", description="Continue an execution.")
    parser.add_argument("execution", metavar="EXEC_ID", help="id of the execution")
    parser.add_argument("--grace", type=float, default=0.0, help="seconds for which a live kernel may claim it first")
    parser.add_argument("--log", action="store_true", help=f"write output to {FOLDER}/EXEC_ID.log in the home")
    return parser


if __name__ == "__main__":
    leave(main())
