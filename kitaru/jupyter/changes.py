"""From events to messages: what happens quickly in one execution is told together, and its last state is never lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kitaru.store import events as kinds

if TYPE_CHECKING:
    from kitaru.store.events import Event

SPACING: Final = 0.25
"""Seconds between two messages about one execution."""

URGENT_SPACING: Final = 0.05
"""The same where its status changed: a question or an end is told at once."""

MOST_CALLS: Final = 50
MOST_TEXT: Final = 4_000
CHUNK: Final = "kitaru.llm.chunk"
"""Kind of the published event that carries a piece of a model's answer."""

_FORGET: Final = 60.0
_STATUS: Final = {
    kinds.CREATED: "pending",
    kinds.CLAIMED: "running",
    kinds.WAIT_CREATED: "waiting",
    kinds.SUSPENDED: "waiting",
    kinds.COMPLETED: "completed",
    kinds.FAILED: "failed",
    kinds.CANCELLED: "cancelled",
    kinds.INTERRUPTED: "interrupted",
    kinds.DELETED: "deleted",
}
_UNSURE: Final = frozenset({kinds.WAIT_ANSWERED, kinds.WAIT_ABORTED})
"""After these the status depends on what else is recorded."""

_URGENT: Final = frozenset({*_STATUS, *_UNSURE})
_DEPLOYED: Final = kinds.DEPLOYMENT_EVENTS | kinds.SCHEDULE_EVENTS


@dataclass(slots=True)
class Burst:
    """What happened in an execution since it was last told."""

    kind: str = ""
    kinds: dict[str, None] = field(default_factory=dict)
    call: str | None = None
    calls: dict[str, None] = field(default_factory=dict)
    count: int = 0
    position: int = 0
    at: float = 0.0
    wait: str | None = None
    progress: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    urgent: bool = False

    def add(self, event: Event) -> None:
        """Take one more event."""
        kind, call, body = event["kind"], event.get("call"), event["body"]
        self.position, self.at = event.get("position", self.position), event["at"]
        if kind in _URGENT or not self.urgent:
            self.kind, self.urgent = kind, kind in _URGENT
        self.kinds.setdefault(kind)
        self.count += 1
        self.wait = body.get("wait") or self.wait
        if call is None:
            return
        self.call = call
        if len(self.calls) < MOST_CALLS:
            self.calls.setdefault(call)
        if call not in self.calls:
            return
        if kind == kinds.PROGRESS:
            self.progress[call] = {"message": body.get("message"), "percent": body.get("percent")}
        elif kind == kinds.PUBLISHED and body.get("kind") == CHUNK:
            said = self.texts.get(call, "") + str((body.get("payload") or {}).get("text", ""))
            self.texts[call] = said if len(said) <= MOST_TEXT else f"…{said[1 - MOST_TEXT :]}"


@dataclass(slots=True)
class Told:
    """What is known of an execution, and what of it waits to be told."""

    flow: str | None = None
    status: str | None = None
    burst: Burst | None = None
    last: float = float("-inf")
    """When something was last told."""

    @property
    def due(self) -> float:
        """When its burst is to be told; never, if there is none."""
        if self.burst is None:
            return float("inf")
        return self.last + (URGENT_SPACING if self.burst.urgent else SPACING)


class Changes:
    """Gathers events by execution and hands them out when they are due. Not for two threads at a time.

    Examples
    --------
    >>> changes = Changes()
    >>> for n in (1, 2):
    ...     changes.add({"kind": "call.started", "at": 0.0, "exec_id": "kr-1", "body": {}, "call": "a", "position": n})
    >>> [(exec_id, told.burst.count) for exec_id, told in changes.due(now=0.0)]
    [('kr-1', 2)]
    """

    def __init__(self) -> None:
        self._executions: dict[str, Told] = {}
        self._waiting: dict[str, Told] = {}
        self._swept = float("-inf")

    def add(self, event: Event) -> None:
        """Take an event; of those that belong to no execution, what deployments and schedules are told of together."""
        exec_id, kind = event["exec_id"], event["kind"]
        if not exec_id and kind not in _DEPLOYED:
            return
        told = self._executions.setdefault(exec_id, Told())
        if kind == kinds.CREATED or not exec_id:
            told.flow = event["body"].get("flow")
        if kind in _UNSURE:
            told.status = None
        else:
            told.status = _STATUS.get(kind, told.status)
        if told.burst is None:
            told.burst = Burst()
            self._waiting[exec_id] = told
        told.burst.add(event)

    def next_due(self) -> float:
        """Return when the next burst is due; infinity if there is none."""
        return min((told.due for told in self._waiting.values()), default=float("inf"))

    def due(self, now: float) -> list[tuple[str, Told]]:
        """Take the bursts that are due, in the order of their last events."""
        ready = [(exec_id, told) for exec_id, told in self._waiting.items() if told.due <= now]
        taken = []
        for exec_id, told in ready:
            del self._waiting[exec_id]
            taken.append((exec_id, Told(told.flow, told.status, told.burst)))
            told.burst, told.last = None, now
        self._forget(now)
        return sorted(taken, key=_position)

    def learn(self, exec_id: str, flow: str | None, status: str | None) -> None:
        """Remember what was looked up."""
        told = self._executions.get(exec_id)
        if told is not None:
            told.flow = flow
            told.status = told.status or status

    def _forget(self, now: float) -> None:
        if now < self._swept + _FORGET:
            return
        self._swept = now
        old = [name for name, told in self._executions.items() if told.burst is None and told.last + _FORGET < now]
        for exec_id in old:
            del self._executions[exec_id]


def _position(taken: tuple[str, Told]) -> int:
    return taken[1].burst.position if taken[1].burst is not None else 0
