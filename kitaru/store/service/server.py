"""The service's process: it owns a home's database and listens until nobody needs it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import logging
import os
import secrets
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruStoreError, KitaruUsageError
from kitaru.store.jobs.process import clean_environment
from kitaru.store.jobs.worker import Worker
from kitaru.store.runner import process_start
from kitaru.store.service.app import App, Service
from kitaru.store.service.continuing import Continuing
from kitaru.store.service.guard import Guard, is_loopback
from kitaru.store.service.record import ServiceRecord, remove_record, write_record
from kitaru.store.service.scheduling import Scheduling
from kitaru.store.service.watches import Watches
from kitaru.store.service.wire import kitaru_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kitaru.store.service.log import ServiceLog

IDLE_TIMEOUT: Final = 900.0
"""Seconds without any need after which a local service ends."""

_KEEP_ALIVE: Final = 75
_GRACE: Final = 10
_SWITCH_INTERVAL: Final = 0.0005
_GARBAGE_THRESHOLDS: Final = (50_000, 20, 20)

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """How to serve a home.

    `idle_timeout` is in seconds, 0 for a service that stays; None stands for ``KITARU_SERVICE_IDLE`` or 15 minutes on
    this machine's loopback, and for a service that stays elsewhere. `names` are further names for the Host header.
    `umask` is that of the processes that do its jobs, -1 for its own.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = dataclasses.field(default=None, repr=False)
    idle_timeout: float | None = None
    names: tuple[str, ...] = ()
    umask: int = -1

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and not self.token:
            raise KitaruUsageError(
                f"Listening on {self.host} lets other machines in, so it needs a token of your choice: pass token=, or "
                "--token-file on the command line. A long random one: python -c 'import secrets; "
                "print(secrets.token_urlsafe(32))'."
            )
        if self.token is not None and not (len(self.token) >= 16 and self.token.isascii() and self.token.isprintable()):
            raise KitaruUsageError("The token must have 16 characters or more, and only printable ASCII.")

    def is_local(self) -> bool:
        """Whether it serves this machine's user alone: nobody else was given a token, or a way to it."""
        return is_loopback(self.host) and self.token is None and not self.names

    def idle_seconds(self) -> float:
        """Return after how many idle seconds to end; 0 for never."""
        if self.idle_timeout is not None:
            return self.idle_timeout
        return _idle_setting() if is_loopback(self.host) else 0.0


def serve(options: Options, announce: Callable[[ServiceRecord], None], log: ServiceLog | None = None) -> None:
    """Own a home and answer clients until told to stop or idle for long enough.

    Parameters
    ----------
    options
        Home, address and token.
    announce
        Called once, when clients can connect.
    log
        The log to keep small, if this process has one of its own.

    Raises
    ------
    KitaruStoreBusyError
        If another process owns the home.
    """
    from kitaru.store.duckdb import DuckDBStore

    listener = _bind(options)
    # The event loop takes signals, so none strikes while the main thread writes.
    with contextlib.closing(listener), contextlib.closing(DuckDBStore(options.home, interruptible=False)) as store:
        # Ingesting works in long steps, and a client's append shall not wait for one.
        sys.setswitchinterval(_SWITCH_INTERVAL)
        # Events are trees that go when their last reference goes. Looking for cycles among those that wait to be
        # ingested took a third of the time that ten thousand checkpoints took here.
        gc.freeze()
        gc.set_threshold(*_GARBAGE_THRESHOLDS)
        token = options.token or secrets.token_urlsafe(32)
        record = ServiceRecord(
            os.getpid(),
            process_start(os.getpid()) or 0.0,
            options.host,
            listener.getsockname()[1],
            token=token,
            kitaru=kitaru_version(),
        )
        with _new_loop() as runner:
            runner.run(_Process(options, record, store, listener, log).run(announce))
    # Last, so that who finds no record finds no owner of the database either.
    remove_record(options.home, lambda found: found.pid == record.pid)


class _Process:
    """The parts of a running service, and their common end."""

    def __init__(
        self, options: Options, record: ServiceRecord, store: Any, listener: socket.socket, log: ServiceLog | None
    ) -> None:
        self._record = record
        self._store = store
        self._listener = listener
        self._log = log
        self._home = options.home
        self._idle_seconds = options.idle_seconds()
        self._stopped = asyncio.Event()
        self._watches = Watches()
        # What others may write must not decide what is started here.
        self._scheduling = Scheduling(store)
        self._continuing = Continuing(store) if options.is_local() else None
        self._worker = (
            Worker(store, clean_environment(options.home), umask=options.umask, name="service", home=options.home)
            if options.is_local()
            else None
        )
        self._service = Service(
            store=store,
            home=options.home,
            guard=Guard(record.token, options.host, options.names),
            watches=self._watches,
            stop=self._stopped.set,
            pid=record.pid,
            continuing=self._continuing,
        )

    async def run(self, announce: Callable[[ServiceRecord], None]) -> None:
        app = App(self._service)
        server = _new_server(app, self._stopped, self._watches)
        app.under_way = server.server_state.tasks
        with _signals(self._stopped):
            serving = asyncio.create_task(server.serve(sockets=[self._listener]))
            await self._until_listening(server, serving)
            write_record(self._home, self._record)
            announce(self._record)
            _log.info("serving %s at %s", self._home, self._record.url)
            tending = asyncio.create_task(self._tend())
            self._scheduling.start()
            if self._continuing is not None and self._worker is not None:
                self._worker.start()
                self._continuing.start()
            try:
                await serving
            finally:
                tending.cancel()
                self._scheduling.close()
                if self._continuing is not None and self._worker is not None:
                    self._continuing.close()
                    self._worker.close()
                app.close()
        _log.info("stopped")

    async def _until_listening(self, server: Any, serving: asyncio.Task[None]) -> None:
        listening = asyncio.create_task(server.listening.wait())
        await asyncio.wait((listening, serving), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            listening.cancel()
            serving.result()

    async def _tend(self) -> None:
        """Keep the log small, and end the service when nobody needs it or its home was removed."""
        pause = min(30.0, self._idle_seconds / 4) or 30.0
        while not self._stopped.is_set():
            await asyncio.sleep(pause)
            if not self._home.is_dir():
                self._stopped.set()  # nothing that is recorded from here on would be found again
                return
            if self._log is not None:
                self._log.keep_small()
            if self._idle_seconds and await self._is_idle():
                _log.info("nobody needed the service for %g s", self._idle_seconds)
                self._stopped.set()

    async def _is_idle(self) -> bool:
        activity = self._service.activity
        if activity.quiet_for() < self._idle_seconds:
            return False
        try:
            reason = await asyncio.to_thread(self._service.reason_to_stay)
        except KitaruStoreError as error:
            _log.warning("cannot tell whether anybody needs the service, so it stays: %s", error)
            return False
        return reason is None and activity.quiet_for() >= self._idle_seconds


def _new_server(app: App, stopped: asyncio.Event, watches: Watches) -> Any:
    from uvicorn.config import Config
    from uvicorn.server import Server

    class LocalServer(Server):
        """Uvicorn's server without its polling, and with an end to endless answers."""

        listening = asyncio.Event()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def main_loop(self) -> None:
            await self.on_tick(0)
            self.listening.set()
            await stopped.wait()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            watches.close()
            await super().shutdown(sockets)

    config = Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )
    return LocalServer(config)


def _new_loop() -> asyncio.Runner:
    if sys.platform == "win32":
        return asyncio.Runner()
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


@contextlib.contextmanager
def _signals(stopped: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    try:
        for number in numbers:
            loop.add_signal_handler(number, stopped.set)
    except (NotImplementedError, ValueError, RuntimeError):  # Windows, or not the main thread.
        yield
        return
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _bind(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        if os.name != "nt":  # There it would let two services share a port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.host, options.port))
    except OSError as error:
        listener.close()
        raise KitaruUsageError(
            f"Cannot listen on {options.host} port {options.port}: {error.strerror or error}. Choose another port, or "
            "0 for a free one."
        ) from error
    return listener


def _idle_setting() -> float:
    text = os.environ.get("KITARU_SERVICE_IDLE", "").strip()
    if not text:
        return IDLE_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise KitaruUsageError(f"KITARU_SERVICE_IDLE is a number of seconds, 0 for never; it is {text!r}.")
    return seconds
