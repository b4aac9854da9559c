"""Reuse across executions: a call takes what an earlier execution recorded for the same code and inputs.

The key is the checkpoint's code (with everything of the user's that it reaches) and the content of its
inputs. The newest results of a checkpoint are fetched once per execution, and hashes of all its keys where these
are too many: so a call for which nothing is recorded costs no query, however much is recorded for others.
"""

from __future__ import annotations

import hashlib
import threading
import time
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

from kitaru.runtime.calls import Reuse

if TYPE_CHECKING:
    from kitaru.runtime.calls import Call
    from kitaru.store.protocol import Store

PREFETCH = 1000
"""How many results of a checkpoint are fetched at once."""


@dataclass(slots=True)
class Known:
    """What is known of the results of one checkpoint."""

    entries: dict[str, dict[str, Any]]
    complete: bool
    hashes: array[int] | None = None
    """Sorted, of all keys there are; None if they are too many, or not fetched."""

    def may_hold(self, key: str) -> bool:
        """Whether the store may have a result for a key."""
        if self.hashes is None:
            return True
        wanted = crc32(key.encode())
        place = bisect_left(self.hashes, wanted)
        return place < len(self.hashes) and self.hashes[place] == wanted


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
        known = self._known.get(code_id) or self._fetch(code_id)
        if key not in known.entries and not known.complete and known.may_hold(key):
            with self._lock:
                if key not in known.entries:
                    self._fetch_from(known, code_id, key)
        return known.entries.get(key)

    def _fetch(self, code_id: str) -> Known:
        with self._lock:
            if code_id in self._known:
                return self._known[code_id]
            answer = self._store.read("cache", code_id=code_id, limit=PREFETCH)
            known = Known({entry["cache_key"]: entry for entry in answer["entries"]}, answer["complete"])
            if not known.complete:
                hashes = self._store.read("cache_hashes", code_id=code_id)
                known.hashes = None if hashes is None else array("L", hashes)
            self._known[code_id] = known
            return known

    def _fetch_from(self, known: Known, code_id: str, key: str) -> None:
        """Fetch the result for a key, and those that were recorded after it: they are likely to be asked for next."""
        entry = self._store.read("cache_entry", cache_key=key)
        if entry is None:
            return
        following = self._store.read("cache", code_id=code_id, limit=PREFETCH, since=entry["position"])
        known.entries.update((found["cache_key"], found) for found in following["entries"])
        known.entries[key] = entry

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
    from kitaru.code import code_identity

    identity = code_identity(call.function)
    return hashlib.sha256(f"{call.spec.name}\n{identity}".encode()).hexdigest()[:32]


def _key(call: Call, code_id: str) -> str:
    from kitaru.runtime.values import digest

    parts = [code_id, call.input_digest]
    if call.spec.depends_on:
        parts.append(digest(call.spec.depends_on) or "?")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
