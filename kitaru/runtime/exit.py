"""What happens to running executions when the interpreter ends.

A script waits for its flows; questions are parked at once, since nobody stays to hear the answer here;
failures that nobody looked at are printed. A kernel does not wait: questions are
parked, so that an answer finds another process; the rest is interrupted, and resumable.
"""

from __future__ import annotations

import sys
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitaru.runtime.engine import Engine

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def at_exit(engine: Engine) -> None:
    """Take care of the engine's executions when the interpreter ends."""
    if not _engines:
        # Before the hooks of concurrent.futures, which forbid new work: the flows still need their pools.
        import concurrent.futures.thread  # noqa: F401

        threading._register_atexit(_finish)  # type: ignore[attr-defined]  # noqa: SLF001
    _engines.add(engine)


def _finish() -> None:
    for engine in list(_engines):
        if in_kernel():
            # Here, as the module is heavy and most interpreters need none of it.
            from kitaru.runtime.stopping import stop_all

            stop_all(engine, "its kernel ended")
        else:
            _join(engine)
        engine.close()


def in_kernel() -> bool:
    """Whether this process is the kernel of a notebook."""
    return "ipykernel.kernelapp" in sys.modules


def _join(engine: Engine) -> None:
    engine.park()
    while alive := engine.runs.alive():
        for run in alive:
            run.done.exception()
    engine.runs.print_unseen()
