"""Who goes on with an execution whose question was answered when no process stayed with it.

A live kernel that let go of the execution hears of the answer and claims it within milliseconds. If
none does, a worker's process goes on with it, with the interpreter and in the working directory that are recorded;
the claim decides between the two. A home's own service asks for that job and has a worker for it; a server has none,
so there the process that answers asks for it, and starts a worker on this machine that ends when nothing is left to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError, KitaruFeatureNotAvailableError
from kitaru.store import events as kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.client.client import KitaruClient
    from kitaru.client.models import Execution


_workers: Final[dict[str, subprocess.Popen[bytes]]] = {}
"""The workers that this process started, by the store that they work for."""

_starting: Final = threading.Lock()


def go_on(client: KitaruClient, execution: Execution) -> bool:
    """Ask for a process that goes on with an execution that was answered and that nobody runs.

    Parameters
    ----------
    client
        Whose store it is in.
    execution
        As it is right after the answer.

    Returns
    -------
    bool
        Whether it was asked for here; False if none is needed, if the service asks for it, or if none can be started
        here (see `continues_by_itself`).
    """
    if not continues_by_itself(client, execution) or _has_worker(client):
        return False
    from kitaru.store.jobs.posting import resume_answered

    row = client.store.read("head", exec_id=execution.exec_id)["execution"]
    (ack,) = client.store.append([resume_answered(row, host=see_to_a_worker(client))])
    return "refused" not in ack


def go_on_with_parent(client: KitaruClient, execution: Execution) -> bool:
    """Ask for a process for the execution that waited for one that was ended by hand, as `go_on` does."""
    parent = execution.parent_exec_id
    return parent is not None and go_on(client, client.executions.get(parent))


def see_to_a_worker(client: KitaruClient) -> str | None:
    """Make sure that somebody does jobs; return the machine that they are for, None for any.

    Where the service has no worker, one is started here that ends when nothing is left to do.

    Raises
    ------
    KitaruFeatureNotAvailableError
        If the database is open in this process, where no worker reaches it.
    """
    require_service(client, "A process of its own")
    if _has_worker(client):
        return None
    from kitaru.store.runner import host_id

    with _starting:
        worker = _workers.get(client.store.location)
        if worker is None or worker.poll() is not None:
            _workers[client.store.location] = _start_worker(client)
    return host_id()


def _start_worker(client: KitaruClient) -> subprocess.Popen[bytes]:
    from kitaru.store.service.spawning import detached, with_package

    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "kitaru.store.jobs"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=with_package(environment_of(client)),
        **detached(),
    )
    threading.Thread(target=_attend, args=(client, process), name="kitaru-worker", daemon=True).start()
    return process


def _attend(client: KitaruClient, process: subprocess.Popen[bytes]) -> None:
    """Collect a worker that ended, so that no zombie is left; a job may have come in its last moment."""
    from kitaru.store.runner import host_id

    if process.wait() == 0:
        with suppress(KitaruError):  # the store was closed, or is away: the next one who asks brings a worker
            queued = client.store.read("jobs", statuses=["queued"], limit=1_000)["items"]
            if any(row["host"] == host_id() for row in queued):
                see_to_a_worker(client)


def require_service(client: KitaruClient, what: str) -> None:
    """Explain that something needs a store that several processes reach.

    Raises
    ------
    KitaruFeatureNotAvailableError
        If the database is open in this process.
    """
    if _embedded(client):
        raise KitaruFeatureNotAvailableError(
            f"{what} needs the service: this process has the database open (KITARU_STORE=embedded), and no other one "
            "can. Unset KITARU_STORE, or let the execution go on in this process."
        )


def place_of(client: KitaruClient, head: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the interpreter and the working directory in which an execution goes on, as far as they are here."""
    if client.is_remote and not recorded_here(client, head["exec_id"]):
        return sys.executable, None
    interpreter, folder = head["interpreter"] or "", Path(head["cwd"] or "")
    is_there = folder.is_absolute() and folder.is_dir()
    return interpreter if Path(interpreter).is_file() else sys.executable, str(folder) if is_there else None


def continues_by_itself(client: KitaruClient, execution: Execution) -> bool:
    """Whether a process of this machine can go on with it: nobody has it, and it was recorded on this machine.

    In a process that owns the database (``KITARU_STORE=embedded``) it cannot: a second process would be kept out.
    """
    if execution.status != "waiting" or execution.runner is not None or execution.pending_waits:
        return False
    if _embedded(client) or not Path(execution.interpreter or "").is_file():
        return False
    # A home is this machine's own, and its runners were too; a server has runners of many machines.
    return not client.is_remote or recorded_here(client, execution.exec_id)


def advice(execution: Execution) -> str:
    """Name the command that continues an execution by hand."""
    return f"kitaru executions resume {execution.exec_id}"


def _embedded(client: KitaruClient) -> bool:
    from kitaru.store.service.client import ServiceStore

    return not isinstance(client.store, ServiceStore)


def _has_worker(client: KitaruClient) -> bool:
    """Whether the service itself does jobs."""
    store: Any = client.store
    return bool(store.health().get("continues", False))


def recorded_here(client: KitaruClient, exec_id: str) -> bool:
    """Whether the last runner of an execution was on this machine."""
    from kitaru.store.runner import host_id

    claims = client.store.read("events", exec_id=exec_id, kinds=[kinds.CLAIMED])
    runner = (claims[-1]["body"].get("runner") or {}) if claims else {}
    return bool(runner.get("host") == host_id())


def environment_of(client: KitaruClient) -> dict[str, str]:
    """Return the environment in which a new process works with the store that a client works with."""
    from kitaru.store.connect import current_target
    from kitaru.store.home import find_home

    environment = dict(os.environ)
    if client.home is not None:
        # Named, so that no login leads the runner to a server.
        away = ("KITARU_SERVER_URL", "KITARU_AUTH_TOKEN")
        kept = {name: value for name, value in environment.items() if name not in away}
        return {**kept, "KITARU_HOME": str(client.home), "KITARU_STORE": "service"}
    server = client.server
    if server is None and (target := current_target()).url:
        server = (target.url, target.token)
    if server is not None:
        environment["KITARU_SERVER_URL"], environment["KITARU_AUTH_TOKEN"] = server
    environment["KITARU_HOME"] = str(find_home() if server else client.store.location)
    return environment
