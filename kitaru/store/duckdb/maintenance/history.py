"""What one pass over the journal tells: executions, calls, deletions, and the payloads that events name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.store.events import Event
    from kitaru.store.journal.entry import Entry

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CALLS = frozenset({kinds.CALL_STARTED, kinds.CALL_REUSED})


@dataclass(slots=True)
class Account:
    """One execution as the journal has it."""

    calls: set[str] = field(default_factory=set)
    payloads: set[str] = field(default_factory=set)
    events: int = 0
    bytes: int = 0
    """Size of its events as JSON; of a record with several executions, an equal part per event."""


@dataclass(slots=True)
class History:
    """All executions that exist, and those that were deleted."""

    executions: dict[str, Account] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    """Deleted executions and the position of their last deletion."""
    events: int = 0
    removed: int = 0
    """Positions whose events were taken out."""
    position: int = 0
    """The last position that was read."""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> History:
        """Read the whole history."""
        history = cls()
        for entry in entries:
            history.add(entry)
        return history

    def add(self, entry: Entry) -> None:
        """Take one record."""
        record = entry.record
        self.position = entry.end
        self.removed += record.get("removed", 0)
        # Most records name no payload: looking into their values would be most of the work.
        has_payloads = b'"payload":"' in entry.payload
        share = len(entry.payload) // max(1, len(record["events"]))
        for position, event in enumerate(record["events"], record["position"]):
            self._add(event, position, share)
            if has_payloads and event["exec_id"] in self.executions:
                self.executions[event["exec_id"]].payloads.update(payload_digests(event))

    def _add(self, event: Event, position: int, share: int) -> None:
        self.events += 1
        exec_id = event["exec_id"]
        if event["kind"] == kinds.DELETED:
            self.deleted[exec_id] = position
            self.executions.pop(exec_id, None)
            return
        # Late events of a deleted execution would bring it back; only a new one of the same id does.
        if exec_id in self.deleted and exec_id not in self.executions and event["kind"] != kinds.CREATED:
            return
        account = self.executions.setdefault(exec_id, Account())
        account.events += 1
        account.bytes += share
        call = event.get("call")
        if call and event["kind"] in _CALLS:
            account.calls.add(call)

    def payloads(self) -> set[str]:
        """Return the digests of all payloads that something existing names."""
        return {digest for account in self.executions.values() for digest in account.payloads}


def payload_digests(value: Any) -> Iterator[str]:
    """Yield the digests of the payloads that the value records in `value` refer to.

    Examples
    --------
    >>> list(payload_digests({"output": {"codec": "json", "payload": "ab" * 32}})) == ["ab" * 32]
    True
    """
    if isinstance(value, dict):
        digest = value.get("payload")
        if "codec" in value and isinstance(digest, str) and _DIGEST.fullmatch(digest):
            yield digest
        for item in value.values():
            yield from payload_digests(item)
    elif isinstance(value, list):
        for item in value:
            yield from payload_digests(item)
