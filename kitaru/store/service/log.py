"""``service.log``: what the service and the libraries in it have to say, kept small."""

from __future__ import annotations

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

FILE: Final = "service.log"
MAX_BYTES: Final = 1 << 20

_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class ServiceLog(RotatingFileHandler):
    """Writes to ``service.log``; the old one is kept as ``service.log.1`` when it grows over a size.

    What is printed around the logging module (a crash, a C library) goes to the same file and counts as well.

    Parameters
    ----------
    home
        The home of the service.
    max_bytes
        Size of one file in bytes.
    """

    def __init__(self, home: Path, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(home / FILE, maxBytes=max_bytes, backupCount=1, encoding="utf-8")
        self.setFormatter(logging.Formatter(_FORMAT))
        Path(self.baseFilename).chmod(0o600)

    def doRollover(self) -> None:  # noqa: N802
        """Begin a new file, and let the process's own output go there too."""
        super().doRollover()
        Path(self.baseFilename).chmod(0o600)
        self.capture_output()

    def capture_output(self) -> None:
        """Send the standard output and error of the process to the file."""
        sys.stdout.flush()
        sys.stderr.flush()
        stream = self.stream or self._open()
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)

    def keep_small(self) -> None:
        """Begin a new file if the present one has grown too large, by whatever way."""
        self.acquire()
        try:
            if Path(self.baseFilename).stat().st_size > self.maxBytes:
                self.doRollover()
        finally:
            self.release()


def open_log(home: Path) -> ServiceLog:
    """Send the messages of all libraries to a home's ``service.log``."""
    handler = ServiceLog(home)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("kitaru").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    return handler
