"""Starting, finding and stopping the service of a home."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path  # noqa: TC003 -- the examples use it
from typing import TYPE_CHECKING, Any, Final, TypedDict

import orjson

from kitaru.errors import KitaruBackendError, KitaruStateError, KitaruStoreBusyError, KitaruStoreVersionError
from kitaru.store.home import ensure_home, register_home
from kitaru.store.journal.disk import explained
from kitaru.store.service import wire
from kitaru.store.service.connection import Address, Answer, Connection
from kitaru.store.service.log import FILE as LOG_FILE
from kitaru.store.service.record import FILE as RECORD_FILE
from kitaru.store.service.record import ServiceRecord, read_record
from kitaru.store.service.spawning import detached, with_package

if TYPE_CHECKING:
    from collections.abc import Iterable

START_TIMEOUT: Final = 60.0
"""Seconds that a service may take to listen, applying what a crash left in the journal included."""

STOP_TIMEOUT: Final = 15.0
"""Seconds that a service may take to answer what is under way and close its database."""

_PROBE_TIMEOUT: Final = 10.0


class ServiceStatus(TypedDict):
    """A running service as people see it; the token is left out."""

    url: str
    pid: int
    kitaru: str
    protocol: int
    home: str
    uptime: float
    """Seconds since it began to listen."""


def start_service(
    home: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    foreground: bool = False,
    *,
    idle_timeout: float | None = None,
    names: Iterable[str] = (),
) -> ServiceRecord:
    """Start the service of a home, unless it runs as asked for already.

    Parameters
    ----------
    home
        The folder; it is made if it is not there.
    host, port
        Where to listen; port 0 is a free one.
    token
        What clients must send; a random one if None. Other hosts than loopback need one.
    foreground
        Serve in this process and return when the service has ended.
    idle_timeout
        Seconds without any need after which the service ends, 0 for never. If None, ``KITARU_SERVICE_IDLE`` or 15
        minutes on loopback, and never elsewhere.
    names
        Further names under which clients reach it, such as that of a proxy.

    Returns
    -------
    ServiceRecord
        Address and token.

    Raises
    ------
    KitaruUsageError
        If it would listen beyond this machine without a token, or cannot have the port.
    KitaruStateError
        If the home's service runs at another address or with another token.
    KitaruStoreBusyError
        If another process has the database open.

    Examples
    --------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> start_service(home).host
    '127.0.0.1'
    >>> stop_service(home)
    True
    """
    from kitaru.store.service.server import Options

    options = Options(ensure_home(home.expanduser().absolute()), host, port, token, idle_timeout, tuple(names))
    running = find_service(options.home)
    if running is not None:
        return _as_asked(running, options.host, options.port, options.token)
    if foreground:
        return _serve_here(options)
    with starting(options.home):
        return find_service(options.home) or _spawn(options)


def stop_service(home: Path, *, timeout: float = STOP_TIMEOUT) -> bool:
    """Stop the service of a home: it answers what is under way and closes its database.

    Parameters
    ----------
    home
        The folder.
    timeout
        Seconds to wait for its end.

    Returns
    -------
    bool
        Whether one was running.

    Raises
    ------
    KitaruBackendError
        If it still runs after `timeout`.

    Examples
    --------
    >>> import tempfile
    >>> stop_service(Path(tempfile.mkdtemp()))
    False
    """
    record = read_record(home.expanduser().absolute())
    if record is None or not record.is_alive():
        return False
    _ask_to_stop(record)
    if not record.wait_until_gone(timeout):
        raise KitaruBackendError(
            f"The service of {home} (pid {record.pid}) still runs {timeout:g} s after it was told to stop. Look into "
            f"{home / LOG_FILE}; nothing that was acknowledged is lost if you end it with: kill -9 {record.pid}"
        )
    return True


def _ask_to_stop(record: ServiceRecord) -> None:
    connection = Connection(Address.parse(record.url, record.token), _PROBE_TIMEOUT)
    try:
        understood = connection.request("POST", "/v1/shutdown").status == 200
    except OSError:
        understood = False
    finally:
        connection.close()
    if not understood:  # It does not listen, or not any more; the signal says the same.
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, signal.SIGTERM)


def service_status(home: Path) -> ServiceStatus | None:
    """Say where the service of a home listens and since when; None if none runs. It starts nothing.

    Examples
    --------
    >>> import tempfile
    >>> service_status(Path(tempfile.mkdtemp())) is None
    True
    """
    home = home.expanduser().absolute()
    record = read_record(home)
    health = None if record is None else probe(home, record)
    if record is None or health is None:
        return None
    return {
        "url": record.url,
        "pid": record.pid,
        "kitaru": health["kitaru"],
        "protocol": health["protocol"],
        "home": health["home"],
        "uptime": health["uptime"],
    }


def find_service(home: Path) -> ServiceRecord | None:
    """Return the record of a home's service if it answers and speaks this client's protocol.

    An older service that nobody needs is stopped, so that a new one takes its place.

    Raises
    ------
    KitaruStoreVersionError
        If the service is newer than this client, or older and needed.
    """
    record = read_record(home)
    health = None if record is None else probe(home, record)
    if record is None or health is None:
        return None
    if health["protocol"] == wire.PROTOCOL:
        return record
    if health["protocol"] > wire.PROTOCOL:
        raise KitaruStoreVersionError(
            f"The service of {home} (pid {record.pid}) is of Kitaru {health['kitaru']} and newer than this one "
            f"({wire.kitaru_version()}). Upgrade here with: pip install --upgrade kitaru-jupyter"
        )
    _replace(home, record, health)
    return None


def ensure_service(home: Path) -> ServiceRecord:
    """Return the record of a home's service; one is started if none runs.

    Raises
    ------
    KitaruStoreBusyError
        If a process that is no service has the database open.
    KitaruBackendError
        If the service does not come up.
    """
    record = find_service(home)
    if record is not None:
        return record
    from kitaru.store.service.server import Options

    with starting(ensure_home(home)):
        return find_service(home) or _spawn(Options(home))


def probe(home: Path, record: ServiceRecord) -> wire.Health | None:
    """Ask a service who it is; None if it is not that of the home."""
    connection = Connection(Address.parse(record.url, record.token), _PROBE_TIMEOUT)
    try:
        answer: Answer = connection.request("GET", "/v1/health")
    except TimeoutError as error:
        if not record.is_alive():
            return None
        raise KitaruBackendError(
            f"The service of {home} (pid {record.pid}) does not answer. Look into {home / LOG_FILE}; nothing that was "
            f"acknowledged is lost if you end it with: kill -9 {record.pid}"
        ) from error
    except OSError:
        return None
    finally:
        connection.close()
    if answer.status == 401 and record.is_alive():
        raise KitaruBackendError(
            f"The service of {home} (pid {record.pid}) refuses the token in {home / RECORD_FILE}: the file was changed "
            f"or copied. End the service with `kill {record.pid}`; the next call starts another one."
        )
    # After a crash the port may have been given to any other program, or to the service of another home.
    if answer.status != 200:
        return None
    try:
        health: wire.Health = orjson.loads(answer.body)
        return health if health["pid"] == record.pid else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _replace(home: Path, record: ServiceRecord, health: wire.Health) -> None:
    connection = Connection(Address.parse(record.url, record.token), _PROBE_TIMEOUT)
    try:
        answer = connection.request("POST", "/v1/shutdown", orjson.dumps({"if_idle": True}))
    except OSError:
        return  # It went away by itself.
    finally:
        connection.close()
    if answer.status != 200:
        reason = wire.decode_error(answer.status, answer.body, record.url)
        raise KitaruStoreVersionError(
            f"The service of {home} (pid {record.pid}) is of Kitaru {health['kitaru']}, older than this one "
            f"({wire.kitaru_version()}), and cannot be replaced now. {reason} Try again when that has ended, or "
            "stop it with: kitaru service stop"
        )
    record.wait_until_gone(STOP_TIMEOUT)


def starting(home: Path) -> Any:
    """Let one client start the service while the others wait here, and find it; releases at the end of a block."""
    from filelock import FileLock, Timeout

    path = home / "service.lock"
    try:
        return FileLock(path, timeout=START_TIMEOUT, mode=0o600).acquire()
    except Timeout:
        raise
    except OSError as error:
        raise explained(error, "lock", path) from error


def _as_asked(record: ServiceRecord, host: str, port: int, token: str | None) -> ServiceRecord:
    if host != record.host or port not in (0, record.port) or token not in (None, record.token):
        raise KitaruStateError(
            f"The service runs already at {record.url} (pid {record.pid}), and not as asked for now. Stop it first "
            "with: kitaru service stop"
        )
    return record


def _serve_here(options: Any) -> ServiceRecord:
    from kitaru.store.service.server import serve

    records: list[ServiceRecord] = []
    lock = starting(options.home).lock

    def listening(record: ServiceRecord) -> None:
        records.append(record)
        lock.release()

    try:
        serve(options, listening)
    finally:
        lock.release(force=True)
    return records[0]


def _spawn(options: Any) -> ServiceRecord:
    """Start the process and wait until it listens. A service that is about to end is waited for."""
    from kitaru.store.service.installing import begin

    home: Path = options.home
    installed = begin(home) if options == type(options)(home) else None
    if installed is not None:
        return installed
    deadline = time.monotonic() + STOP_TIMEOUT
    while True:
        leaving = read_record(home)
        if leaving is not None:
            leaving.wait_until_gone(max(0.0, deadline - time.monotonic()))
        failure = _launch(options)
        record = read_record(home)
        if failure is None and record is not None:
            register_home(home)
            return record
        # Between its end as a server and that of its process, a service still holds the database.
        if not (isinstance(failure, KitaruStoreBusyError) and leaving and time.monotonic() < deadline):
            raise failure or _failed(home, "it ended at once")
        time.sleep(0.05)


def _launch(options: Any) -> Exception | None:
    """Run the process; return what it failed with, None when it listens."""
    home: Path = options.home
    descriptor = os.open(home / LOG_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        process = subprocess.Popen(
            _command(options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=descriptor,
            cwd=home,
            env=with_package({**os.environ, "KITARU_HOME": str(home)}),
            **detached(),
        )
    finally:
        os.close(descriptor)
    try:
        said = _first_words(process, (options.token or "").encode())
    except subprocess.TimeoutExpired:
        process.kill()
        return _failed(home, f"it did not listen within {START_TIMEOUT:g} s")
    if said.strip() == b"{}":
        return None
    if not said:
        return _failed(home, "it ended before it listened")
    return wire.decode_error(500, said, f"the service of {home}")


def _first_words(process: subprocess.Popen[bytes], token: bytes) -> bytes:
    if os.name == "nt":  # There the process stays our child, so only its output ends.
        with process.stdin, process.stdout:  # type: ignore[union-attr]
            process.stdin.write(token)  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
            return process.stdout.read()  # type: ignore[union-attr]
    return process.communicate(token, timeout=START_TIMEOUT)[0]


def _command(options: Any) -> list[str]:
    # -P: what lies in the home is never imported.
    command = [sys.executable, "-P", "-m", "kitaru.store.service", "--detach", "--home", str(options.home)]
    command += ["--host", options.host, "--port", str(options.port)]
    if options.token is not None:
        command += ["--token-file", "-"]  # Everybody can read a command line.
    if options.idle_timeout is not None:
        command += ["--idle-timeout", str(options.idle_timeout)]
    for name in options.names:
        command += ["--allow-host", name]
    return command


def _failed(home: Path, how: str) -> KitaruBackendError:
    return KitaruBackendError(
        f"The service of {home} did not start: {how}. {_last_line(home / LOG_FILE)}Look into {home / LOG_FILE}, or "
        "work without a service by setting KITARU_STORE=embedded."
    )


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f"The last line of its log: {lines[-1]} " if lines else ""
