"""Executions: found, read, answered, continued, replayed, counted and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitaru.client import records
from kitaru.client.answers import Answers
from kitaru.client.live import Live
from kitaru.client.page import Page
from kitaru.client.steering import Steering
from kitaru.client.times import point
from kitaru.errors import KitaruNotFoundError, KitaruUsageError
from kitaru.store.status import ExecutionStatus

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from kitaru.client.client import KitaruClient
    from kitaru.client.figures import ExecutionStatistics
    from kitaru.client.lines import ExecutionEvent, LogEntry
    from kitaru.client.models import Execution, PendingWait

    Moment = datetime | timedelta | str | float


class ExecutionsAPI(Steering):
    """Executions; ``client.executions``.

    Examples
    --------
    >>> from kitaru.client import KitaruClient
    >>> KitaruClient().executions.list(limit=5).total >= 0
    True
    """

    def __init__(self, client: KitaruClient) -> None:
        super().__init__(client)
        self._answers = Answers(client)
        self._live = Live(client)

    def list(
        self,
        *,
        flow: str | None = None,
        status: str | Iterable[str] | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        text: str | None = None,
        tags: Iterable[str] | None = None,
        original: str | None = None,
        parent: str | None = None,
        notebook: str | None = None,
        deployment_version: int | None = None,
        order: str = "-started_at",
        limit: int = 50,
        offset: int = 0,
        page: int | None = None,
        size: int | None = None,
    ) -> Page[Execution]:
        """List executions without their calls.

        Parameters
        ----------
        flow
            Name of the flow.
        status
            One status or several.
        since, until
            When they were started: a datetime, ISO text, or how long ago (a `timedelta`, or ``"7d"``).
        text
            What occurs in id, flow, notebook, failure, tags or metadata; upper and lower case are the same.
        tags
            Tags that an execution must all have.
        original, parent, notebook, deployment_version
            Replays of an execution; its children; started from a notebook; invocations of this version of the flow.
        order
            ``started_at``, ``created_at``, ``ended_at``, ``duration``, ``cost``, ``tokens``, ``calls``, ``flow`` or
            ``status``; descending with ``-``.
        limit, offset
            Which part of the list; or `page` (from 1) of `size`.

        Returns
        -------
        Page of Execution
            A list that knows the `total`.

        Raises
        ------
        KitaruUsageError
            If a filter has no meaning.

        Examples
        --------
        >>> from kitaru.client import KitaruClient
        >>> len(KitaruClient().executions.list(flow="no-such-flow"))
        0
        """
        limit, offset = _part(limit, offset, page, size)
        answer = self._client.store.read(
            "executions",
            flow=flow,
            statuses=statuses(status),
            since=point(since),
            until=point(until, "until"),
            text=text,
            tags=None if tags is None else ([tags] if isinstance(tags, str) else [*tags]),
            original=None if original is None else self.resolve(original),
            parent=None if parent is None else self.resolve(parent),
            notebook=notebook,
            deployment_version=deployment_version,
            order=order,
            limit=limit,
            offset=offset,
        )
        return Page([records.summary(self._client, row) for row in answer["items"]], answer["total"], offset)

    def latest(self, *, flow: str | None = None, status: str | Iterable[str] | None = None) -> Execution:
        """Return the newest execution, as a summary.

        Raises
        ------
        KitaruNotFoundError
            If there is none (also a `LookupError`).

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def measure(text: str) -> int:
        ...     return len(text)
        >>> handle = measure.run("twelve words")
        >>> handle.wait()
        12
        >>> kitaru.KitaruClient().executions.latest(flow="measure").status.value
        'completed'
        """
        found = self.list(flow=flow, status=status, limit=1)
        if not found:
            parts = [f"of flow {flow!r}" if flow else "", f"that is {status}" if status else ""]
            wanted = " ".join(filter(None, parts))
            raise KitaruNotFoundError(f"There is no execution {wanted or 'yet: start one with .run()'}.")
        return found[0]

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
        lines = self._live.logs(full, checkpoint, limit, tail or follow, follow)
        if follow:
            return lines
        found = sorted(lines, key=lambda line: line.timestamp)  # a call may report before the body does
        if not found and checkpoint is not None:
            self._require_call(full, checkpoint)
        return found

    def _require_call(self, exec_id: str, call: str) -> None:
        if not self._client.store.read("calls", exec_id=exec_id, name=call)["items"]:
            raise KitaruNotFoundError(
                f"Execution {exec_id} has no call {call!r}. See which it has: kitaru executions get {exec_id}"
            )

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
        return self._live.events(self.resolve(exec_id), wanted, checkpoint, since, follow)

    def pending_waits(self, exec_id: str | None = None) -> builtins.list[PendingWait]:
        """Return the open questions of one execution, or of all, the oldest first.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def ask() -> int:
        ...     return kitaru.wait(schema=int, name="number", question="Which number?")
        >>> handle = ask.run()
        >>> client = kitaru.KitaruClient()
        >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
        'wait.created'
        >>> [wait.question for wait in client.executions.pending_waits(handle.exec_id)]
        ['Which number?']
        >>> handle.cancel()
        """
        return self._answers.pending(None if exec_id is None else self.resolve(exec_id))

    def pending_wait(self, exec_id: str, wait: str | None = None) -> PendingWait:
        """Return one open question: that of the name `wait`, or the only one.

        Raises
        ------
        KitaruConflictError
            If it is answered already; the message says by whom and when.
        KitaruStateError
            If nothing is open, or several questions are and `wait` is not given.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def ask() -> int:
        ...     return kitaru.wait(schema=int, name="number", question="Which number?")
        >>> handle = ask.run()
        >>> client = kitaru.KitaruClient()
        >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
        'wait.created'
        >>> client.executions.pending_wait(handle.exec_id).schema
        {'type': 'integer'}
        >>> handle.cancel()
        """
        return records.wait(self._client, self._answers.pick(self.resolve(exec_id), wait))

    def input(self, exec_id: str, value: Any = None, *, wait: str | None = None, by: str | None = None) -> Execution:
        """Answer a question; the execution goes on by itself, in the process that waits or in a new one.

        Parameters
        ----------
        exec_id
            The execution.
        value
            The answer, as plain JSON data.
        wait
            Name of the question; not needed if there is only one.
        by
            Who answers; the user's name if not given.

        Returns
        -------
        Execution
            As it is right after the answer.

        Raises
        ------
        KitaruWaitValidationError
            If the answer does not fit the question's schema; the message names the place and the rule.
        KitaruConflictError
            If somebody else answered first; the message says who and when.
        KitaruStateError
            If nothing is open, or several questions are and `wait` is not given.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def ask() -> int:
        ...     return kitaru.wait(schema=int, name="number", question="Which number?")
        >>> handle = ask.run()
        >>> client = kitaru.KitaruClient()
        >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
        'wait.created'
        >>> answered = client.executions.input(handle.exec_id, 7)
        >>> handle.wait()
        7
        """
        return self._answers.give(self.resolve(exec_id), value, wait, by)

    def abort_wait(self, exec_id: str, *, wait: str | None = None, by: str | None = None) -> Execution:
        """Refuse to answer a question; the execution is cancelled.

        Raises
        ------
        KitaruConflictError
            If the question was answered first.
        KitaruStateError
            If nothing is open, or several questions are and `wait` is not given.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def ask() -> int:
        ...     return kitaru.wait(schema=int, name="number", question="Which number?")
        >>> handle = ask.run()
        >>> client = kitaru.KitaruClient()
        >>> next(client.executions.events(handle.exec_id, kinds="wait.created")).kind
        'wait.created'
        >>> client.executions.abort_wait(handle.exec_id).status.value
        'cancelled'
        """
        return self._answers.abort(self.resolve(exec_id), wait, by)

    def statistics(
        self,
        *,
        group_by: str | Iterable[str] = (),
        flow: str | None = None,
        status: str | Iterable[str] | None = None,
        stack: str | None = None,
        tags: Iterable[str] | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        max_groups: int = 1000,
    ) -> ExecutionStatistics:
        """Count executions and sum up durations, tokens and costs.

        Parameters
        ----------
        group_by
            Any of ``status``, ``flow``, ``stack``, ``notebook``, ``tag``, ``time:hour``, ``time:day``, ``time:week``,
            ``time:month``, ``metadata:<key>`` and ``checkpoint``, which counts calls instead of executions.
        flow, status, stack, tags, since, until
            Which executions; see `list`.
        max_groups
            The most groups to return.

        Raises
        ------
        KitaruUsageError
            If a group or a filter has no meaning.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def measure(text: str) -> int:
        ...     return len(text)
        >>> handle = measure.run("twelve words")
        >>> handle.wait()
        12
        >>> (group,) = kitaru.KitaruClient().executions.statistics(flow="measure", group_by="status").groups
        >>> group.keys, group.failed
        ({'status': 'completed'}, 0)
        """
        told = self._client.store.read(
            "statistics",
            flow=flow,
            statuses=statuses(status),
            stack=stack,
            tags=None if tags is None else [*tags],
            since=point(since),
            until=point(until, "until"),
            group_by=[group_by] if isinstance(group_by, str) else [*group_by],
            max_groups=max_groups,
        )
        return records.statistics(told)

    def explain(self, exec_id: str, call: str) -> str:
        """Say why a call ran, or why it was reused.

        A call that ran is compared with the newest earlier result of its checkpoint: whether there is one, whether the
        code changed, and which part of it, or which argument.

        Parameters
        ----------
        exec_id
            The execution, or the beginning of its id.
        call
            Name of the call.

        Raises
        ------
        KitaruNotFoundError
            If there is no such call.

        Examples
        --------
        >>> import kitaru
        >>> from kitaru import KitaruClient
        >>> @kitaru.checkpoint
        ... def halve(n: int) -> float:
        ...     return n / 2
        >>> @kitaru.flow
        ... def halving(n: int) -> float:
        ...     return halve(n)
        >>> handle = halving.run(2)
        >>> handle.wait()
        1.0
        >>> print(KitaruClient().executions.explain(handle.exec_id, "halve"))
        halve ran: no earlier result of halve is recorded.
        """
        from kitaru.client.explain import explain

        return explain(self._client, exec_id, call)


def statuses(status: str | Iterable[str] | None) -> list[str] | None:
    """Check one status or several.

    Raises
    ------
    KitaruUsageError
        If one is unknown.

    Examples
    --------
    >>> statuses("failed")
    ['failed']
    """
    if status is None:
        return None
    given = [status] if isinstance(status, str) else [*status]
    known = [member.value for member in ExecutionStatus]
    for name in given:
        if name not in known:
            raise KitaruUsageError(f"status={str(name)!r} is unknown; there are: {', '.join(known)}")
    return [ExecutionStatus(name).value for name in given]


def _part(limit: int, offset: int, page: int | None, size: int | None) -> tuple[int, int]:
    if page is None and size is None:
        return limit, offset
    size = limit if size is None else size
    for name, value in (("page", page), ("size", size)):
        if value is not None and (isinstance(value, bool) or value < 1):
            raise KitaruUsageError(f"list({name}={value!r}): give a number of 1 or more")
    return size, ((page or 1) - 1) * size
