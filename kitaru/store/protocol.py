"""What the rest of Kitaru knows of a store: append events, read, payloads, watch.

Two classes implement `Store`: `kitaru.store.duckdb.DuckDBStore` owns the database in its own
process, and `kitaru.store.service.client.ServiceStore` speaks to a process that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kitaru.store.events import Event
    from kitaru.store.payloads import PayloadStore


class Expect(TypedDict, total=False):
    """Conditions on the state at the moment of writing; all must hold, or the batch is refused whole."""

    exec_id: str
    epoch: int
    """The execution's current epoch (0 before the first claim). Checked only if given."""
    statuses: list[str]
    """The execution's current status is one of these. Checked only if given."""
    wait_pending: str
    """The wait of this name is pending in the execution. Checked only if given."""
    absent: bool
    """No execution of this id exists."""


class Batch(TypedDict):
    """Events that are accepted or refused together."""

    events: list[Event]
    expect: NotRequired[Expect]


class Ack(TypedDict):
    """The writer's verdict on one batch, in the order of the batches.

    `position` is that of the batch's first event. A refusal says why: ``code`` is one of 'stale'
    (the runner's epoch is over), 'conflict' (an expectation failed) and 'missing' (no such execution).
    """

    position: int
    refused: NotRequired[Refusal]


class Refusal(TypedDict):
    """Why a batch was refused."""

    code: str
    message: str


class Watch(Protocol):
    """A live feed of events; iterate over it, and close it from any thread."""

    def __iter__(self) -> Iterator[Event]:
        """Yield events in journal order, as they are acknowledged; end when closed."""
        ...

    def close(self) -> None:
        """End the feed: a blocked iteration returns at once."""
        ...


class Store(Protocol):
    """The state of one Kitaru home.

    All methods are safe to call from any thread.
    """

    payloads: PayloadStore
    location: str
    """What to tell a person: a folder, or an address."""

    def append(self, batches: Sequence[Batch], *, durable: bool = True) -> list[Ack]:
        """Write events; return when they are on disk.

        With ``durable=False`` it returns as soon as they are accepted, and they are on disk within 100 ms.
        """
        ...

    def read(self, name: str, /, **parameters: Any) -> Any:
        """Answer a named question of `kitaru.store.database.reads`; everything acknowledged before is seen."""
        ...

    def sql(self, query: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> bytes:
        """Answer a user's read-only query over the public views, as an Arrow IPC stream."""
        ...

    def watch(self, *, after: int | None = None, executions: Iterable[str] = (), kinds: Iterable[str] = ()) -> Watch:
        """Follow events after the position `after` (None: from now), of some executions and kinds (empty: all)."""
        ...

    def beat(self, runner_id: str) -> None:
        """Say that a runner on another machine still lives."""
        ...

    def close(self) -> None:
        """Write out what is in memory and let go of files and connections; may be called twice."""
        ...


def current_position(store: Store) -> int:
    """Return the position of the last event that is acknowledged: what is watched from there on has no gap."""
    # An empty batch writes nothing and is told the position before it.
    return store.append([{"events": []}], durable=False)[0]["position"]
