"""A real kernel: cells are run in it, and what arrives at the front end is put into their outputs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Callable


class Kernel:
    """A kernel and what a front end would show of it.

    `outputs` has for each display its newest content and the cell in which it was first shown; `streams` has the
    text that each cell printed.
    """

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.outputs: dict[str, tuple[str, dict[str, Any]]] = {}
        self.streams: dict[str, str] = {}
        self.idle: set[str] = set()
        self.errors: dict[str, str] = {}
        self.updates: list[tuple[str, float]] = []

    def send(self, code: str) -> str:
        """Send a cell; return its id."""
        return str(self.client.execute(code))

    def run(self, code: str) -> str:
        """Run a cell to its end; return its id."""
        cell = self.send(code)
        self.until(lambda: cell in self.idle)
        assert cell not in self.errors, self.errors[cell]
        return cell

    def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Take messages in until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            assert left > 0, f"did not happen: {self.outputs} {self.streams}"
            self._take(self.client.get_iopub_msg(timeout=left))

    def shown_by(self, cell: str) -> list[dict[str, Any]]:
        """Return the displays of a cell, each as it is now."""
        return [data for where, data in self.outputs.values() if where == cell]

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def _take(self, message: dict[str, Any]) -> None:
        cell = message["parent_header"].get("msg_id", "")
        kind, content = message["msg_type"], message["content"]
        if kind == "display_data":
            shown = content["transient"].get("display_id") or message["header"]["msg_id"]
            self.outputs[shown] = cell, content["data"]
        elif kind == "update_display_data":
            shown = content["transient"]["display_id"]
            first, _ = self.outputs[shown]
            self.outputs[shown] = first, content["data"]
            self.updates.append((shown, time.monotonic()))
        elif kind == "stream":
            self.streams[cell] = self.streams.get(cell, "") + content["text"]
        elif kind == "error":
            self.errors[cell] = f"{content['ename']}: {content['evalue']}"
        elif kind == "status" and content["execution_state"] == "idle":
            self.idle.add(cell)
