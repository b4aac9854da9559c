"""Stopping: letting go of what runs in this process, and ending it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kitaru.runtime.body import Run
    from kitaru.runtime.engine import Engine

_PARKING_SECONDS: Final = 3.0


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
