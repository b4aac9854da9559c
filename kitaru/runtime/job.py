"""``python -m kitaru.runtime.job``: a process that does one job of a worker and stays until its execution's end.

It begins before there is a job: what it needs is imported, and one line of JSON on the standard output says who it is.
Then it reads the job, one line of JSON, from the standard input; none comes if it is not needed. From then on
everything that it writes goes to the execution's log.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, TypedDict

import orjson

from kitaru.errors import KitaruConflictError, KitaruError, KitaruExecutionError, KitaruStateError
from kitaru.runtime.pulse import Pulse
from kitaru.runtime.stopping import enter, leave, stop_all
from kitaru.store import events as kinds
from kitaru.store.jobs.posting import never_began

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.runtime.engine import Engine
    from kitaru.runtime.handle import FlowHandle

FOLDER: Final = "runners"
"""Where in the home the output of such processes goes, one file for each execution."""

_NEEDED: Final = (
    "cloudpickle",
    "kitaru.code",
    "kitaru.runtime.checkpoint",
    "kitaru.runtime.flow",
    "kitaru.runtime.values.tagged_json",
    "kitaru.stacks.process",
    "kitaru.stacks.registry",
    "kitaru.store.service.feed",
)
"""What the first checkpoint would otherwise wait for."""


class Order(TypedDict):
    """What such a process is asked to do; see `kitaru.store.events.Job`."""

    job_id: str
    exec_id: str
    kind: str
    target: str
    epoch: int
    attempt: int
    cwd: str | None
    changes: dict[str, Any] | None


def main() -> int:
    """Wait for a job and do it; return the exit status."""
    # What user code prints must not be taken for the answer.
    sys.stdout.flush()
    answer = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        engine = _ready(answer)
        line = sys.stdin.buffer.readline()
    except KeyboardInterrupt:
        return 130
    if not line:
        return 0
    return do(engine, orjson.loads(line))


def do(engine: Engine, order: Order) -> int:
    """Do a job and record that it ended; return the exit status: 0 also if somebody else was faster."""
    outcome, error, status = "completed", None, 0
    pulse = Pulse(engine.store, lambda: True)
    try:
        write_to_log(order["target"])
        pulse.start()
        enter(order["cwd"])
        handle = begin(engine, order)
        if handle is not None:
            status = _finish(handle)
    except KeyboardInterrupt:
        stop_all(engine, "its runner was told to stop")
        outcome, status = "interrupted", 130
    except Exception as raised:  # a module of the user's may raise anything while it is imported
        outcome, error, status = "failed", _told(raised), 1
        if order["kind"] == "invoke":
            engine.store.append([never_began(order["target"], error)])
    _end(engine, order, outcome, error)
    return status


def begin(engine: Engine, order: Order) -> FlowHandle[Any] | None:
    """Begin what a job asks for, or go on with it where an earlier attempt has begun.

    Returns
    -------
    FlowHandle or None
        The execution that runs here now; None if it needs nobody.
    """
    target = order["target"]
    if order["kind"] == "replay":
        try:
            return _replay(engine, order)
        except KitaruConflictError:
            pass  # an earlier attempt has made it
    has_begun = order["kind"] == "replay" or (order["attempt"] > 1 and _epoch(engine, target) > order["epoch"])
    is_retry = order["kind"] == "retry" and not has_begun
    go_on: Callable[..., FlowHandle[Any]] = engine.retry if is_retry else engine.resume
    try:
        return go_on(target, code="recorded")
    except KitaruConflictError:
        return None  # somebody else was faster, which is as good
    except KitaruStateError:
        if has_begun or (order["kind"] in ("resume", "invoke") and engine.status(target) in ("running", "completed")):
            return None
        raise


def _epoch(engine: Engine, exec_id: str) -> int:
    epoch: int = engine.store.read("head", exec_id=exec_id)["execution"]["epoch"]
    return epoch


def _ready(answer: int) -> Engine:
    from importlib import import_module

    from kitaru.runtime.engine import engine
    from kitaru.store.protocol import current_position
    from kitaru.store.runner import runner_identity

    here = engine()
    here.stays = False
    here.records_bodies = True
    for name in _NEEDED:
        import_module(name)
    current_position(here.store)  # connects
    os.write(answer, orjson.dumps(runner_identity(kind="worker")) + b"\n")
    os.close(answer)
    return here


def _replay(engine: Engine, order: Order) -> FlowHandle[Any]:
    from kitaru.runtime.settings import KitaruConfig, resolve

    changes = dict(order["changes"] or {})
    cache = changes.pop("cache", None)
    names = ("at", "flow_overrides", "checkpoint_overrides", "invocation_overrides", "answers")
    given = {name: changes.get(name) for name in names}
    settings = resolve(KitaruConfig(cache=cache), KitaruConfig())
    return engine.replay(None, order["exec_id"], settings, forced=cache, exec_id=order["target"], **given)


def _finish(handle: FlowHandle[Any]) -> int:
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


def _told(raised: Exception) -> dict[str, Any]:
    from kitaru.store.service.wire import encode_error

    if isinstance(raised, KitaruError):
        sys.stderr.write(f"{type(raised).__name__}: {raised}\n")
    else:
        traceback.print_exception(raised)
    told: dict[str, Any] = orjson.loads(encode_error(raised)[1])["error"]
    return told


def _end(engine: Engine, order: Order, outcome: str, error: dict[str, Any] | None) -> None:
    from time import time

    body = {"job_id": order["job_id"], "attempt": order["attempt"], "outcome": outcome, "error": error}
    try:
        engine.outbox.commit([{"kind": kinds.JOB_ENDED, "at": time(), "exec_id": order["exec_id"], "body": body}])
    except KitaruError as refused:
        # It was cancelled, or given to another worker: then nobody waits for this word.
        sys.stderr.write(f"{refused}\n")


def write_to_log(exec_id: str) -> None:
    """Send this process's output to the execution's file in the home; there is no more to read."""
    from kitaru.store.home import ensure_home, find_home

    folder = ensure_home(find_home() / FOLDER)
    descriptor = os.open(folder / f"{exec_id}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.flush()
        os.dup2(descriptor, number)
    os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


if __name__ == "__main__":
    leave(main())
