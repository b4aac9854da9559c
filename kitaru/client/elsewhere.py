"""Executions that begin or go on in a process of their own, whatever happens to the one that asked for it.

The process runs the interpreter that is recorded, in the working directory that is recorded. It stays until the
execution's end, and writes its output to the execution's file in the home's ``runners``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import orjson

from kitaru.client.continuation import environment_of, recorded_here
from kitaru.errors import KitaruRuntimeError
from kitaru.store.service.spawning import GRACE, detached, with_package
from kitaru.store.service.wire import decode_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.client.client import KitaruClient

Action = Literal["resume", "retry", "replay"]

_SHOWN: Final = 2_000


@dataclass(frozen=True, slots=True)
class Job:
    """What a process of its own is to do, and how it is started."""

    command: list[str]
    cwd: str | None
    environment: dict[str, str] = field(repr=False)
    order: bytes

    def start(self) -> str:
        """Start the process.

        Returns
        -------
        str
            Id of the execution, as soon as it is recorded that it goes on or has begun.

        Raises
        ------
        KitaruError
            What the process refused with.
        KitaruRuntimeError
            If it ended without a word; the message has the end of its output.
        """
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=self.cwd,
                env=self.environment,
                **detached(),
            )
            # Collected when it ends, so that a server that lives for months keeps no zombies.
            threading.Thread(target=process.wait, name="kitaru-detached", daemon=True).start()
            assert process.stdin is not None
            assert process.stdout is not None
            with process.stdin, process.stdout:
                _send(process.stdin, self.order)
                answer = process.stdout.readline()
            if not answer:
                raise _died(self.command[0], process.wait(), output)
        told = orjson.loads(answer)
        if "error" in told:
            raise decode_error(500, answer, "the process")
        return str(told["exec_id"])


def prepare(client: KitaruClient, action: Action, exec_id: str, changes: Mapping[str, Any] | None = None) -> Job:
    """Look up how an execution is continued, tried again or replayed in a process of its own.

    Parameters
    ----------
    client
        Whose store it is in.
    action
        ``"resume"``, ``"retry"`` or ``"replay"``.
    exec_id
        Its whole id.
    changes
        Of a replay, as plain JSON data; see `Flow.replay`.

    Raises
    ------
    KitaruNotFoundError
        If there is no such execution.

    Examples
    --------
    >>> from kitaru.client import KitaruClient
    >>> prepare(KitaruClient(), "retry", "kr-000000000000")
    Traceback (most recent call last):
    kitaru.errors.KitaruNotFoundError: There is no execution 'kr-000000000000' in this store...
    """
    head = client.store.read("head", exec_id=exec_id)["execution"]
    here = not client.is_remote or recorded_here(client, exec_id)
    interpreter, folder = head["interpreter"] or "", Path(head["cwd"] or "")
    answered = head["status"] == "waiting" and not head["waits_pending"]
    order = {
        "action": action,
        "exec_id": exec_id,
        "changes": dict(changes or {}),
        # A live kernel that let go of it hears of the answer, and has the values of its cells.
        "grace": GRACE if action == "resume" and answered else 0.0,
    }
    return Job(
        [interpreter if here and Path(interpreter).is_file() else sys.executable, "-m", "kitaru.runtime.detached"],
        str(folder) if here and folder.is_absolute() and folder.is_dir() else None,
        with_package(environment_of(client)),
        orjson.dumps(order),
    )


def _send(pipe: IO[bytes], order: bytes) -> None:
    try:
        pipe.write(order)
        pipe.close()
    except BrokenPipeError:  # it ended at once; what it left says why
        return


def _died(interpreter: str, status: int, output: IO[bytes]) -> KitaruRuntimeError:
    output.seek(0)
    said = output.read().decode(errors="replace").strip()[-_SHOWN:]
    last = said.splitlines()[-1] if said else "it said nothing"
    return KitaruRuntimeError(
        f"The process that was to go on ended at once with status {status}: {last}. It was started with {interpreter}; "
        "check that this Python still has what the flow needs."
    )
