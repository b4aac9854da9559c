"""A kernel as a notebook has it, and the messages that a front end gets from it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import KernelManager

from benchmarks.scene import clean_environment, stop_services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_client.blocking.client import BlockingKernelClient

    from benchmarks.scene import Scene

PATIENCE = 120.0


class Kernel:
    """Runs cells and takes in what comes of them.

    Parameters
    ----------
    client
        Of a kernel that is ready.
    """

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, code: str, seen: Callable[[dict[str, Any]], None] = lambda message: None) -> str:
        """Run a cell to its end, with each of its messages given to `seen`; return its result as text.

        Raises
        ------
        RuntimeError
            If the cell fails.
        """
        cell, result, error = self._client.execute(code), "", ""
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            seen(message)
            if kind == "execute_result":
                result = content["data"]["text/plain"]
            elif kind == "error":
                error = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                # Not earlier: a cell that is sent before the failed one is over is not run.
                if error:
                    raise RuntimeError(error)
                return result

    def first_shown(self, code: str) -> float:
        """Run a cell; return the seconds from its sending to the first thing that it shows."""
        start, shown = time.perf_counter(), []

        def look(message: dict[str, Any]) -> None:
            if message["msg_type"] == "display_data":
                shown.append(time.perf_counter() - start)

        self.run(code, look)
        return shown[0]


@contextlib.contextmanager
def kernel(scene: Scene, *, embedded: bool = False) -> Iterator[Kernel]:
    """Start a kernel in a home of its own, and stop it at the end."""
    home = scene.new_home()
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=clean_environment(home, embedded=embedded), cwd=str(scene.folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        stop_services(home)
