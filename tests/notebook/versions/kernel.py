"""A real kernel: cells are sent to it, and what they show is kept by cell."""

from __future__ import annotations

import queue
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 60.0


class Kernel:
    """A notebook's kernel.

    Parameters
    ----------
    environment
        Its environment variables.
    folder
        Where the notebook is.
    """

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment, self.folder = environment, folder
        self.manager = KernelManager()
        arguments = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager._kernel_spec = KernelSpec(argv=arguments, display_name="Python", language="python")
        self.shown: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.manager.start_kernel(env=environment, cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def send(self, text: str) -> str:
        """Run a cell; return its id at once."""
        return str(self.client.execute(text, store_history=True))

    def text(self, cell: str) -> str:
        """What a cell shows so far, as text."""
        found = []
        for message in self.shown[cell]:
            content = message["content"]
            found.append(content.get("text") or content.get("data", {}).get("text/plain", ""))
            found += content.get("traceback", [])
        return "\n".join(found)

    def until(self, cell: str, condition: Any) -> str:
        """Take in what the kernel shows until a condition on the cell's messages holds."""
        end = time.monotonic() + SECONDS
        while not condition(self.shown[cell]):
            assert time.monotonic() < end, f"it did not happen; the cell shows:\n{self.text(cell)}"
            try:
                message = self.client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                continue
            self.shown[message["parent_header"].get("msg_id", "")].append(message)
        return self.text(cell)

    def finished(self, cell: str) -> str:
        """Wait for the end of a cell; return what it shows."""
        return self.until(cell, is_idle)

    def run(self, text: str) -> str:
        """Run a cell to its end; return what it shows."""
        return self.finished(self.send(text))

    def comes_to_be(self, condition: str) -> list[str]:
        """Ask, cell by cell, until a condition holds in the notebook; return the cells."""
        asked: list[str] = []
        end = time.monotonic() + SECONDS / 2
        while not asked or "so it is" not in self.text(asked[-1]):
            assert time.monotonic() < end, f"{condition} does not come to be"
            asked.append(
                self.send(f"try:\n    print('so it is' if {condition} else 'not yet')\nexcept NameError: pass")
            )
            self.finished(asked[-1])
        return asked

    def restart(self) -> None:
        """Kill the process, and start another one for the same notebook."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=SECONDS)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


def is_idle(messages: list[dict[str, Any]]) -> bool:
    return any(m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" for m in messages)


def failed(kernel: Kernel, cell: str) -> bool:
    return any(message["msg_type"] == "error" for message in kernel.shown[cell])
