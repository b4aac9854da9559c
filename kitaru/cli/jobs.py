"""``kitaru jobs`` and ``kitaru worker``: work that is queued, and who does it."""

from __future__ import annotations

import logging
import signal
from queue import SimpleQueue
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, note, say, show_item, show_items

if TYPE_CHECKING:
    from kitaru.client.jobs import Job
    from kitaru.store.jobs.worker import Worker

app = typer.Typer(
    name="jobs",
    help="Executions that workers begin or go on with, in processes of their own.",
    no_args_is_help=True,
)

JobId = Annotated[str, typer.Argument(help="Id of a job.")]


@app.command("list")
@command("jobs.list")
def list_(
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status", "-s", help="queued, running, completed, failed, interrupted or cancelled; may be repeated."
        ),
    ] = None,
    execution: Annotated[str | None, typer.Option("--execution", "-e", help="Only jobs of this execution.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many to show at most.")] = 20,
    output: Output = Format.TEXT,
) -> None:
    """List jobs, the newest first."""
    from kitaru.cli.tables import show_table
    from kitaru.client import KitaruClient
    from kitaru.client.times import ago

    found = KitaruClient().jobs.list(status=status, execution=execution, limit=limit)

    def text() -> None:
        if not found:
            say("No jobs.")
            return
        rows = [
            (job.job_id, job.kind, job.status, job.exec_id, ago(job.created_at) if job.created_at else "", _why(job))
            for job in found
        ]
        show_table(("ID", "KIND", "STATUS", "EXECUTION", "ASKED", ""), rows, whole=("ID", "EXECUTION"))

    show_items("jobs.list", output, list(found), text, total=found.total)


@app.command("get")
@command("jobs.get")
def get(job: JobId, output: Output = Format.TEXT) -> None:
    """Show a job: where it stands, who has it, why it failed."""
    from kitaru.cli.tables import show_pairs
    from kitaru.client import KitaruClient
    from kitaru.client.times import ago

    found = KitaruClient().jobs.get(job)

    def when(moment: Any) -> str:
        return ago(moment) if moment else ""

    pairs = [
        ("Job", found.job_id),
        ("Kind", found.kind),
        ("Status", found.status),
        ("Execution", found.exec_id),
        ("Replays", found.original_exec_id),
        ("Asked", when(found.created_at)),
        ("Taken", when(found.claimed_at)),
        ("Ended", when(found.ended_at)),
        ("Attempts", found.attempts),
        ("Worker", found.worker),
        ("Process", found.pid),
        ("Error", found.error),
        ("Reason", found.reason),
    ]
    show_item("jobs.get", output, found, lambda: show_pairs(pairs))


@app.command("cancel")
@command("jobs.cancel")
def cancel(
    job: JobId,
    reason: Annotated[str, typer.Option(help="Recorded with it.")] = "",
    output: Output = Format.TEXT,
) -> None:
    """Take a job back. What its process recorded by then stays, and can be resumed."""
    from kitaru.client import KitaruClient

    found = KitaruClient().jobs.cancel(job, reason)
    show_item("jobs.cancel", output, found, lambda: say(f"{found.job_id} is {found.status}."))


@command("worker")
def worker(
    limit: Annotated[int, typer.Option(help="How many jobs to do at once.")] = 4,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when nothing is left to do.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Do jobs: invocations, executions that go on, replays.

    The service of a home has a worker already, so this adds to it; a server has none. Jobs run in this command's
    environment. Ctrl-C takes no further job and lets those that run come to their end; again, it hands them to others.
    """
    from kitaru.client import KitaruClient
    from kitaru.client.continuation import environment_of, require_service
    from kitaru.store.jobs.worker import Worker

    client = KitaruClient()
    require_service(client, "A worker")
    told = logging.getLogger("kitaru.store.jobs")
    told.setLevel(logging.INFO)
    told.addHandler(_Notes())
    here = Worker(client.store, environment_of(client), limit=limit, stays_warm=not until_idle)
    here.start()
    note(f"Working for {client.store.location}, {limit} jobs at once. Stop with Ctrl-C.")
    _stay(here, until_idle=until_idle)
    item = {"store": client.store.location, "jobs": here.taken}
    show_item("worker", output, item, lambda: say(f"Took {here.taken} jobs."))


class _Notes(logging.Handler):
    """Tells what a worker does, line by line."""

    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())


def _stay(here: Worker, *, until_idle: bool) -> None:
    asked: SimpleQueue[int] = SimpleQueue()  # a handler may put something in at any moment
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, _frame: asked.put(number)) for number in numbers}
    try:
        if until_idle:
            while not here.wait_until_idle(0.2) and asked.empty():
                pass
        else:
            asked.get()
        if left := here.drain():
            note(f"{left} jobs run to their end; Ctrl-C hands them to other workers.")
        while not here.wait_until_idle(0.2):
            if not asked.empty():
                asked.get()
                here.stop_jobs()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        here.close()


def _why(job: Job) -> str:
    return job.error or job.reason or ""


def add_to(root: typer.Typer) -> None:
    """Add ``kitaru worker`` to the root."""
    root.command("worker")(worker)
