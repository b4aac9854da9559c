"""What is recorded of one execution, as views need it: rows of the store, its children's included."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kitaru.store.protocol import Store

Row = dict[str, Any]

LOG_LINES: Final = 60
MOST_WHOLE: Final = 200
"""Of executions with more calls than this only the rows that are shown are read."""
MOST_ROWS: Final = 100
CHILD_ROWS: Final = 20
FOLDING: Final = {"folded_concurrent": 5, "folded_alike": 20, "sample": 5}
"""More neighbours of one checkpoint are folded if they ran side by side, and more however they ran; some are shown."""
MOST_CHILDREN: Final = 20
STREAM_CHARACTERS: Final = 4_000
CHUNK: Final = "kitaru.llm.chunk"
"""Kind of the live events that carry pieces of a model's text."""
_CHUNKS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Outline:
    """Calls as the rows that are shown of them.

    Each of `rows` stands for `total` neighbours from the place `start` on, of which it has some in `calls`; `hidden` is
    the number of rows that are left out, `counts` that of all calls by their status, and `places` tells for each
    question how many calls began before it.
    """

    rows: list[Row]
    hidden: int
    counts: Mapping[str, int]
    places: list[int]


@dataclass(slots=True)
class Record:
    """Rows of one execution.

    `calls` have the columns of the table of calls, so ``attempts`` is their number; they are in the order of the
    body. Of an execution with many calls there is an `outline` in their place. `streams` has for each call that a model
    speaks in the attempt and the end of its text.
    """

    head: Row
    calls: list[Row] = field(default_factory=list)
    waits: list[Row] = field(default_factory=list)
    logs: list[Row] = field(default_factory=list)
    streams: dict[str, tuple[int, str]] = field(default_factory=dict)
    children: dict[str, Record] = field(default_factory=dict)
    outline: Outline | None = None

    @property
    def is_large(self) -> bool:
        """Whether it has more calls than one follows one by one; its children count."""
        family = [self, *self.children.values()]
        return any(one.outline is not None for one in family) or sum(len(one.calls) for one in family) > MOST_WHOLE

    @property
    def position(self) -> int:
        """The journal position up to which it surely tells."""
        return int(self.head["last_position"])


def read_record(store: Store, exec_id: str, *, most_rows: int = MOST_ROWS, children: bool = True) -> Record:
    """Read an execution, the end of its output and its newest children.

    Raises
    ------
    KitaruNotFoundError
        If there is no execution of this id.
    """
    logs = store.read("logs", exec_id=exec_id, limit=LOG_LINES, tail=True)
    found = store.read("outline", exec_id=exec_id, most_whole=MOST_WHOLE, most=most_rows, **FOLDING)
    record = Record(
        found["execution"], [_as_stored(call) for call in found["calls"]], found["waits"], logs[-LOG_LINES:]
    )
    if "rows" in found:
        rows = [{**row, "calls": [_as_stored(call) for call in row["calls"]]} for row in found["rows"]]
        record.outline = Outline(rows, found["hidden"], found["counts"], found["places"])
    for event in _chunks(store, record):
        add_chunk(record.streams, event)
    if children:
        for child in found["children"][-MOST_CHILDREN:]:
            try:
                record.children[child["exec_id"]] = read_record(
                    store, child["exec_id"], most_rows=CHILD_ROWS, children=False
                )
            except KitaruNotFoundError:  # deleted since its parent was read
                continue
    return record


def in_order(calls: Iterable[Row]) -> list[Row]:
    """Sort calls as the body made them."""
    return sorted(calls, key=itemgetter("sequence", "first_position"))


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
    calls = record.calls if record.outline is None else [call for row in record.outline.rows for call in row["calls"]]
    running = [call["first_position"] for call in calls if call["status"] == "running"]
    if not running:
        return []
    exec_id, after = record.head["exec_id"], min(running)
    rows: list[Row] = store.read("events", exec_id=exec_id, kinds=[kinds.PUBLISHED], after=after, limit=_CHUNKS)
    return rows


def _as_stored(call: Row) -> Row:
    attempts = call["attempts"]
    started = attempts[-1]["started_at"] if attempts and attempts[-1]["attempt"] == call["attempt_count"] else None
    return {**call, "attempts": call["attempt_count"], "attempt_started_at": started}
