"""What code that runs inside a checkpoint knows of its call, on a kernel thread or in another process."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Emit = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class CallInfo:
    """The facts of one attempt; plain data, so that it travels to any process."""

    exec_id: str
    flow: str
    call: str
    checkpoint: str
    attempt: int
    idempotency_key: str
    is_replay: bool = False
    model: str | None = None
    """The model that a replay puts in place of the one that the code asks for."""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CallScope:
    """One running attempt: its facts, and the way back for what it reports while it runs.

    ``emit(kind, body)`` takes the kinds of `kitaru.store.events` that belong to a call. Values in
    a body travel as they are; whoever owns the execution encodes them.
    """

    info: CallInfo
    emit: Emit
    llm_calls: int = 0
    events: int = 0


current_call: Final[ContextVar[CallScope | None]] = ContextVar("kitaru_call", default=None)
