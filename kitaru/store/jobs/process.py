"""The process that a job is done in; it is started beforehand, so that what it imports is there when the job comes."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Final, cast

import orjson

from kitaru.store.service.spawning import detached, with_package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru.store.events import Runner
    from kitaru.store.jobs.queue import Waiting

_SHOWN: Final = 2_000


class JobProcess:
    """A process of a worker. It outlives the worker while it has a job, and ends with it while it has none.

    Parameters
    ----------
    interpreter
        Python of the process.
    environment
        Its environment, which says which store it works with.
    umask
        Of the process; -1 for that of this one.
    on_change
        Called when it is ready, and when it has ended.

    Raises
    ------
    OSError
        If the interpreter cannot be started.
    """

    def __init__(
        self, interpreter: str, environment: Mapping[str, str], umask: int, on_change: Callable[[], None]
    ) -> None:
        self.interpreter = interpreter
        self.job: Waiting | None = None
        self.runner: Runner | None = None
        """Who it is, as soon as it is ready."""
        self.status: int | None = None
        self._launched = time.monotonic()
        self._dismissed = False
        self._on_change = on_change
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- read when the process has ended
        try:
            self._process = self._launch(environment, umask)
        except OSError:
            self._errors.close()
            raise
        self.pid = self._process.pid
        threading.Thread(target=self._attend, name=f"kitaru-job-{self.pid}", daemon=True).start()

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._launched

    @property
    def is_unused(self) -> bool:
        """Whether it is there for a job that is still to come."""
        return self.job is None and self.status is None and not self._dismissed

    @property
    def is_ready(self) -> bool:
        """Whether it can be given a job."""
        return self.is_unused and self.runner is not None

    @property
    def is_busy(self) -> bool:
        """Whether it has a job."""
        return self.job is not None and self.status is None

    def give(self, job: Waiting, order: Mapping[str, Any]) -> None:
        """Hand it a job that was claimed in its name; if it has died, the store sees that."""
        self.job = job
        self._write(orjson.dumps(order) + b"\n")

    def dismiss(self) -> None:
        """Let a process end that has no job."""
        self._dismissed = True
        self._write(b"")

    def stop(self) -> None:
        """Tell it to stop: what it runs is interrupted, and can be resumed."""
        if self.status is None:
            self._process.terminate()

    def close(self) -> None:
        """Let go of what this process has of it; one without a job ends."""
        if self.job is None:
            self.dismiss()
        self._errors.close()

    def last_words(self) -> str:
        """Return the end of what it wrote before it had a job."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()[-_SHOWN:]

    def _launch(self, environment: Mapping[str, str], umask: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # -P: what lies in the folder is imported only after the job has said which folder.
            [self.interpreter, "-P", "-m", "kitaru.runtime.job"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=with_package(environment),
            umask=umask,
            **detached(),
        )

    def _write(self, data: bytes) -> None:
        pipe = cast("IO[bytes]", self._process.stdin)
        try:
            pipe.write(data)
            pipe.close()
        except (BrokenPipeError, ValueError):  # it ended; closed before
            return

    def _attend(self) -> None:
        pipe = cast("IO[bytes]", self._process.stdout)
        with pipe:
            line = pipe.readline()
        if line:
            self.runner = orjson.loads(line)
            self._on_change()
        # Collected when it ends, or it stays a zombie as long as this process lives.
        self.status = self._process.wait()
        self._on_change()


def clean_environment(home: os.PathLike[str] | None) -> dict[str, str]:
    """Return this process's environment for a process that works with a home, whatever this one was told.

    Examples
    --------
    >>> clean_environment(os.path)["KITARU_STORE"]
    'service'
    """
    kept = {name: value for name, value in os.environ.items() if name not in ("KITARU_SERVER_URL", "KITARU_AUTH_TOKEN")}
    # The service is asked for by name, so that no login leads the process to a server.
    return {**kept, "KITARU_HOME": str(home), "KITARU_STORE": "service"}
