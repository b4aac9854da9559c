"""``python -m kitaru.runtime.detached``: a process that begins or continues one execution and stays until its end.

What to do comes as JSON on the standard input. One line of JSON on the standard output says how it began: the
execution's id, or the error. After that everything is written to the execution's log.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final, TypedDict

import orjson

from kitaru.errors import KitaruConflictError, KitaruError, KitaruUsageError
from kitaru.runtime.resume import claimed_within, finish, leave, stop_all, write_to_log

if TYPE_CHECKING:
    from kitaru.runtime.engine import Engine
    from kitaru.runtime.handle import FlowHandle

ACTIONS: Final = ("resume", "retry", "replay")


class Order(TypedDict):
    """What such a process is asked to do."""

    action: str
    """``resume``, ``retry`` or ``replay``."""
    exec_id: str
    changes: dict[str, Any]
    """Of a replay; see `Flow.replay`."""
    grace: float
    """Seconds for which a live kernel may claim the execution first."""


def main() -> int:
    """Do what is asked; return the exit status."""
    # What user code prints while it is imported must not be taken for the answer.
    sys.stdout.flush()
    answer = os.dup(1)
    os.dup2(2, 1)
    from kitaru.runtime.engine import engine

    here = engine()
    here.stays = False
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        order: Order = orjson.loads(sys.stdin.buffer.read())
        exec_id, handle = _begin(here, order)
        write_to_log(exec_id)
        _tell(answer, {"exec_id": exec_id})
        status = finish(handle) if handle is not None else 0
    except KeyboardInterrupt:
        stop_all(here, "its runner was told to stop")
        status = 130
    except KitaruError as error:
        from kitaru.store.service.wire import error_body

        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        _tell(answer, orjson.loads(error_body(error)))
        status = 1
    return status


def _begin(engine: Engine, order: Order) -> tuple[str, FlowHandle[Any] | None]:
    exec_id, action = order["exec_id"], order["action"]
    if action == "replay":
        handle = _replay(engine, exec_id, order["changes"])
        return handle.exec_id, handle
    if action not in ACTIONS:
        raise KitaruUsageError(f"{action!r} is none of {', '.join(ACTIONS)}.")
    if order["grace"] and claimed_within(engine, exec_id, order["grace"]):
        return exec_id, None
    try:
        go_on = engine.resume if action == "resume" else engine.retry
        return exec_id, go_on(exec_id, code="recorded")
    except KitaruConflictError:
        return exec_id, None  # somebody else was faster, which is as good


def _replay(engine: Engine, exec_id: str, changes: dict[str, Any]) -> FlowHandle[Any]:
    from kitaru.runtime.settings import KitaruConfig, resolve

    cache = changes.pop("cache", None)
    names = ("at", "flow_overrides", "checkpoint_overrides", "invocation_overrides", "answers")
    given = {name: changes.get(name) for name in names}
    settings = resolve(KitaruConfig(cache=cache), KitaruConfig())
    return engine.replay(None, exec_id, settings, forced=cache, **given)


def _tell(answer: int, told: dict[str, Any]) -> None:
    os.write(answer, orjson.dumps(told) + b"\n")
    os.close(answer)


if __name__ == "__main__":
    leave(main())
