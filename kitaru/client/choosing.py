"""What a person means by a few words: which open question, and which override of a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.models import Execution, PendingWait

_FIELDS: Final = ("output", "model", "code", "input")


def open_question(client: KitaruClient, execution: str | None = None, wait: str | None = None) -> PendingWait:
    """Find the question that is meant; none of another execution is ever taken.

    Parameters
    ----------
    client
        Where to look.
    execution
        Id of its execution, or the beginning of it; not needed if only one question is open anywhere.
    wait
        Name or id of the question.

    Raises
    ------
    KitaruStateError
        If no question is open, or if several are; the message lists them.

    Examples
    --------
    >>> from kitaru.client import KitaruClient
    >>> open_question(KitaruClient())
    Traceback (most recent call last):
    kitaru.errors.KitaruStateError: No question is open. They come from kitaru.wait() in a flow.
    """
    if execution is not None:
        return client.executions.pending_wait(execution, wait)
    pending = client.executions.pending_waits()
    chosen = [one for one in pending if wait in (None, one.name, one.wait_id)]
    if len(chosen) == 1:
        return chosen[0]
    if not pending:
        raise KitaruStateError("No question is open. They come from kitaru.wait() in a flow.")
    listed = "; ".join(f"{one.exec_id} --wait {one.name} ({one.question or 'Go on?'})" for one in pending[:10])
    raise KitaruStateError(f"{len(pending)} questions are open, say which one: {listed}")


def add_override(source: Execution, changes: dict[str, Any], target: str, value: Any) -> None:
    """Sort one override of a replay into those of the flow, of a checkpoint or of one call.

    Parameters
    ----------
    source
        The execution that is replayed, with its calls.
    changes
        Has ``flow_overrides``, ``checkpoint_overrides`` and ``invocation_overrides``; one of them is added to.
    target
        ``ARGUMENT`` of the flow; ``CALL.ARGUMENT``; ``CALL.output``, ``CALL.model`` or ``CALL.code``. An argument
        that is called like one of these is meant where the call has it; ``CALL.input.ARGUMENT`` always means it.
    value
        The new value.

    Raises
    ------
    KitaruUsageError
        If the target has no meaning.

    Examples
    --------
    >>> changes = {"flow_overrides": {}, "checkpoint_overrides": {}, "invocation_overrides": {}}
    >>> add_override(None, changes, "topic", "dogs")
    >>> changes["flow_overrides"]
    {'topic': 'dogs'}
    """
    call, dot, field = target.strip().partition(".")
    if not call or (dot and not field):
        raise KitaruUsageError(
            f"--set {target}=…: write CALL.output, CALL.ARGUMENT, or an ARGUMENT of the flow itself."
        )
    if not dot:
        changes["flow_overrides"][call] = value
        return
    calls = [one for one in source.checkpoints if call in (one.checkpoint, one.name)]
    by_checkpoint = any(one.checkpoint == call for one in calls)
    overrides = changes["checkpoint_overrides" if by_checkpoint else "invocation_overrides"].setdefault(call, {})
    is_argument = any(field in one.inputs for one in calls)
    if field in _FIELDS[:-1] and not is_argument:
        overrides[field] = value
    else:
        overrides.setdefault("input", {})[field.removeprefix("input.")] = value
