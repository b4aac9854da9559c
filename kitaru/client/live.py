"""What happens in an execution, from its beginning on and while it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.client import records
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.client.client import KitaruClient
    from kitaru.client.lines import ExecutionEvent, LogEntry

LAST: Final = frozenset({kinds.COMPLETED, kinds.FAILED, kinds.CANCELLED, kinds.INTERRUPTED, kinds.DELETED})
_AT_REST: Final = frozenset({"completed", "failed", "cancelled", "interrupted"})
_CHUNK: Final = 1000


class Live:
    """Reads the past and follows what comes, without a gap and without a repetition."""

    def __init__(self, client: KitaruClient) -> None:
        self._client = client

    def events(
        self, exec_id: str, wanted: frozenset[str] | None, call: str | None, since: int | None, follow: bool
    ) -> Iterator[ExecutionEvent]:
        """Yield events after the position `since`."""
        store = self._client.store
        # Subscribed before the past is read, so that nothing falls between the two.
        watch = store.watch(executions=[exec_id]) if follow else None
        try:
            over = watch is None or self._at_rest(exec_id)
            position = since or 0
            for row in self._past(exec_id, wanted, since):
                position = row["position"]
                if call is None or row.get("call") == call:
                    yield records.event(row)
            if watch is None or over:
                return
            for event in watch:
                if event["position"] <= position:
                    if event["kind"] in LAST:
                        return
                    continue
                if (wanted is None or event["kind"] in wanted) and call in (None, event.get("call")):
                    yield records.event(event)
                if event["kind"] in LAST:
                    return
        finally:
            if watch is not None:
                watch.close()

    def logs(self, exec_id: str, call: str | None, limit: int, tail: bool, follow: bool) -> Iterator[LogEntry]:
        """Yield lines of output."""
        store = self._client.store
        followed = [kinds.LOG_WRITTEN, *LAST]
        watch = store.watch(executions=[exec_id], kinds=followed) if follow else None
        try:
            over = watch is None or self._at_rest(exec_id)
            position = 0
            for row in store.read("logs", exec_id=exec_id, call=call, limit=limit, tail=tail):
                position = row["position"]
                yield records.log_entry(row, position, row["at"])
            if watch is None or over:
                return
            for event in watch:
                if event["position"] > position and event["kind"] == kinds.LOG_WRITTEN:
                    yield from _lines(event, call)
                if event["kind"] in LAST:
                    return
        finally:
            if watch is not None:
                watch.close()

    def _past(self, exec_id: str, wanted: frozenset[str] | None, since: int | None) -> Iterator[Any]:
        after = since
        while True:
            rows = self._client.store.read(
                "events", exec_id=exec_id, kinds=None if wanted is None else sorted(wanted), after=after, limit=_CHUNK
            )
            yield from rows
            if len(rows) < _CHUNK:
                return
            after = rows[-1]["position"]

    def _at_rest(self, exec_id: str) -> bool:
        return self._client.store.read("head", exec_id=exec_id)["execution"]["status"] in _AT_REST


def _lines(event: Any, call: str | None) -> Iterator[LogEntry]:
    if call not in (None, event.get("call")):
        return
    for line in event["body"]["lines"]:
        told = {"call": event.get("call"), "attempt": event.get("attempt"), **line}
        yield records.log_entry(told, event["position"], event["at"])
