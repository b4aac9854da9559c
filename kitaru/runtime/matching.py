"""Matching: which recorded call a call of the body stands for, when the body runs again.

A call takes the recorded one of the same name *and the same inputs*; so a fan-out whose calls come
in another order still takes the right results. Where no inputs match, the recorded call at this
position decides: if it ran alone, the code does something else than what was recorded, and that is
a divergence; if other calls were in flight, it is a new call.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kitaru.store.value_record import ValueRecord

FINISHED = frozenset({"completed", "reused"})


@dataclass(slots=True)
class RecordedCall:
    """One call of an earlier run of the body."""

    name: str
    checkpoint: str
    sequence: int
    status: str
    concurrent: bool
    input_digest: str
    inputs: Mapping[str, Mapping[str, Any]]
    output: ValueRecord | None = None
    attempts: int = 0
    first_position: int = 0
    end_position: int | None = None
    explicit: bool = False

    @property
    def finished(self) -> bool:
        """Whether its output can be taken."""
        return self.status in FINISHED and self.output is not None


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict: `recorded` is None for a new call; `diverged` if nothing recorded fits."""

    name: str
    recorded: RecordedCall | None = None
    diverged: bool = False


@dataclass(slots=True)
class Matcher:
    """Hands out each recorded call at most once."""

    recorded: Iterable[RecordedCall] = ()
    on_divergence: Literal["error", "rerun", "reuse"] = "error"
    _by_name: dict[str, RecordedCall] = field(init=False)
    _unused: dict[tuple[str, str], list[RecordedCall]] = field(init=False)
    _used: set[str] = field(init=False, default_factory=set)
    _taken: set[str] = field(init=False, default_factory=set)
    _counts: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        calls = sorted(self.recorded, key=lambda call: call.sequence)
        self.recorded = calls
        self._by_name = {call.name: call for call in calls}
        self._unused = defaultdict(list)
        for call in reversed(calls):  # so that pop() hands out the earliest
            self._unused[call.checkpoint, call.input_digest].append(call)
        self._counts = defaultdict(int)

    def match(
        self,
        checkpoint: str,
        input_digest: str,
        *,
        name: str | None = None,
        base: str | None = None,
        position: str | None = None,
    ) -> Match:
        """Find the recorded call for the next call of `checkpoint` with these inputs.

        Parameters
        ----------
        checkpoint
            Name of the checkpoint's function.
        input_digest
            Digest of all inputs together.
        name
            The explicit ``id=`` of the call, if it has one.
        base
            What automatic names are made of; the checkpoint's name if not given.
        position
            The name that the call has if nothing is recorded for it; by the order of the calls if not given.
        """
        if name is not None:
            return self._named(name, input_digest)
        position = position or self._next_name(base or checkpoint)
        same = self._pop_unused(checkpoint, input_digest, position)
        if same is not None:
            return self._take(same)
        here = self._by_name.get(position)
        if here is None or here.name in self._used:
            return Match(self._free_name(position, base or checkpoint))
        if here.concurrent and self.on_divergence == "error":
            return Match(self._free_name(position, base or checkpoint))
        return self._diverged(here)

    def reserve(self, base: str) -> str:
        """Count a call of `base` that is matched later; return the `position` that it has then."""
        return self._next_name(base)

    def named(self, name: str) -> RecordedCall | None:
        """The recorded call of this name."""
        return self._by_name.get(name)

    def unused(self) -> list[RecordedCall]:
        """Recorded calls that nothing asked for."""
        return [call for call in self.recorded if call.name not in self._used]

    def _named(self, name: str, input_digest: str) -> Match:
        recorded = self._by_name.get(name)
        if recorded is None or name in self._used:
            self._taken.add(name)
            return Match(name)
        return self._take(recorded) if recorded.input_digest == input_digest else self._diverged(recorded)

    def _diverged(self, here: RecordedCall) -> Match:
        if self.on_divergence == "reuse":
            return self._take(here)
        if self.on_divergence == "rerun" or here.status == "failed":
            # The call keeps its name and counts its attempts on; what was recorded for it is replaced. A call that
            # failed has left nothing that could be mistaken for its result.
            return self._take(replace(here, status="replaced", output=None))
        return Match(here.name, here, diverged=True)

    def _take(self, recorded: RecordedCall) -> Match:
        self._use(recorded)
        return Match(recorded.name, recorded)

    def _use(self, recorded: RecordedCall) -> None:
        self._used.add(recorded.name)
        self._taken.add(recorded.name)

    def _pop_unused(self, checkpoint: str, input_digest: str, position: str) -> RecordedCall | None:
        """Prefer the call at this position, so that equal inputs keep their names; else the earliest."""
        candidates = self._unused.get((checkpoint, input_digest))
        if not candidates:
            return None
        here = self._by_name.get(position)
        wanted = (checkpoint, input_digest)
        if here is not None and here.name not in self._used and (here.checkpoint, here.input_digest) == wanted:
            return here
        while candidates and (candidates[-1].name in self._used or candidates[-1].explicit):
            candidates.pop()
        return candidates[-1] if candidates else None

    def _next_name(self, base: str) -> str:
        self._counts[base] += 1
        count = self._counts[base]
        return base if count == 1 else f"{base}_{count}"

    def _free_name(self, position: str, base: str) -> str:
        """Take `position` if no call has it, recorded or new; else the next number that is free."""
        name, number = position, max(self._counts[base], 1)
        while name in self._taken or name in self._by_name:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name

    def is_taken(self, name: str) -> bool:
        """Whether a call of this run has the name already."""
        return name in self._taken
