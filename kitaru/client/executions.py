"""Executions: found, read, answered, continued, replayed, counted and deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kitaru.client import records
from kitaru.client.answers import Answers
from kitaru.client.live import Live
from kitaru.client.models import ExecutionStatus
from kitaru.client.page import Page
from kitaru.client.times import point
from kitaru.errors import KitaruNotFoundError, KitaruStateError, KitaruUsageError
from kitaru.store import events as kinds

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime, timedelta

    from kitaru.client.client import KitaruClient
    from kitaru.client.differences import ExecutionDiff
    from kitaru.client.dry_run import DryRun
    from kitaru.client.models import Execution, ExecutionEvent, ExecutionStatistics, LogEntry, PendingWait
    from kitaru.runtime.handle import FlowHandle

    Moment = datetime | timedelta | str | float

FULL_ID = len("kr-") + 12
SHORTEST_PREFIX = 4


class ExecutionsAPI:
    """Executions; ``client.executions``."""

    def __init__(self, client: KitaruClient) -> None:
        self._client = client
        self._answers = Answers(client)
        self._live = Live(client)

    def resolve(self, execution: str) -> str:
        """Complete the beginning of an execution's id.

        Raises
        ------
        KitaruNotFoundError
            If nothing begins so.
        KitaruStateError
            If several do; the message lists them.
        KitaruUsageError
            If it is shorter than four characters.
        """
        if execution.startswith("kr-") and len(execution) >= FULL_ID:
            return execution
        if len(execution.removeprefix("kr-")) < SHORTEST_PREFIX:
            raise KitaruUsageError(
                f"{execution!r} is too short to name an execution: give its id, or four or more characters of it."
            )
        found: list[str] = self._client.store.read("resolve", prefix=execution)
        if not found:
            raise KitaruNotFoundError(
                f"No execution {execution!r} in {self._client.store.location}. List what there is with: "
                "kitaru executions list"
            )
        if len(found) > 1 and found[0] not in (execution, f"kr-{execution}"):
            raise KitaruStateError(
                f"{execution!r} is the beginning of several executions: {', '.join(found)}. Give more of the id."
            )
        return found[0]

    def get(self, exec_id: str) -> Execution:
        """Read one execution with its calls, artifacts and questions; one request, however many calls it has.

        Parameters
        ----------
        exec_id
            Its id, or four or more characters of it (with or without ``kr-``) that only this one begins with.

        Raises
        ------
        KitaruNotFoundError
            If there is none.
        KitaruStateError
            If several begin so.

        Examples
        --------
        >>> from kitaru.client import KitaruClient
        >>> KitaruClient().executions.get("kr-000000000000")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: There is no execution 'kr-000000000000' in this store...
        """
        return records.detailed(self._client, self._client.store.read("execution", exec_id=self.resolve(exec_id)))

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
        original, parent, notebook
            Replays of an execution; children of an execution; started from a notebook.
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
        """
        full = self.resolve(exec_id)
        lines = self._live.logs(full, checkpoint, limit, tail or follow, follow)
        return lines if follow else [*lines]

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
        """
        wanted = None if kinds is None else frozenset([kinds] if isinstance(kinds, str) else kinds)
        return self._live.events(self.resolve(exec_id), wanted, checkpoint, since, follow)

    def pending_waits(self, exec_id: str | None = None) -> builtins.list[PendingWait]:
        """Return the open questions of one execution, or of all, the oldest first."""
        return self._answers.pending(None if exec_id is None else self.resolve(exec_id))

    def pending_wait(self, exec_id: str, wait: str | None = None) -> PendingWait:
        """Return one open question: that of the name `wait`, or the only one.

        Raises
        ------
        KitaruConflictError
            If it is answered already; the message says by whom and when.
        KitaruStateError
            If nothing is open, or several questions are and `wait` is not given.
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
        """
        return self._answers.abort(self.resolve(exec_id), wait, by)

    def retry(self, exec_id: str, *, code: str = "current") -> FlowHandle[Any]:
        """Run a failed or cancelled execution again, in this process: what finished is kept, what failed runs anew.

        Parameters
        ----------
        exec_id
            The execution.
        code
            ``"current"`` takes this process's code of the flow if it has any, ``"recorded"`` the frozen one.

        Returns
        -------
        FlowHandle
            It runs in the background; ``.wait()`` gives the result.

        Raises
        ------
        KitaruStateError
            If there is nothing to retry; the message says what to do instead.
        """
        return self._client.engine.retry(self.resolve(exec_id), code=code)

    def resume(self, exec_id: str, *, code: str = "recorded", on_divergence: str = "error") -> FlowHandle[Any]:
        """Go on with an execution whose runner went away, in this process; finished calls do not run again.

        Parameters
        ----------
        exec_id
            The execution.
        code
            ``"recorded"`` takes the frozen code, ``"current"`` this process's.
        on_divergence
            What to do where the code makes other calls than the recorded ones: ``"error"``, ``"rerun"``, ``"reuse"``.

        Returns
        -------
        FlowHandle
            It runs in the background; ``.wait()`` gives the result.

        Raises
        ------
        KitaruStateError
            If it has ended, or runs in a process that lives.
        KitaruConflictError
            If somebody else takes it at the same time.
        """
        return self._client.engine.resume(self.resolve(exec_id), code=code, on_divergence=on_divergence)

    def cancel(self, exec_id: str, reason: str = "") -> Execution:
        """Stop an execution that has not ended, wherever it runs.

        Raises
        ------
        KitaruStateError
            If it has ended.
        """
        full = self.resolve(exec_id)
        self._client.engine.cancel(full, reason)
        return self.get(full)

    def replay(
        self,
        exec_id: str,
        *,
        at: str | None = None,
        flow_overrides: Mapping[str, Any] | None = None,
        checkpoint_overrides: Mapping[str, Mapping[str, Any]] | None = None,
        invocation_overrides: Mapping[str, Mapping[str, Any]] | None = None,
        answers: Mapping[str, Any] | None = None,
        cache: bool | None = None,
    ) -> FlowHandle[Any]:
        """Make a new execution from a recorded one, with this process's code of the flow if it has any.

        See `Flow.replay` for the parameters.

        Returns
        -------
        FlowHandle
            The new execution, running in the background.
        """
        from kitaru.runtime.settings import KitaruConfig, resolve

        return self._client.engine.replay(
            None,
            self.resolve(exec_id),
            resolve(KitaruConfig(cache=cache), KitaruConfig()),
            forced=cache,
            at=at,
            flow_overrides=flow_overrides,
            checkpoint_overrides=checkpoint_overrides,
            invocation_overrides=invocation_overrides,
            answers=answers,
        )

    def dry_run(self, exec_id: str, **changes: Any) -> DryRun:
        """Say what a replay would run and what it would reuse; see `kitaru.client.dry_run`."""
        from kitaru.client.dry_run import dry_run

        return dry_run(exec_id, client=self._client, **changes)

    def diff(self, original: str, *others: str, values: bool = False) -> ExecutionDiff:
        """Compare executions call by call; see `kitaru.diff`."""
        return self._client.diff(original, *others, values=values)

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

    def delete(self, exec_id: str) -> None:
        """Delete an execution that nothing runs, with everything that is recorded of it.

        Raises
        ------
        KitaruStateError
            If it runs or waits for an answer: cancel it first.
        """
        full = self.resolve(exec_id)
        event: Any = {"kind": kinds.DELETED, "at": time.time(), "exec_id": full, "body": {"by": "client"}}
        deletable = ["pending", "completed", "failed", "cancelled", "interrupted"]
        (ack,) = self._client.store.append([{"events": [event], "expect": {"exec_id": full, "statuses": deletable}}])
        refused = ack.get("refused")
        if refused is not None and refused["code"] == "missing":
            raise KitaruNotFoundError(refused["message"])
        if refused is not None:
            raise KitaruStateError(f"{refused['message']} Cancel it first, with: kitaru executions cancel {full}")


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
