"""``service.json``: where a home's running service listens, and the token that it asks for."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Final

import orjson

from kitaru.store.home import write_private
from kitaru.store.runner import process_start
from kitaru.store.service.wire import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE: Final = "service.json"


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A running service, as its own process wrote it down.

    `started` is what `kitaru.store.runner.process_start` tells of the process: together with `pid` it names
    one process, also after the system gave the number to another one.
    """

    pid: int
    started: float
    host: str
    port: int
    token: str = dataclasses.field(repr=False)
    kitaru: str
    protocol: int = PROTOCOL

    @property
    def url(self) -> str:
        """Address for clients on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def is_alive(self) -> bool:
        """Say whether the process still runs: the same one, not another that got its number."""
        return process_start(self.pid) == self.started

    def wait_until_gone(self, timeout: float) -> bool:
        """Wait for the process to end, `timeout` seconds at most, and say whether it did."""
        deadline = time.monotonic() + timeout
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


def read_record(home: Path) -> ServiceRecord | None:
    """Read where the service of a home listens; None if none has written it down.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> read_record(Path(tempfile.mkdtemp())) is None
    True
    """
    try:
        fields = orjson.loads((home / FILE).read_bytes())
        return ServiceRecord(**fields)
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
        # Whatever cannot be understood was written by no service that this client could use.
        return None


def write_record(home: Path, record: ServiceRecord) -> None:
    """Write down where the service of a home listens.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> home = Path(tempfile.mkdtemp())
    >>> write_record(home, ServiceRecord(pid=1, started=0.0, host="127.0.0.1", port=80, token="t", kitaru="1"))
    >>> read_record(home).url
    'http://127.0.0.1:80'
    """
    write_private(home / FILE, orjson.dumps(dataclasses.asdict(record), option=orjson.OPT_INDENT_2))


def remove_record(home: Path, owned: Callable[[ServiceRecord], bool]) -> None:
    """Remove the record of a home if it is still the one that the caller means."""
    record = read_record(home)
    if record is not None and owned(record):
        (home / FILE).unlink(missing_ok=True)
