"""What a home's service is to the machine: a unit of the user's systemd, or an agent of launchd."""

from __future__ import annotations

import hashlib
import os
import plistlib
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kitaru.errors import KitaruFeatureNotAvailableError
from kitaru.store.service.spawning import with_package

ENVIRONMENT_FILE: Final = "service.env"
"""Lines ``NAME=value`` in the home, for the service and for the jobs that it does."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit file, and the commands around it.

    Parameters
    ----------
    home
        The home whose service it is.
    path
        Where the file belongs.
    text
        What is in it.
    probe
        Fails where nobody would read it.
    enable, disable
        Commands after it was written, and before it is removed.
    forget
        Commands after it was removed.
    begin
        Starts the service; does nothing if it runs.
    linger
        Lets it start with the machine, and not only when its user logs in; empty where there is no such thing.
    """

    home: Path
    path: Path
    text: str
    probe: tuple[str, ...]
    enable: tuple[tuple[str, ...], ...]
    disable: tuple[tuple[str, ...], ...]
    forget: tuple[tuple[str, ...], ...]
    begin: tuple[str, ...]
    linger: tuple[str, ...] = ()


def unit_of(home: Path, platform: str = sys.platform) -> Unit:
    """Describe the unit of a home's service; nothing is written.

    Parameters
    ----------
    home
        The home.
    platform
        As `sys.platform` says it.

    Raises
    ------
    KitaruFeatureNotAvailableError
        If the system has neither systemd nor launchd.

    Examples
    --------
    >>> unit_of(Path("/srv/.kitaru"), "linux").path.name
    'kitaru-....service'
    """
    home = home.expanduser().absolute()
    name = f"kitaru-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"
    if platform.startswith("linux"):
        return _systemd(home, f"{name}.service")
    if platform == "darwin":
        return _launchd(home, f"org.{name.replace('-', '.')}")
    raise KitaruFeatureNotAvailableError(
        f"Here is neither systemd nor launchd to start a service with the machine. Let the system start this by its "
        f"own means: {by_hand(home)}"
    )


def _systemd(home: Path, name: str) -> Unit:
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    lines = [
        "[Unit]",
        f"Description=Kitaru service of {_specifiers(str(home))}",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={' '.join(_quoted(word, dollars=True) for word in _command(home))}",
        f"WorkingDirectory={_specifiers(str(home))}",
        *(f"Environment={_quoted(f'{key}={value}')}" for key, value in _environment().items()),
        f"EnvironmentFile=-{_specifiers(str(home / ENVIRONMENT_FILE))}",
        "# Processes with a job do it to its end, whatever becomes of the service.",
        "KillMode=process",
        "Restart=on-failure",
        "RestartSec=10",
        "",
        "[Install]",
        "WantedBy=default.target",
        "",
    ]
    user = ("systemctl", "--user")
    return Unit(
        home,
        folder / name,
        "\n".join(lines),
        probe=(*user, "show-environment"),
        enable=((*user, "daemon-reload"), (*user, "enable", name), (*user, "restart", name)),
        disable=((*user, "disable", "--now", name),),
        forget=((*user, "daemon-reload"),),
        begin=(*user, "start", name),
        linger=("loginctl", "enable-linger"),
    )


def _launchd(home: Path, label: str) -> Unit:
    path = Path.home() / "Library" / "LaunchAgents" / f"{label}.plist"
    # launchd reads no file of variables.
    script = 'if [ -f "$0" ]; then set -a; . "$0"; set +a; fi; exec "$@"'
    described = {
        "Label": label,
        "ProgramArguments": ["/bin/sh", "-c", script, str(home / ENVIRONMENT_FILE), *_command(home)],
        "WorkingDirectory": str(home),
        "EnvironmentVariables": _environment(),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "AbandonProcessGroup": True,
    }
    domain = f"gui/{os.getuid()}"
    # Of two agents of a label the second one is refused.
    again = f'launchctl bootout {domain}/{label} 2>/dev/null; launchctl bootstrap {domain} "$0"'
    return Unit(
        home,
        path,
        plistlib.dumps(described).decode(),
        probe=("launchctl", "print", domain),
        enable=(("/bin/sh", "-c", again, str(path)),),
        disable=(("launchctl", "bootout", f"{domain}/{label}"),),
        forget=(),
        begin=("launchctl", "kickstart", f"{domain}/{label}"),
    )


def _command(home: Path) -> list[str]:
    # -P: what lies in the home is never imported.
    program = [sys.executable, "-P", "-m", "kitaru.store.service"]
    return [*program, "--log", "--idle-timeout", "0", "--home", str(home)]


def _environment() -> dict[str, str]:
    """Return what a unit is told of this environment; everything else is the file's business, secrets first of all."""
    path = {"PATH": os.environ["PATH"]} if os.environ.get("PATH") else {}
    return with_package(path)


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str, *, dollars: bool = False) -> str:
    """Write a word as systemd reads it."""
    text = _specifiers(word).replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("$", "$$") if dollars else text
    return text if re.fullmatch(r"[\w@%+=:,./$-]+", text) else f'"{text}"'


def by_hand(home: Path) -> str:
    """Return the command line that serves a home."""
    return shlex.join(_command(home))
