"""What a worker process takes over from the process that it works for, before each call."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple


class Surroundings(NamedTuple):
    """Working directory, import path, environment and log level of a process."""

    directory: str | None
    path: list[str]
    environment: dict[str, str]
    log_level: int

    @classmethod
    def here(cls) -> Surroundings:
        """Those of this process now."""
        try:
            directory: str | None = str(Path.cwd())
        except FileNotFoundError:
            directory = None
        return cls(directory, [str(entry) for entry in sys.path], dict(os.environ), logging.root.level)

    def apply(self) -> None:
        """Make them those of this process."""
        if self.directory is not None:
            os.chdir(self.directory)
        sys.path[:] = self.path
        for name in os.environ.keys() - self.environment.keys():
            del os.environ[name]
        os.environ.update(self.environment)
        logging.root.setLevel(self.log_level)


class SourceWatch:
    """Notices that a module of the user's was edited after this process imported it.

    A worker lives longer than a call, so without this it would run the code of an hour ago.
    """

    def __init__(self) -> None:
        self._known = set(sys.modules)
        self._times: dict[str, int] = {}

    def is_stale(self) -> bool:
        """Whether a file that was imported for an earlier call is another one now."""
        return any(_modified(path) != recorded for path, recorded in self._times.items())

    def remember(self, began: float) -> None:
        """Note the modules that a call that began then has imported."""
        for name in sys.modules.keys() - self._known:
            self._known.add(name)
            path = getattr(sys.modules[name], "__file__", None)
            if isinstance(path, str) and _is_of_the_user(path):
                modified = _modified(path)
                # Edited while the call ran: which text was imported is unknown, so it counts as stale.
                self._times[path] = modified if modified < began * 1e9 else -1


_INSTALLED: Final = tuple(
    {os.path.realpath(path) for path in (str(Path(os.__file__).parent), str(Path(__file__).parents[1]))}
)


def _is_of_the_user(path: str) -> bool:
    real = os.path.realpath(path)
    return "site-packages" not in real and "dist-packages" not in real and not real.startswith(_INSTALLED)


def _modified(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


Message = tuple[Any, ...]
