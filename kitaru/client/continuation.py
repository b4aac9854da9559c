"""Who goes on with an execution whose question was answered when no process stayed with it.

A live kernel that let go of the execution hears of the answer and claims it within milliseconds. If
none does, a new runner is started, with the interpreter and in the working directory that are recorded;
the claim decides between the two. A home's own service starts it; a server starts nothing, so there the
process that answers does.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from kitaru.store import events as kinds

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.models import Execution


def go_on(client: KitaruClient, execution: Execution) -> int | None:
    """Start a runner for an execution that was answered and that nobody runs, unless the service does it.

    Parameters
    ----------
    client
        Whose store it is in.
    execution
        As it is right after the answer.

    Returns
    -------
    int or None
        The new process; None if none is needed, or none can be started here (see `continues_by_itself`).
    """
    if not continues_by_itself(client, execution) or _left_to_service(client):
        return None
    from kitaru.store.service.spawning import start_runner

    process = start_runner(execution.exec_id, execution.interpreter, execution.cwd, environment_of(client))
    # Collected when it ends, so that a server that lives for months keeps no zombies.
    threading.Thread(target=process.wait, name=f"kitaru-runner-{execution.exec_id}", daemon=True).start()
    return process.pid


def go_on_with_parent(client: KitaruClient, execution: Execution) -> int | None:
    """Start a runner for the execution that waited for one that was ended by hand, as `go_on` does."""
    parent = execution.parent_exec_id
    return None if parent is None else go_on(client, client.executions.get(parent))


def continues_by_itself(client: KitaruClient, execution: Execution) -> bool:
    """Whether a runner can be started on this machine: nobody has the execution, and it was recorded on this machine.

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


def _left_to_service(client: KitaruClient) -> bool:
    from kitaru.store.service.client import ServiceStore

    return isinstance(client.store, ServiceStore) and client.store.health().get("continues", False)


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
