"""Jobs: work that processes of a worker do, whatever happens to who asked for it."""

from __future__ import annotations

import threading
import time
from datetime import datetime  # noqa: TC003 -- Pydantic reads the annotations
from typing import TYPE_CHECKING, Any, Final, Literal

from kitaru.client.continuation import place_of, see_to_a_worker
from kitaru.client.models import BoundModel
from kitaru.client.page import Page
from kitaru.client.times import moment
from kitaru.errors import KitaruCancelledError, KitaruConflictError, KitaruStateError, KitaruTimeoutError
from kitaru.runtime.engine import require_idle
from kitaru.runtime.execution import new_id
from kitaru.store import events as kinds
from kitaru.store.jobs.posting import GRACE, job_created
from kitaru.store.service.wire import decode_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kitaru.client.client import KitaruClient

Kind = Literal["resume", "retry", "replay"]

BEGIN_SECONDS: Final = 60.0
"""For how long a job may take to begin before who waits for it is told."""

_FROM: Final[dict[str, tuple[str, ...]]] = {
    "resume": ("interrupted", "waiting", "pending", "running"),
    "retry": ("failed", "cancelled", "interrupted"),
}


class Job(BoundModel):
    """Work for a worker, and what became of it.

    Examples
    --------
    >>> job = Job(job_id="kj-1", kind="resume", status="queued", exec_id="kr-1")
    >>> job
    <job kj-1: resume kr-1, queued>
    >>> import kitaru
    >>> for queued in kitaru.KitaruClient().jobs.list(status="queued"):
    ...     queued.wait_until_begun(timeout=10)
    """

    job_id: str
    kind: str
    """``"invoke"``, ``"resume"``, ``"retry"`` or ``"replay"``."""
    status: str
    """``"queued"``, ``"running"``, ``"completed"``, ``"failed"``, ``"interrupted"`` or ``"cancelled"``; of the work:
    the execution has a status of its own."""
    exec_id: str
    """The execution that it runs."""
    original_exec_id: str | None = None
    """Of a replay, the execution that is replayed."""
    attempts: int = 0
    worker: str | None = None
    pid: int | None = None
    created_at: datetime | None = None
    claimed_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    reason: str | None = None

    position: int = 0
    """Place in the journal after which it began to be done at the earliest."""

    def __str__(self) -> str:
        why = self.error or self.reason
        return f"<job {self.job_id}: {self.kind} {self.exec_id}, {self.status}{f': {why}' if why else ''}>"

    def wait_until_begun(self, timeout: float = BEGIN_SECONDS) -> str:
        """Wait until its execution goes on, or has begun.

        Parameters
        ----------
        timeout
            Seconds to wait.

        Returns
        -------
        str
            Id of the execution.

        Raises
        ------
        KitaruError
            What the job failed with.
        KitaruCancelledError
            If the job was cancelled.
        KitaruTimeoutError
            If it does not begin in time; it stays queued.
        """
        subject = self.original_exec_id or self.exec_id
        watch = self._client.store.watch(
            after=self.position,
            executions=[subject, self.exec_id],
            kinds=[kinds.CLAIMED, kinds.CANCELLED, kinds.JOB_ENDED, kinds.JOB_CANCELLED],
        )
        limit = threading.Timer(timeout, watch.close)
        limit.start()
        try:
            for event in watch:
                if self._has_begun(event["kind"], event["exec_id"], event["body"]):
                    return self.exec_id
        finally:
            limit.cancel()
            watch.close()
        raise KitaruTimeoutError(
            f"Job {self.job_id} did not begin within {timeout:g} s and stays queued. See what the workers do with: "
            "kitaru jobs list",
            exec_id=self.exec_id,
        )

    def _has_begun(self, kind: str, exec_id: str, body: Mapping[str, Any]) -> bool:
        if kind == kinds.CLAIMED:
            return exec_id == self.exec_id
        if kind == kinds.CANCELLED and exec_id != self.exec_id:
            return False
        if kind in (kinds.CANCELLED, kinds.JOB_CANCELLED) and body.get("job_id", self.job_id) == self.job_id:
            raise KitaruCancelledError(f"Job {self.job_id} was cancelled before it began.", exec_id=self.exec_id)
        if kind == kinds.JOB_ENDED and body["job_id"] == self.job_id:
            if body.get("error"):
                import orjson

                raise decode_error(500, orjson.dumps({"error": body["error"]}), "the job")
            return True
        return False


class JobsAPI:
    """Jobs; ``client.jobs``.

    Examples
    --------
    >>> import kitaru
    >>> kitaru.KitaruClient().jobs.list(status="running").total
    0
    """

    def __init__(self, client: KitaruClient) -> None:
        self._client = client

    def post(self, kind: Kind, execution: str, changes: Mapping[str, Any] | None = None) -> Job:
        """Let a worker go on with an execution, try it again, or replay it.

        Parameters
        ----------
        kind
            ``"resume"``, ``"retry"`` or ``"replay"``.
        execution
            Its id.
        changes
            Of a replay, as plain JSON data; see `Flow.replay`.

        Returns
        -------
        Job
            Its ``exec_id`` is the execution that it runs, of a replay the new one.

        Raises
        ------
        KitaruNotFoundError
            If there is no such execution.
        KitaruStateError
            If its status forbids it.
        KitaruFeatureNotAvailableError
            If the database is open in this process, where no worker reaches it.

        Examples
        --------
        >>> from kitaru.client import KitaruClient
        >>> KitaruClient().jobs.post("retry", "kr-000000000000")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: There is no execution 'kr-000000000000' in this store...
        """
        client = self._client
        head = client.store.read("head", exec_id=execution)["execution"]
        expect: Any = {"exec_id": execution}
        if kind in _FROM:
            require_idle(head, _FROM[kind])
            expect |= {"epoch": head["epoch"], "statuses": [head["status"]]}
        host = see_to_a_worker(client)
        interpreter, cwd = place_of(client, head)
        # A live kernel that let go of it hears of the answer, and has the values of its cells.
        answered = kind == "resume" and head["status"] == "waiting" and not head["waits_pending"]
        event = job_created(
            execution,
            _new_job_id(),
            kind,
            target=new_id() if kind == "replay" else execution,
            epoch=head["epoch"],
            grace=GRACE if answered else 0.0,
            interpreter=interpreter,
            cwd=cwd,
            host=host,
            changes=changes,
            requirements=head.get("requirements"),
        )
        (ack,) = client.store.append([{"events": [event], "expect": expect}])
        if "refused" in ack:
            raise KitaruConflictError(ack["refused"]["message"])
        return self._made(event, ack["position"])

    def list(
        self,
        *,
        status: str | Iterable[str] | None = None,
        execution: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Page[Job]:
        """List jobs, the newest first.

        Parameters
        ----------
        status
            One status or several.
        execution
            Only jobs that run this execution, or replay it.
        limit, offset
            Which part of the list.

        Examples
        --------
        >>> from kitaru.client import KitaruClient
        >>> len(KitaruClient().jobs.list(status="queued"))
        0
        """
        wanted = None if status is None else [status] if isinstance(status, str) else [*status]
        exec_id = None if execution is None else self._client.executions.resolve(execution)
        answer = self._client.store.read("jobs", statuses=wanted, exec_id=exec_id, limit=limit, offset=offset)
        return Page([self._of_row(row) for row in answer["items"]], answer["total"], offset)

    def get(self, job_id: str) -> Job:
        """Return a job as it is now.

        Raises
        ------
        KitaruNotFoundError
            If there is none of this id.

        Examples
        --------
        >>> import kitaru
        >>> kitaru.KitaruClient().jobs.get("kj-000000000000")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: ...
        """
        return self._of_row(self._client.store.read("job", job_id=job_id))

    def cancel(self, job_id: str, reason: str = "") -> Job:
        """Take a job back: if it is queued nobody does it, if a process has it that is told to stop.

        What the process has recorded by then stays, and can be resumed. To end the execution itself for good, cancel
        that: its jobs are cancelled with it.

        Raises
        ------
        KitaruNotFoundError
            If there is none of this id.
        KitaruStateError
            If it has ended.

        Examples
        --------
        >>> import kitaru
        >>> kitaru.KitaruClient().jobs.cancel("kj-000000000000")
        Traceback (most recent call last):
        kitaru.errors.KitaruNotFoundError: ...
        """
        row = self._client.store.read("job", job_id=job_id)
        body = {"job_id": job_id, "reason": reason}
        event: Any = {"kind": kinds.JOB_CANCELLED, "at": time.time(), "exec_id": row["exec_id"], "body": body}
        (ack,) = self._client.store.append([{"events": [event]}])
        found = self.get(job_id)
        if "refused" in ack:
            raise KitaruStateError(f"Job {job_id} cannot be cancelled: it is {found.status}.")
        return found

    def _made(self, event: Mapping[str, Any], position: int) -> Job:
        told = {"exec_id": event["exec_id"], "created_at": event["at"], "first_position": position, "status": "queued"}
        return self._of_row(event["body"] | told)

    def _of_row(self, row: Mapping[str, Any]) -> Job:
        job = Job(
            job_id=row["job_id"],
            kind=row["kind"],
            status=row["status"],
            exec_id=row["target"],
            original_exec_id=row["exec_id"] if row["exec_id"] != row["target"] else None,
            attempts=row.get("attempts") or 0,
            worker=row.get("worker"),
            pid=(row.get("runner") or {}).get("pid"),
            created_at=moment(row.get("created_at")),
            claimed_at=moment(row.get("claimed_at")),
            ended_at=moment(row.get("ended_at")),
            error=(row.get("error") or {}).get("message"),
            reason=row.get("reason"),
            position=row["first_position"],
        )
        job.bound(self._client)
        return job


def _new_job_id() -> str:
    return new_id().replace("kr-", "kj-")
