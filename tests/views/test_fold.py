"""The fold of events and what is built from the record are the same document."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kitaru
from kitaru.errors import KitaruNotFoundError
from kitaru.store.database import Database
from kitaru.views.build import view_of
from kitaru.views.fold import Fold
from kitaru.views.record import read_record
from tests.store.database.histories import E1, MEMORY, apply, histories

if TYPE_CHECKING:
    from kitaru.client import KitaruClient


def document(record: Any) -> dict[str, Any]:
    return view_of(record).model_dump(exclude={"at", "position"})


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories(), at=st.floats(0, 1))
def test_events_folded_over_a_record_are_what_is_built_from_the_record(
    history: list[dict[str, Any]], at: float
) -> None:
    database, taken = Database(MEMORY), []
    seed = None
    cut = max(2, int(at * len(history)))
    for number, event in enumerate(history):
        if number == cut:
            try:
                seed = read_record(database, E1)  # type: ignore[arg-type]  # it answers reads as a store does
            except KitaruNotFoundError:
                break
        refused = apply(database, {**event})
        if seed is not None and not refused and event["kind"] != "execution.deleted":
            taken.append((database.position, event))
    if seed is None or any(event["kind"] == "execution.deleted" and event["exec_id"] == E1 for event in history):
        return
    fold = Fold(E1, seed)
    for position, event in taken:
        fold.apply(position, [event])  # type: ignore[list-item]  # as runners write it
    assert document(fold.record()) == document(read_record(database, E1))  # type: ignore[arg-type]


@kitaru.checkpoint
def double(n: int) -> int:
    print(f"doubling {n}")
    return 2 * n


@kitaru.flow
def inner(n: int) -> int:
    return double(n)


@kitaru.flow
def outer(n: int) -> int:
    started.set()
    go_on.wait(60)
    return sum(double.map(range(n)).result()) + inner.run(n).wait()


started, go_on = threading.Event(), threading.Event()


def test_what_this_process_writes_is_folded_without_reading_it_back_children_included(client: KitaruClient) -> None:
    tap: deque[Any] = deque()
    handle = outer.run(8)
    assert started.wait(60)
    client.engine.outbox.tap(handle.exec_id, tap)
    fold = Fold(handle.exec_id, read_record(client.store, handle.exec_id))
    go_on.set()
    handle.wait(60)
    client.engine.outbox.flush()
    client.engine.outbox.untap(tap)
    for position, events in tap:
        fold.apply(position, events)
    assert document(fold.record()) == document(read_record(client.store, handle.exec_id))
    assert [child.head["flow"] for child in fold.record().children.values()] == ["inner"]
