"""Checking, rebuilding, copying and cleaning a home, wherever its database is open."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kitaru.client.client import KitaruClient

    Report = dict[str, Any]
    Tell = Callable[[str], None]


def verify(client: KitaruClient, tell: Tell) -> Report:
    """Check that everything that was recorded is still there, and is what was recorded.

    Parameters
    ----------
    client
        Whose store.
    tell
        Called with how far it is.

    Returns
    -------
    dict
        ``problems`` is empty if all is well.
    """
    from kitaru.store.duckdb import DuckDBStore

    if not isinstance(client.store, DuckDBStore):
        return _in_service(client, "verify", tell)
    from kitaru.store.duckdb.maintenance import verify as check

    return dataclasses.asdict(check(client.store, progress=lambda what, done, total: tell(f"{what} {done}/{total}")))


def backup(client: KitaruClient, destination: Path, tell: Tell) -> Report:
    """Copy a home to a new folder while it is in use.

    Raises
    ------
    KitaruUsageError
        If the folder exists.
    """
    from kitaru.store.duckdb import DuckDBStore

    target = destination.expanduser().absolute()
    if not isinstance(client.store, DuckDBStore):
        return _in_service(client, "backup", tell, destination=str(target))
    from kitaru.store.duckdb.maintenance import backup as copy

    return dataclasses.asdict(copy(client.store, target))


def clean(
    client: KitaruClient, tell: Tell, *, executions: Iterable[str] = (), older_than: float | None = None,
    dry_run: bool = False,
) -> Report:  # fmt: skip
    """Delete executions and give back the space of what nothing needs any more.

    Parameters
    ----------
    client
        Whose store.
    tell
        Called with how far it is.
    executions
        Ids, or beginnings of them.
    older_than
        Also what ended more than this many seconds ago.
    dry_run
        Only say what would be removed.
    """
    from kitaru.store.duckdb import DuckDBStore

    ids = [client.executions.resolve(name) for name in executions]
    wanted: dict[str, Any] = {"executions": ids, "older_than": older_than, "dry_run": dry_run}
    if not isinstance(client.store, DuckDBStore):
        return _in_service(client, "clean", tell, **wanted)
    from kitaru.store.duckdb.maintenance import clean as remove

    return dataclasses.asdict(remove(client.store, **wanted))


def rebuild(client: KitaruClient, tell: Tell, *, accept_loss: bool = False) -> Report:
    """Write the database of this machine's home anew from its journal; its service is stopped for it.

    Raises
    ------
    KitaruUsageError
        If the client works with a server.
    KitaruStateError
        If executions run.
    KitaruCorruptionError
        If the old database has what the journal lacks, and `accept_loss` is not given.
    """
    from kitaru.runtime.engine import close_engines
    from kitaru.store.connect import close_store
    from kitaru.store.duckdb.maintenance import rebuild as write_anew
    from kitaru.store.home import find_home
    from kitaru.store.service.process import service_status, stop_service

    if client.is_remote:
        raise KitaruUsageError("A server's database is rebuilt on the server's own machine: log in there.")
    home = find_home()
    if service_status(home) is not None:
        running = client.executions.list(status="running", limit=1)
        if running:
            raise KitaruStateError(f"{running[0].exec_id} is running. Wait for its end, or cancel it, then try again.")
    close_engines()
    close_store()
    stop_service(home)
    report = write_anew(home, accept_loss=accept_loss, progress=lambda done, total: tell(f"events {done}/{total}"))
    return dataclasses.asdict(report)


def _in_service(client: KitaruClient, task: str, tell: Tell, **parameters: Any) -> Report:
    store: Any = client.store
    result: Report = {}
    for told in store.maintain(task, **parameters):
        if "progress" in told:
            tell(str(told["progress"]))
        elif "result" in told:
            result = told["result"]
    return result
