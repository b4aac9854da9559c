"""Executions listed and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.client import records
from kitaru.client.finding import Finding
from kitaru.client.page import Page
from kitaru.client.times import point
from kitaru.errors import KitaruNotFoundError, KitaruUsageError
from kitaru.store.status import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from kitaru.client.figures import ExecutionStatistics
    from kitaru.client.models import Execution

    Moment = datetime | timedelta | str | float


class Listing(Finding):
    """Lists and counts executions; a part of ``client.executions``."""

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
