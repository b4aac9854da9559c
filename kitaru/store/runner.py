"""Who runs an execution, told so that others on the same machine can see whether it still lives."""

from __future__ import annotations

import functools
import hashlib
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitaru.store.events import Runner

LEASE_SECONDS = 30.0
_MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_TOLERANCE = 1.0
_HAS_PROC = Path("/proc/self/stat").exists()


def runner_identity(*, kind: str = "process", label: str = "", lease: float = LEASE_SECONDS) -> Runner:
    """Describe this process as a runner.

    Parameters
    ----------
    kind
        What it is: ``"kernel"``, ``"script"``, ``"worker"``, …
    label
        What to call it when speaking to people.
    lease
        After how many seconds without a sign of life a store on another machine gives it up.

    Returns
    -------
    Runner
        The same `runner_id` for all calls in one process.

    Examples
    --------
    >>> runner_identity(kind="kernel")["pid"] == os.getpid()
    True
    """
    pid = os.getpid()
    return {
        "runner_id": _runner_id(pid),
        "host": host_id(),
        "pid": pid,
        "started": process_start(pid) or 0.0,
        "kind": kind,
        "label": label,
        "lease": lease,
    }


@functools.cache
def _runner_id(pid: int) -> str:
    return f"{pid}-{uuid.uuid4().hex[:12]}"


@functools.cache
def host_id() -> str:
    """Return what is the same for two processes exactly if they can see each other's process ids.

    That is the machine, its current boot and, in containers, the namespace of process ids.

    Examples
    --------
    >>> len(host_id())
    16
    """
    parts = [_first_readable(_MACHINE_IDS) or f"{uuid.getnode():x}", _first_readable((_BOOT_ID,)) or _boot_time()]
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _first_readable(paths: tuple[str, ...]) -> str:
    for path in paths:
        with suppress(OSError):
            return Path(path).read_text(encoding="ascii").strip()
    return ""


def _boot_time() -> str:
    import psutil

    # It moves a little when the clock is set.
    return str(round(psutil.boot_time() / 60))


def process_start(pid: int) -> float | None:
    """Return when a process began, in seconds by a clock of the system's own; None if there is no such process.

    A zombie counts as gone: it runs nothing any more.

    Examples
    --------
    >>> process_start(os.getpid()) is not None
    True
    """
    return _start_by_proc(pid) if _HAS_PROC else _start_by_psutil(pid)


def _start_by_proc(pid: int) -> float | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The command in parentheses may hold anything, so count from its end.
    fields = status[status.rindex(b")") + 2 :].split()
    if fields[0] in (b"Z", b"X"):
        return None
    # Ticks since boot: unlike a wall-clock time it stays when somebody sets the clock.
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _start_by_psutil(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.AccessDenied:
        return 0.0
    except psutil.NoSuchProcess:
        return None


def is_alive(runner: Runner) -> bool:
    """Say whether a runner of this machine still lives: its process is there and is the one that it was.

    Examples
    --------
    >>> is_alive(runner_identity())
    True
    """
    start = process_start(runner["pid"])
    if start is None:
        return False
    return not (start and runner["started"]) or abs(start - runner["started"]) <= _TOLERANCE
