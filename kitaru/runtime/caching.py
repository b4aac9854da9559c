"""Reuse across executions: a call takes what an earlier execution recorded for the same code and inputs.

The key is the checkpoint's code (with everything of the user's that it reaches) and the content of its inputs. Once
per execution the hashes of all of a checkpoint's keys are fetched: so a call for which nothing is recorded costs no
query, however much is recorded for others. Where they are many, the calls that wait are asked for together, and with
each question it pays to fetch more of them. Results are fetched some at a time, more each time.
"""

from __future__ import annotations

import hashlib
import threading
import time
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

from kitaru.runtime.calls import Reuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kitaru.runtime.calls import Call
    from kitaru.store.protocol import Store

FEW, MORE, MANY = 2_000, 15_000, 500_000
"""How many hashes are fetched at most: with the first question, more with each further one, and ever."""

MOST = 1000
"""How many results are fetched at once, at most."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the results of one checkpoint; keys are known by their CRC-32."""

    recorded: array[int] | None = None
    """Sorted hashes of all keys that have a result; None if they are too many."""
    begun: frozenset[int] = frozenset()
    """Hashes of keys whose calls had begun: perhaps they have a result by now."""
    told: Mapping[int, bool] = field(default_factory=dict)
    """Which of the hashes that were asked for have a result, as long as `recorded` is None."""
    questions: int = 0
    """How often hashes were asked for."""
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The results that were fetched, by their keys."""

    def has_result(self, number: int) -> bool | None:
        """Whether a key may have a result; None if that is to be asked."""
        has = self.told.get(number) if self.recorded is None else _holds(self.recorded, number)
        return None if number in self.begun and not has else has

    def with_answer(self, answer: Mapping[str, Any], asked: Iterable[int]) -> Known:
        """Return what is known after a question."""
        recorded, begun = answer["recorded"], frozenset(answer["begun"])
        found = frozenset(answer["found"])
        # What has begun and is not found is asked for again.
        told = {number: number in found for number in asked if number in found or number not in begun}
        return Known(
            None if recorded is None else array("L", recorded),
            begun,
            {**self.told, **told} if recorded is None else {},
            self.questions + 1,
            self.entries,
        )


def _holds(numbers: array[int], wanted: int) -> bool:
    place = bisect_left(numbers, wanted)
    return place < len(numbers) and numbers[place] == wanted


class ResultCache:
    """The recorded results that one execution may reuse.

    Parameters
    ----------
    store
        Where they are recorded.
    enabled
        Whether checkpoints that say nothing themselves use it.
    forced
        Whether `enabled` was asked for in ``.run()``: False wins over checkpoints that ask for reuse, True makes
        replays reuse results of further executions. A checkpoint's own ``cache=False`` always holds.
    """

    def __init__(self, store: Store, *, enabled: bool, forced: bool) -> None:
        self._store = store
        self._enabled = enabled
        self._forced = forced
        self._known: dict[str, Known] = {}
        self._fetched: Counter[str] = Counter()
        """How often results of a checkpoint were fetched."""
        self._waiting: defaultdict[str, set[int]] = defaultdict(set)
        """Hashes of keys whose calls wait for an answer."""
        self._lock = threading.Lock()
        self._warned: set[tuple[str, str]] = set()

    def find(self, call: Call) -> Reuse | None:
        """Find a recorded result for the call; note on the call what it may be found by later."""
        spec = call.spec
        call.code_id = code_id = _code_id(call)
        if call.opaque or not self._wanted(call):
            self._explain_once(call)
            return None
        call.cache_key = key = _key(call, code_id)
        entry = self._entry(code_id, key)
        if entry is None or (spec.ttl is not None and time.time() - entry["at"] > spec.ttl):
            return None
        output = entry.get("output") or self._store.read("call_output", exec_id=entry["exec_id"], call=entry["call"])
        why = f"same code and inputs as call {entry['call']!r} of execution {entry['exec_id']}"
        return Reuse(output, "cache", why, entry["exec_id"], entry["call"])

    def _wanted(self, call: Call) -> bool:
        if call.spec.cache is False or (self._forced and not self._enabled):
            return False
        if call.execution.is_replay and not self._forced:
            return False
        return self._enabled or bool(call.spec.cache)

    def _entry(self, code_id: str, key: str) -> dict[str, Any] | None:
        known, number = self._known.get(code_id), crc32(key.encode())
        if known is None or (key not in known.entries and known.has_result(number) is not False):
            self._waiting[code_id].add(number)
            with self._lock:
                known = self._look_up(code_id, key, number)
        return known.entries.get(key)

    def _look_up(self, code_id: str, key: str, number: int) -> Known:
        """Ask the store for what it knows of a key; the lock is held."""
        known = self._known.get(code_id) or Known()
        while known.has_result(number) is None:
            known = self._known[code_id] = self._ask(code_id, known, number)
        if key not in known.entries and known.has_result(number):
            limit = min(16 ** self._fetched[code_id], MOST)
            found = self._store.read("cache", cache_key=key, limit=limit)
            known.entries.update({entry["cache_key"]: entry for entry in found})
            self._fetched[code_id] += 1
        return known

    def _ask(self, code_id: str, known: Known, number: int) -> Known:
        """Ask for hashes, for those of all calls that wait at once."""
        asked = self._waiting.pop(code_id, set()) | {number}
        limit = min(MORE * known.questions, MANY) or FEW
        # What had begun has a result if it has completed since: only the settled rows can tell.
        settled = {"settled": True} if number in known.begun else {}
        answer = self._store.read("cache_keys", code_id=code_id, limit=limit, wanted=[*asked], **settled)
        return known.with_answer(answer, asked)

    def _explain_once(self, call: Call) -> None:
        """Say once per argument why results of a call cannot be reused."""
        if not call.opaque or not self._wanted(call):
            return
        fresh = [name for name in call.opaque if (call.spec.name, name) not in self._warned]
        if not fresh:
            return
        self._warned.update((call.spec.name, name) for name in fresh)
        names = ", ".join(repr(name) for name in fresh)
        text = (
            f"results of {call.spec.name}() are not reused by other executions: the content of {names} cannot be "
            "digested. Pass plain data, or give the class a method __kitaru_digest__()."
        )
        call.execution.post("execution.logged", {"metadata": {"kitaru_notes": {call.spec.name: text}}})


def _code_id(call: Call) -> str:
    return code_id(call.spec.name, call.function)


def code_id(name: str, function: Callable[..., Any]) -> str:
    """Identify a checkpoint by its name and its code, with everything of the user's that it reaches."""
    from kitaru.code import code_identity

    return hashlib.sha256(f"{name}\n{code_identity(function)}".encode()).hexdigest()[:32]


def _key(call: Call, code_id: str) -> str:
    from kitaru.runtime.values import digest

    parts = [code_id, call.input_digest]
    if call.spec.depends_on:
        parts.append(digest(call.spec.depends_on) or "?")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
