"""What is recorded of one execution, as views need it: rows of the store, its children's included."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kitaru.store.protocol import Store

Row = dict[str, Any]

LOG_LINES: Final = 60
MOST_WHOLE: Final = 400
"""Of executions with more calls than this only those that are shown are read in full."""
MOST_CHILDREN: Final = 20
STREAM_CHARACTERS: Final = 4_000
CHUNK: Final = "kitaru.llm.chunk"
"""Kind of the live events that carry pieces of a model's text."""
_CHUNKS: Final = 100_000


@dataclass(slots=True)
class Record:
    """Rows of one execution.

    `calls` have the columns of the table of calls, so ``attempts`` is their number; they are in the order of the
    body. `streams` has for each call that a model speaks in the attempt and the end of its text.

    If there is a function `whole`, the rows of calls may have no more than what counting and folding needs; it
    returns the full rows of calls by their names.
    """

    head: Row
    calls: list[Row] = field(default_factory=list)
    waits: list[Row] = field(default_factory=list)
    logs: list[Row] = field(default_factory=list)
    streams: dict[str, tuple[int, str]] = field(default_factory=dict)
    children: dict[str, Record] = field(default_factory=dict)
    whole: Callable[[list[str]], Iterable[Row]] | None = None

    def complete(self, calls: Iterable[Row]) -> None:
        """Fill in what is missing in the rows of some calls."""
        missing = {call["name"]: call for call in calls if "inputs" not in call}
        if missing and self.whole is not None:
            for row in self.whole(list(missing)):
                missing[row["name"]].update(row)

    @property
    def position(self) -> int:
        """The journal position up to which it surely tells."""
        return int(self.head["last_position"])


def read_record(store: Store, exec_id: str, *, children: bool = True) -> Record:
    """Read an execution, the end of its output and its newest children.

    Raises
    ------
    KitaruNotFoundError
        If there is no execution of this id.
    """
    logs = store.read("logs", exec_id=exec_id, limit=LOG_LINES, tail=True)
    found = store.read("execution", exec_id=exec_id, most_whole=MOST_WHOLE)
    calls = [_as_stored(call) for call in found["calls"]]
    record = Record(found["execution"], calls, found["waits"], logs[-LOG_LINES:])
    if calls and "inputs" not in calls[0]:
        record.whole = partial(_read_whole, store, exec_id)
    for event in _chunks(store, record):
        add_chunk(record.streams, event)
    if children:
        for child in found["children"][-MOST_CHILDREN:]:
            try:
                record.children[child["exec_id"]] = read_record(store, child["exec_id"], children=False)
            except KitaruNotFoundError:  # deleted since its parent was read
                continue
    return record


def in_order(calls: Iterable[Row]) -> list[Row]:
    """Sort calls as the body made them."""
    return sorted(calls, key=_place)


def add_chunk(streams: dict[str, tuple[int, str]], event: Mapping[str, Any]) -> None:
    """Take a piece of a model's text; a new attempt begins anew, and only the end of a long text is kept."""
    body, call = event["body"], event.get("call")
    if body.get("kind") != CHUNK or not call:
        return
    attempt = event.get("attempt") or 1
    before, text = streams.get(call, (attempt, ""))
    told = (text if before == attempt else "") + str((body.get("payload") or {}).get("text") or "")
    streams[call] = attempt, told[-STREAM_CHARACTERS:]


def _chunks(store: Store, record: Record) -> list[Row]:
    """What models say right now; of calls that ended, the record has the whole answer."""
    running = [call["first_position"] for call in record.calls if call["status"] == "running"]
    if not running:
        return []
    exec_id, after = record.head["exec_id"], min(running)
    rows: list[Row] = store.read("events", exec_id=exec_id, kinds=[kinds.PUBLISHED], after=after, limit=_CHUNKS)
    return rows


def _read_whole(store: Store, exec_id: str, names: list[str]) -> list[Row]:
    found = store.read("calls", exec_id=exec_id, names=names, limit=len(names))
    return [_as_stored(call) for call in found["items"]]


def _as_stored(call: Row) -> Row:
    attempts = call["attempts"]
    started = attempts[-1]["started_at"] if attempts and attempts[-1]["attempt"] == call["attempt_count"] else None
    return {**call, "attempts": call["attempt_count"], "attempt_started_at": started}


def _place(call: Row) -> tuple[int, int]:
    return call["sequence"], call["first_position"]
