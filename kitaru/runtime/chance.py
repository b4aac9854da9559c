"""What would differ on every run of the body: recorded, so that it does not."""

from __future__ import annotations

import time as _time
from typing import TYPE_CHECKING, Any

from kitaru.runtime.execution import current_execution
from kitaru.runtime.primitive import Primitive
from kitaru.runtime.steps import Pause
from kitaru.stacks.scope import current_call
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from kitaru.runtime.execution import Execution


def _recorded(name: str, make: Callable[[], Any]) -> Any:
    """Return what was recorded at this place of the body, or make and record it.

    Inside of a checkpoint nothing is recorded: there the checkpoint's result is.
    """
    execution = current_execution.get()
    if execution is None or current_call.get() is not None:
        return make()
    execution.check()
    label = f"{name}_{execution.next_number(name)}"
    known = _known(execution, label)
    if known is not None:
        return known[0]
    value = make()
    # Written in order before whatever depends on it, so there is no need to wait for the disk.
    execution.post(kinds.VALUE_RECORDED, {"name": label, "value": value})
    return value


def _known(execution: Execution, label: str) -> tuple[Any] | None:
    if label in execution.history.values:
        return (execution.history.values[label],)
    found = execution.plan.value_for(label) if execution.plan is not None else None
    if found is not None:
        execution.post(kinds.VALUE_RECORDED, {"name": label, "value": found[0]})
    return found


def now() -> datetime:
    """The time, the same in every run of the body.

    Returns
    -------
    datetime
        In UTC, aware.

    Examples
    --------
    >>> import kitaru
    >>> kitaru.now().tzname()
    'UTC'
    """
    from datetime import UTC, datetime

    return datetime.fromtimestamp(_recorded("now", _time.time), UTC)


def uuid4() -> UUID:
    """A random UUID, the same in every run of the body.

    Examples
    --------
    >>> import kitaru
    >>> kitaru.uuid4().version
    4
    """
    import uuid

    return uuid.UUID(_recorded("uuid4", lambda: str(uuid.uuid4())))


def random() -> float:
    """A random number from 0 to 1 (excluded), the same in every run of the body.

    Examples
    --------
    >>> import kitaru
    >>> 0 <= kitaru.random() < 1
    True
    """
    import random as _random

    return float(_recorded("random", _random.random))


@Primitive
async def sleep(seconds: float) -> None:
    """Sleep until a recorded moment: a resumed body sleeps only for the rest.

    Parameters
    ----------
    seconds
        How long, from the first time that the body came here.

    Notes
    -----
    In async code: ``await kitaru.sleep.aio(...)``.

    Examples
    --------
    >>> import kitaru
    >>> kitaru.sleep(0)
    """
    end = _recorded("sleep", lambda: _time.time() + seconds)
    execution = current_execution.get()
    left = max(0.0, end - _time.time())
    if left:
        await Pause(execution, left)
