"""What running code tells about itself: metadata, progress, events of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruContextError, KitaruUsageError
from kitaru.runtime.execution import current_execution
from kitaru.stacks.scope import current_call
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.stacks.scope import CallScope

RESERVED: Final = frozenset({"cursor", "end", "error", "gap", "system"})


def log(**metadata: Any) -> None:
    """Attach facts to the running checkpoint, or, in the flow's body, to the execution.

    A dict is merged with what was logged under the same name before; everything else replaces it.

    Parameters
    ----------
    **metadata
        Names and plain values; other values are logged as their text.

    Raises
    ------
    KitaruContextError
        Outside of a flow.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def write(topic: str) -> str:
    ...     kitaru.log(stage="draft", cost={"tokens": 12})
    ...     return topic.upper()
    >>> write.run("kitaru").wait()
    'KITARU'
    """
    body = {"metadata": {name: plain(value) for name, value in metadata.items()}}
    scope = current_call.get()
    if scope is not None:
        scope.emit(kinds.CALL_LOGGED, body)
        return
    execution = current_execution.get()
    if execution is None:
        raise KitaruContextError("kitaru.log() is called outside of a flow: there is nothing to attach the facts to.")
    execution.check()
    execution.post(kinds.EXECUTION_LOGGED, body)


def plain(value: Any, depth: int = 0) -> Any:
    """Turn a value into plain JSON data; what has no such form becomes its text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if depth < 20 and isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if depth < 20 and isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"), depth + 1)
    return str(value)


def require_call(primitive: str) -> CallScope:
    """Return the scope of the running checkpoint, or explain that there is none."""
    scope = current_call.get()
    if scope is None:
        raise KitaruContextError(f"{primitive} is called outside of a checkpoint: it belongs to a running call.")
    return scope


def progress(message: str, *, percent: float | None = None, correlation_id: str | None = None, **fields: Any) -> None:
    """Say how far the running checkpoint is; views show it live.

    Parameters
    ----------
    message
        One line.
    percent
        Share that is done, from 0 to 1.
    correlation_id
        Groups what belongs together; one per attempt if not given.
    **fields
        Further plain facts.

    Raises
    ------
    KitaruContextError
        Outside of a checkpoint.
    KitaruUsageError
        If the message is empty or `percent` is not from 0 to 1.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def count(n: int) -> int:
    ...     for i in range(n):
    ...         kitaru.progress(f"{i} of {n}", percent=i / n)
    ...     return n
    """
    scope = require_call("kitaru.progress()")
    if not message.strip():
        raise KitaruUsageError("progress(): the message is empty")
    if percent is not None and not (math.isfinite(percent) and 0 <= percent <= 1):
        raise KitaruUsageError(f"progress(percent={percent!r}): give a share from 0 to 1")
    body = {"message": message, "percent": percent, "correlation_id": _correlation(scope, correlation_id)}
    scope.emit(kinds.PROGRESS, body | {"index": _index(scope, None), "fields": plain(fields)})


def publish(
    kind: str,
    payload: Mapping[str, Any] | None = None,
    *,
    message: str | None = None,
    correlation_id: str | None = None,
    index: int | None = None,
) -> None:
    """Publish a live event of your own from the running checkpoint.

    Parameters
    ----------
    kind
        What happened, for example ``"page.fetched"``.
    payload
        Plain data.
    message
        One line for people.
    correlation_id
        Groups what belongs together; one per attempt if not given.
    index
        Place in the order of the attempt's events; counts up by itself, and an index of your own must not go back.

    Raises
    ------
    KitaruContextError
        Outside of a checkpoint.
    KitaruUsageError
        If the kind is empty, reserved or has a line break, or the index goes back.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def fetch(url: str) -> str:
    ...     kitaru.events.publish("page.fetched", {"url": url})
    ...     return url
    """
    scope = require_call("kitaru.events.publish()")
    if not kind.strip() or "\n" in kind or kind in RESERVED:
        raise KitaruUsageError(f"publish(kind={kind!r}): give a word without line breaks, none of {sorted(RESERVED)}")
    body = {"kind": kind, "payload": plain(dict(payload or {})), "message": message}
    place = {"correlation_id": _correlation(scope, correlation_id), "index": _index(scope, index)}
    scope.emit(kinds.PUBLISHED, body | place)


def _correlation(scope: CallScope, given: str | None) -> str:
    return given or f"{scope.info.idempotency_key}#{scope.info.attempt}"


def _index(scope: CallScope, given: int | None) -> int:
    if given is not None and given < scope.events:
        raise KitaruUsageError(f"publish(index={given}): the next index of this attempt is {scope.events}")
    index = scope.events if given is None else given
    scope.events = index + 1
    return index


def current_execution_id() -> str | None:
    """Id of the execution that this code runs in, or None.

    Examples
    --------
    >>> import kitaru
    >>> kitaru.current_execution_id() is None
    True
    """
    scope = current_call.get()
    if scope is not None:
        return scope.info.exec_id
    execution = current_execution.get()
    return None if execution is None else execution.exec_id


def is_replay() -> bool:
    """Whether this code runs in a replay.

    Examples
    --------
    >>> import kitaru
    >>> kitaru.is_replay()
    False
    """
    scope = current_call.get()
    if scope is not None:
        return scope.info.is_replay
    execution = current_execution.get()
    return execution is not None and execution.is_replay


def idempotency_key() -> str:
    """A name for the running call that stays the same over its retries and resumes.

    Give it to systems that must not do the same thing twice: payments, mails, tickets.

    Raises
    ------
    KitaruContextError
        Outside of a checkpoint.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def pay(amount: int) -> str:
    ...     return kitaru.idempotency_key()
    """
    return require_call("kitaru.idempotency_key()").info.idempotency_key
