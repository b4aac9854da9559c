"""Reads of jobs: what is queued, what workers do, what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError
from kitaru.store.database.job_events import OPEN
from kitaru.store.database.reads.registry import named, positive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

_FITTING: Final = (
    "WHERE ($1 IS NULL OR list_contains($1::VARCHAR[], status)) AND ($2 IS NULL OR exec_id = $2 OR target = $2)"
)


@named("jobs")
def jobs(
    query: Query, statuses: Sequence[str] | None = None, exec_id: str | None = None, limit: int = 50, offset: int = 0
) -> dict[str, Any]:
    """Return jobs, the newest first, and how many fit in all."""
    wanted = None if statuses is None else list(statuses)
    source = "internal.jobs_open" if wanted and OPEN.issuperset(wanted) else "internal.all_jobs"
    items = query.rows(
        f"FROM {source} {_FITTING} ORDER BY first_position DESC LIMIT $3 OFFSET $4",
        [wanted, exec_id, positive("limit", limit), positive("offset", offset, least=0)],
    )
    total = query.rows(f"SELECT count(*) AS n FROM {source} {_FITTING}", [wanted, exec_id])[0]["n"]  # noqa: S608
    return {"items": items, "total": total}


@named("job")
def job(query: Query, job_id: str) -> Row:
    """Return a job."""
    row = query.first("FROM internal.all_jobs WHERE job_id = ? ORDER BY position DESC", [job_id])
    if row is None:
        raise KitaruNotFoundError(f"There is no job {job_id!r} in this store. List jobs with: kitaru jobs list")
    return row
