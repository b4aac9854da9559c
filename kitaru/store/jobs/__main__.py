"""``python -m kitaru.store.jobs``: a worker on the store that the environment names, until nothing is left to do."""

from __future__ import annotations

import os
import sys
from typing import Final

from kitaru.errors import KitaruError

LINGER: Final = 10.0
"""Seconds without a job after which the worker ends."""


def main() -> int:
    """Do what is queued; return the exit status."""
    from kitaru.store.connect import close_store, open_store
    from kitaru.store.jobs.worker import Worker

    try:
        worker = Worker(open_store(), dict(os.environ))
        worker.start()
        worker.wait_until_idle(linger=LINGER)
        worker.close()
        close_store()
    except KitaruError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
