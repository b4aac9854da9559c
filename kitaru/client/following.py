"""What happened in an execution and what happens: output and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.client.finding import Finding
from kitaru.client.live import Live
from kitaru.errors import KitaruNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.client.lines import ExecutionEvent, LogEntry


class Following(Finding):
    """Reads and follows output and events; a part of ``client.executions``."""

    def logs(
        self,
        exec_id: str,
        *,
        checkpoint: str | None = None,
        limit: int = 1000,
        tail: bool = False,
        follow: bool = False,
    ) -> Iterable[LogEntry]:
        """Read captured output.

        Parameters
        ----------
        exec_id
            The execution.
        checkpoint
            Name of a call; None for all, and for what the body wrote.
        limit
            The most lines of the past.
        tail
            The last lines instead of the first.
        follow
            Return an iterator that goes on with new lines until the execution has ended or was interrupted.

        Returns
        -------
        list of LogEntry, or an iterator with `follow`

        Raises
        ------
        KitaruNotFoundError
            If there is no such execution or, without `follow`, no such call.

        Examples
        --------
        >>> import sys
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def count(text: str) -> int:
        ...     print("counting", text, file=sys.stderr)
        ...     return len(text)
        >>> @kitaru.flow
        ... def measure(text: str) -> int:
        ...     return count(text)
        >>> handle = measure.run("twelve words")
        >>> handle.wait()
        12
        >>> client = kitaru.KitaruClient()
        >>> [line.message for line in client.executions.logs(handle.exec_id)]
        ['counting twelve words']
        """
        full = self.resolve(exec_id)
        lines = Live(self._client).logs(full, checkpoint, limit, tail or follow, follow)
        if follow:
            return lines
        found = sorted(lines, key=lambda line: line.timestamp)  # a call may report before the body does
        if not found and checkpoint is not None:
            self._require_call(full, checkpoint)
        return found

    def events(
        self,
        exec_id: str,
        *,
        kinds: Iterable[str] | None = None,
        checkpoint: str | None = None,
        since: int | None = None,
        follow: bool = True,
    ) -> Iterator[ExecutionEvent]:
        """Follow what happens in an execution, from its beginning on.

        Parameters
        ----------
        exec_id
            The execution.
        kinds
            Kinds of events, for example ``"call.completed"``; None for all.
        checkpoint
            Events of one call only.
        since
            `ExecutionEvent.cursor` of the last event that is known already.
        follow
            Wait for what comes; the iterator ends when the execution has ended or was interrupted. False ends it
            with what there is now.

        Yields
        ------
        ExecutionEvent
            In the order in which they happened.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.checkpoint
        ... def count(text: str) -> int:
        ...     return len(text)
        >>> @kitaru.flow
        ... def measure(text: str) -> int:
        ...     return count(text)
        >>> handle = measure.run("twelve words")
        >>> handle.wait()
        12
        >>> client = kitaru.KitaruClient()
        >>> [event.kind for event in client.executions.events(handle.exec_id, checkpoint="count")][-1]
        'call.completed'
        """
        wanted = None if kinds is None else frozenset([kinds] if isinstance(kinds, str) else kinds)
        return Live(self._client).events(self.resolve(exec_id), wanted, checkpoint, since, follow)

    def _require_call(self, exec_id: str, call: str) -> None:
        if not self._client.store.read("calls", exec_id=exec_id, name=call)["items"]:
            raise KitaruNotFoundError(
                f"Execution {exec_id} has no call {call!r}. See which it has: kitaru executions get {exec_id}"
            )
