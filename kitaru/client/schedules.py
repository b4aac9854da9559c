"""Schedules: deployments that are invoked again and again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from kitaru.client.answers import user_name
from kitaru.client.models import BoundModel
from kitaru.client.times import moment, span
from kitaru.errors import KitaruUsageError
from kitaru.store import events as kinds
from kitaru.store.schedule_times import cron_in_words, zone
from kitaru.store.schedules import LONGEST, next_times, schedule_created, schedule_event

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from kitaru.client.client import KitaruClient

Missed = Literal["latest", "all", "skip"]


class Schedule(BoundModel):
    """When a deployment is invoked by itself.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def tidy() -> None: ...
    >>> deployed = tidy.deploy()
    >>> schedules = kitaru.KitaruClient().schedules
    >>> schedule = schedules.create("nightly", "tidy", cron="0 3 * * *", timezone="Europe/Berlin")
    >>> schedule
    <schedule nightly of tidy: 0 3 * * * Europe/Berlin>
    >>> schedule.pause().paused, schedule.resume().paused
    (True, False)
    >>> schedule.delete()
    """

    name: str
    flow: str
    version: int | None
    tag: str | None
    inputs: dict[str, Any]
    cron: str | None
    every: float | None
    """Seconds between runs."""
    timezone: str
    missed: str
    """What becomes of runs that were missed: ``"latest"``, ``"all"`` or ``"skip"``."""
    paused: bool
    created_at: datetime
    created_by: str | None
    last_due: datetime | None
    """The last time that had come."""
    last_exec_id: str | None
    """The last execution that it invoked."""
    last_error: str | None
    """Why nothing was invoked the last time."""
    next_runs: list[datetime]
    """The next three times, in the schedule's time zone; none while it is paused."""

    def __str__(self) -> str:
        when = self.cron if self.cron else f"every {timedelta(seconds=self.every or 0)}"
        return f"<schedule {self.name} of {self.flow}: {when} {self.timezone}{', paused' if self.paused else ''}>"

    @property
    def in_words(self) -> str:
        """When it is due, in words."""
        return times_in_words(self.cron, self.every)

    def pause(self) -> Schedule:
        """Let it rest; see `SchedulesAPI.pause`."""
        paused: Schedule = self._client.schedules.pause(self.name)
        return paused

    def resume(self) -> Schedule:
        """Go on with it; see `SchedulesAPI.resume`."""
        resumed: Schedule = self._client.schedules.resume(self.name)
        return resumed

    def delete(self) -> None:
        """Give it up; see `SchedulesAPI.delete`."""
        self._client.schedules.delete(self.name)


class SchedulesAPI:
    """Deployments that are invoked again and again; ``client.schedules``.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.flow
    ... def tidy() -> None: ...
    >>> deployed = tidy.deploy()
    >>> client = kitaru.KitaruClient()
    >>> client.schedules.create("hourly", "tidy", every="1h", timezone="UTC")
    <schedule hourly of tidy: every 1:00:00 UTC>
    """

    def __init__(self, client: KitaruClient) -> None:
        self._client = client

    def create(
        self,
        name: str,
        flow: str,
        *,
        cron: str | None = None,
        every: float | timedelta | str | None = None,
        timezone: str | None = None,
        version: int | None = None,
        tag: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        missed: Missed = "latest",
        by: str | None = None,
    ) -> Schedule:
        """Invoke a deployment by the clock, as long as the home's service runs; the service stays for it.

        Parameters
        ----------
        name
            A name of your own.
        flow, version, tag
            The deployment. With a tag it is the version that has the tag then; ``default`` if neither is given.
        cron
            Five parts: minute, hour, day of the month, month, day of the week.
        every
            Instead of `cron`, the time between runs: seconds, a `timedelta`, or text such as ``"90m"``; counted from
            now.
        timezone
            IANA name of the zone that `cron` is meant in; this machine's if not given.
        inputs
            The flow's arguments, as plain JSON data.
        missed
            What becomes of runs that came due while no service ran: ``"latest"`` makes up for the last one,
            ``"all"`` for each, ``"skip"`` for none.
        by
            Who makes it, as ``created_by`` tells; the user who runs this process if not given.

        Returns
        -------
        Schedule
            With the next times.

        Raises
        ------
        KitaruUsageError
            If the expression, the time zone, the inputs or another argument make no sense.
        KitaruNotFoundError
            If there is no such deployment.
        KitaruConflictError
            If there is a schedule of this name.

        Examples
        --------
        >>> import kitaru
        >>> @kitaru.flow
        ... def tidy() -> None: ...
        >>> deployed = tidy.deploy()
        >>> client = kitaru.KitaruClient()
        >>> schedule = client.schedules.create("nightly", "tidy", cron="0 3 * * *", timezone="Europe/Berlin")
        >>> [due.hour for due in schedule.next_runs]
        [3, 3, 3]
        """
        asked = schedule_created(
            self._client.store,
            name,
            flow,
            cron=cron,
            every=None if every is None else _interval(every),
            timezone=timezone,
            version=version,
            tag=tag,
            inputs=inputs,
            missed=missed,
            by=by or user_name(),
        )
        self._client.engine.outbox.commit([asked])
        return self.get(name)

    def get(self, name: str) -> Schedule:
        """Return a schedule.

        Raises
        ------
        KitaruNotFoundError
            If there is none of this name.

        Examples
        --------
        >>> from kitaru import KitaruClient
        >>> KitaruClient().schedules.get("never")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: There is no schedule never. ...
        """
        return self._of_row(self._client.store.read("schedule", name=name))

    def list(self, flow: str | None = None) -> builtins.list[Schedule]:
        """Return the schedules of one flow or of all, by name.

        Examples
        --------
        >>> from kitaru import KitaruClient
        >>> KitaruClient().schedules.list("no-such-flow")
        []
        """
        return [self._of_row(row) for row in self._client.store.read("schedules", flow=flow)]

    def pause(self, name: str) -> Schedule:
        """Let a schedule rest; what comes due meanwhile is not made up for.

        Raises
        ------
        KitaruNotFoundError
            If there is none of this name.

        Examples
        --------
        >>> from kitaru import KitaruClient
        >>> KitaruClient().schedules.pause("never")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: There is no schedule never. ...
        """
        self._append(kinds.SCHEDULE_PAUSED, name, paused=True)
        return self.get(name)

    def resume(self, name: str) -> Schedule:
        """Go on with a schedule that rests.

        Raises
        ------
        KitaruNotFoundError
            If there is none of this name.

        Examples
        --------
        >>> from kitaru import KitaruClient
        >>> KitaruClient().schedules.resume("never")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: There is no schedule never. ...
        """
        self._append(kinds.SCHEDULE_PAUSED, name, paused=False)
        return self.get(name)

    def delete(self, name: str) -> None:
        """Give a schedule up; what it invoked stays.

        Raises
        ------
        KitaruNotFoundError
            If there is none of this name.

        Examples
        --------
        >>> from kitaru import KitaruClient
        >>> KitaruClient().schedules.delete("never")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: There is no schedule never. ...
        """
        self._append(kinds.SCHEDULE_DELETED, name)

    def _append(self, kind: str, name: str, **body: Any) -> None:
        self._client.engine.outbox.commit([schedule_event(kind, name, user_name(), **body)])

    def _of_row(self, row: Mapping[str, Any]) -> Schedule:
        place = zone(row["timezone"])
        schedule = Schedule(
            **{name: row[name] for name in ("name", "flow", "version", "tag", "inputs", "cron", "every", "timezone")},
            **{name: row[name] for name in ("missed", "paused", "created_by", "last_exec_id", "last_error")},
            created_at=datetime.fromtimestamp(row["created_at"], UTC),
            last_due=moment(row["last_due"]),
            next_runs=[datetime.fromtimestamp(due, place) for due in next_times(row)],
        )
        schedule.bound(self._client)
        return schedule


def times_in_words(cron: str | None, every: float | None) -> str:
    """Say when a schedule is due, for people.

    Examples
    --------
    >>> times_in_words("0 3 * * *", None), times_in_words(None, 5400)
    ('At 03:00 every day', 'Every 1 h 30 min')
    """
    if cron:
        return cron_in_words(cron)
    left, told = every or 0.0, []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, seconds) if seconds > 1 else (left, 0.0)
        told += [f"{count:g} {unit}"] if count else []
    return f"Every {' '.join(told)}"


def _interval(every: float | timedelta | str) -> float:
    seconds = every.total_seconds() if isinstance(every, timedelta) else every
    if isinstance(seconds, str):
        seconds = span(seconds) or 0.0
    if isinstance(seconds, bool) or not 1 <= seconds <= LONGEST:
        raise KitaruUsageError(f"every={every!r}: give at least one second and at most ten years, for example '90m'.")
    return float(seconds)
