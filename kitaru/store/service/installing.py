"""Installing a home's service, so that it comes back after a reboot.

Whoever needs the service while it is installed has it started by systemd or launchd, so that there is one owner.
"""

from __future__ import annotations

import getpass
import shlex
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Final

from kitaru.errors import KitaruBackendError, KitaruFeatureNotAvailableError, KitaruStoreVersionError
from kitaru.store.home import ensure_home, register_home, write_private
from kitaru.store.service import process, wire
from kitaru.store.service.log import FILE as LOG_FILE
from kitaru.store.service.record import ServiceRecord, read_record
from kitaru.store.service.unit import Unit, by_hand, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PAUSE: Final = 0.05


def install(home: Path, *, linger: bool = True) -> tuple[ServiceRecord, list[str]]:
    """Write the unit of a home's service and start it; a service that runs gives way to it.

    Parameters
    ----------
    home
        The home; it is made if it is not there.
    linger
        Whether it is to start with the machine, before its user logs in.

    Returns
    -------
    ServiceRecord
        The service that runs from now on.
    list of str
        Sentences about what could not be had.

    Raises
    ------
    KitaruFeatureNotAvailableError
        If the system has neither systemd nor launchd, or it is not at work for this user.
    KitaruBackendError
        If it refuses the unit, or the service does not start.
    """
    unit = unit_of(ensure_home(home.expanduser().absolute()))
    _require(unit)
    # Who needs the service meanwhile waits for this one, instead of starting another.
    with process.starting(unit.home):
        process.stop_service(unit.home)
        unit.path.parent.mkdir(parents=True, exist_ok=True)
        write_private(unit.path, unit.text.encode())
        for command in unit.enable:
            _run(command)
        record = _until_listening(unit)
    register_home(unit.home)
    return record, _linger(unit) if linger and unit.linger else []


def uninstall(home: Path) -> bool:
    """Stop the service of a home and remove its unit; say whether there was one."""
    unit = unit_of(home)
    if not unit.path.exists():
        return False
    _require(unit)
    for command in unit.disable:
        _run(command)
    unit.path.unlink()
    for command in unit.forget:
        _run(command)
    return True


def installed(home: Path) -> Path | None:
    """Return the file of a home's unit; None if there is none."""
    try:
        path = unit_of(home).path
    except KitaruFeatureNotAvailableError:
        return None
    return path if path.is_file() else None


def begin(home: Path) -> ServiceRecord | None:
    """Have an installed service started; None if there is none, or nobody who starts it.

    Raises
    ------
    KitaruBackendError
        If it does not listen.
    KitaruStoreVersionError
        If it was installed with another version of Kitaru, which clients of this one do not understand.
    """
    if installed(home) is None:
        return None
    unit = unit_of(home)
    if shutil.which(unit.begin[0]) is None or _ask(unit.begin).returncode:
        return None
    return _until_listening(unit)


def _require(unit: Unit) -> None:
    tool = unit.probe[0]
    if shutil.which(tool) is None:
        raise KitaruFeatureNotAvailableError(
            f"{tool} is not there to start a service with the machine. Let the system start this by its own means: "
            f"{by_hand(unit.home)}"
        )
    answer = _ask(unit.probe)
    if answer.returncode:
        raise KitaruFeatureNotAvailableError(
            f"{shlex.join(unit.probe)} says: {_said(answer)}. No manager of services is at work for this user here; "
            "log in as that user, or let the system start this by its own means: "
            f"{by_hand(unit.home)}"
        )


def _linger(unit: Unit) -> list[str]:
    if shutil.which(unit.linger[0]) is None or _ask(unit.linger).returncode:
        allow = f"sudo loginctl enable-linger {getpass.getuser()}"
        return [f"It starts when you log in. That it starts with the machine must be allowed once, with: {allow}"]
    return []


def _until_listening(unit: Unit) -> ServiceRecord:
    deadline = time.monotonic() + process.START_TIMEOUT
    while time.monotonic() < deadline:
        record = read_record(unit.home)
        health = None if record is None else process.probe(unit.home, record)
        if record is not None and health is not None:
            if health["protocol"] != wire.PROTOCOL:
                raise KitaruStoreVersionError(
                    f"The service of {unit.home} is installed with Kitaru {health['kitaru']}, which this one "
                    f"({wire.kitaru_version()}) does not understand. Install it anew: kitaru service install"
                )
            return record
        time.sleep(_PAUSE)
    raise KitaruBackendError(
        f"The service of {unit.home} was started by {unit.begin[0]} and does not listen. Look into "
        f"{unit.home / LOG_FILE}, and ask {unit.begin[0]} about {unit.path.stem}."
    )


def _run(command: Sequence[str]) -> None:
    answer = _ask(command)
    if answer.returncode:
        raise KitaruBackendError(f"{shlex.join(command)} failed: {_said(answer)}.")


def _ask(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False)


def _said(answer: subprocess.CompletedProcess[str]) -> str:
    return " ".join((answer.stderr or answer.stdout).split()).rstrip(".") or f"status {answer.returncode}"
