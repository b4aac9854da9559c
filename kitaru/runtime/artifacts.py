"""Values saved by hand, and values of any execution loaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError, KitaruStateError, KitaruUsageError
from kitaru.runtime.execution import current_execution
from kitaru.runtime.reporting import plain
from kitaru.runtime.values import decode, encode
from kitaru.stacks.scope import current_call
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from kitaru.runtime.execution import Execution

KINDS: Final = ("prompt", "response", "context", "input", "output", "blob")


def save(name: str, value: Any, *, type: str = "output", tags: list[str] | None = None) -> None:  # noqa: A002
    """Save a value under a name, in a checkpoint or in the body of a flow.

    Parameters
    ----------
    name
        What it is called; saving a name again keeps both, and `load` gives the newest.
    value
        Anything that can be stored.
    type
        One of prompt, response, context, input, output, blob.
    tags
        Words to find it by.

    Raises
    ------
    KitaruContextError
        Outside of a flow.
    KitaruUsageError
        If the name is empty or the type unknown.
    KitaruSerializationError
        If the value cannot be stored.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def research(topic: str) -> str:
    ...     kitaru.save("notes", {"topic": topic, "sources": 3}, type="context")
    ...     return topic
    """
    kind = type.lower()
    if kind not in KINDS:
        raise KitaruUsageError(f"save({name!r}, type={type!r}): the types are {', '.join(KINDS)}")
    if not name.strip() or "/" in name:
        raise KitaruUsageError(f"save({name!r}): give a name that is not empty and has no slash")
    body = {"name": name, "kind": kind, "tags": plain(tags or [])}
    scope = current_call.get()
    if scope is not None:
        scope.emit(kinds.ARTIFACT_SAVED, body | {"live_value": value})
        return
    execution = current_execution.get()
    if execution is None:
        from kitaru.errors import KitaruContextError

        raise KitaruContextError(f"kitaru.save({name!r}) is called outside of a flow: a value belongs to an execution.")
    execution.check()
    record = encode(value, execution.payloads, where=name)
    if not _is_saved(execution, name, kind, record["digest"]):
        execution.post(kinds.ARTIFACT_SAVED, body | {"value": record})


def _is_saved(execution: Execution, name: str, kind: str, digest: str) -> bool:
    """Whether an earlier run of the body saved this already: when it runs again its saves stand for the same ones."""
    with execution.lock:
        saved = execution.history.saved
        saved[name, kind, digest] -= 1
        return saved[name, kind, digest] >= 0


def load(execution: str, name: str) -> Any:
    """Load a value of a recorded execution; works anywhere, not only in checkpoints.

    Parameters
    ----------
    execution
        Id of the execution, or the beginning of it. ``"latest"`` is the newest one, ``"latest:flow"`` the newest of
        a flow.
    name
        Name of a saved value, of a call, or of a checkpoint; the newest wins.

    Returns
    -------
    Any
        The value, as it was saved.

    Raises
    ------
    KitaruNotFoundError
        If there is no such execution or value; the message lists what there is.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def answer() -> int:
    ...     return 42
    >>> @kitaru.flow
    ... def ask() -> int:
    ...     return answer()
    >>> handle = ask.run()
    >>> handle.wait()
    42
    >>> kitaru.load(handle.exec_id, "answer")
    42
    """
    from kitaru.runtime.engine import engine

    running = engine()
    running.outbox.flush()
    exec_id = _resolve(execution)
    recorded = running.store.read("execution", exec_id=exec_id)
    saved = [row for row in recorded["saved"] if row["name"] == name]
    if saved:
        return decode(saved[-1]["value"], running.store.payloads)
    calls = [row for row in recorded["calls"] if name in (row["name"], row["checkpoint"]) and row.get("output")]
    exact = [row for row in calls if row["name"] == name]
    if not calls:
        known = {row["name"] for row in recorded["saved"]} | {
            row["name"] for row in recorded["calls"] if row.get("output")
        }
        raise KitaruNotFoundError(
            f"Execution {exec_id} has no value {name!r}; it has: {', '.join(sorted(known)) or 'none'}."
        )
    return decode((exact or calls)[-1]["output"], running.store.payloads)


def _resolve(execution: str) -> str:
    from kitaru.runtime.engine import engine

    word, _, flow = execution.partition(":")
    if word != "latest":
        return engine().resolve(execution)
    found = engine().store.read("executions", flow=flow or None, limit=1)["items"]
    if not found:
        raise KitaruStateError(f"No execution {'of ' + flow if flow else 'yet'} is recorded.")
    return str(found[0]["exec_id"])
