"""Reuse across executions: a call takes what an earlier execution recorded for the same code and inputs.

The key is the checkpoint's code (with everything of the user's that it reaches) and the content of its inputs. Once
per execution the hashes of all of a checkpoint's keys are fetched: so a call for which nothing is recorded costs no
query, however much is recorded for others. Results are fetched some at a time, more each time.
"""

from __future__ import annotations

import hashlib
import threading
import time
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

from kitaru.runtime.calls import Reuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.runtime.calls import Call
    from kitaru.store.protocol import Store

FEW, MANY = 2_000, 500_000
"""How many hashes are fetched at once: at first, and once it is clear that many results are asked for."""

MOST = 1000
"""How many results are fetched at once, at most."""

PATIENCE = 8
"""How many results are asked for one by one before many hashes are fetched."""


@dataclass(slots=True)
class Known:
    """What is known of the results of one checkpoint."""

    recorded: array[int] | None
    """Sorted hashes of all keys that have a result; None if they are too many."""
    begun: frozenset[int]
    """Hashes of keys whose calls had begun: perhaps they have a result by now."""
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    fetched: int = 0
    """How often results were fetched."""

    def has_result(self, key: str) -> bool:
        """Whether a key may have a result."""
        return self.recorded is None or _holds(self.recorded, crc32(key.encode()))

    def has_begun(self, key: str) -> bool:
        """Whether a key has a result only if its call has completed since it began."""
        return crc32(key.encode()) in self.begun and not self.has_result(key)


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
        known = self._known.get(code_id)
        if known is None or (key not in known.entries and (known.has_result(key) or known.has_begun(key))):
            with self._lock:
                known = self._look_up(code_id, key)
        return known.entries.get(key)

    def _look_up(self, code_id: str, key: str) -> Known:
        """Ask the store for what it knows of a key; the lock is held."""
        known = self._known.get(code_id) or self._ask(code_id, limit=FEW)
        if known.has_begun(key):
            known = self._ask(code_id, settled=True, limit=MANY)
        elif known.recorded is None and known.fetched == PATIENCE:
            known = self._ask(code_id, limit=MANY)
        if key not in known.entries and known.has_result(key):
            found = self._store.read("cache", cache_key=key, limit=min(16**known.fetched, MOST))
            known.entries |= {entry["cache_key"]: entry for entry in found}
            known.fetched += 1
        return known

    def _ask(self, code_id: str, **parameters: Any) -> Known:
        answer = self._store.read("cache_keys", code_id=code_id, **parameters)
        recorded, before = answer["recorded"], self._known.get(code_id)
        known = Known(None if recorded is None else array("L", recorded), frozenset(answer["begun"]))
        if before is not None:
            known.entries, known.fetched = before.entries, before.fetched + 1
        self._known[code_id] = known
        return known

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
