"""A real kernel: cells are run in it, and what arrives at the front end is kept by cell and by display."""

from __future__ import annotations

import queue
import re
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SECONDS = 60.0


class Kernel:
    """A notebook's kernel and what a front end would show of it.

    Parameters
    ----------
    environment
        Its environment variables; those of this process if not given.
    folder
        Where the notebook is.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        arguments = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(argv=arguments, display_name="Python", language="python")
        self.messages: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.outputs: dict[str, tuple[str, dict[str, Any]]] = {}
        """Of each display the cell in which it was first shown, and its newest content."""
        self.streams: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.idle: set[str] = set()
        self.replied: set[str] = set()
        where = {} if folder is None else {"cwd": str(folder)}
        self.manager.start_kernel(**({} if environment is None else {"env": dict(environment)}), **where)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def send(self, code: str) -> str:
        """Send a cell; return its id at once."""
        return str(self.client.execute(code, store_history=True))

    def finished(self, cell: str) -> str:
        """Wait for the end of a cell; return what it shows."""
        self.until(lambda: cell in self.idle)
        # As front ends do: ipykernel 7.3 loses one request of a hundred that comes before its last reply has gone.
        while cell not in self.replied:
            self.replied.add(self.client.get_shell_msg(timeout=SECONDS)["parent_header"].get("msg_id", ""))
        return self.text(cell)

    def run(self, code: str) -> str:
        """Run a cell to its end, however it ends; return what it shows."""
        return self.finished(self.send(code))

    def run_cell(self, code: str) -> str:
        """Run a cell to its end, which must be a good one; return its id."""
        cell = self.send(code)
        shown = self.finished(cell)
        assert cell not in self.errors, shown
        return cell

    def until(self, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Take in what the kernel shows until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"it did not happen; the cells show: {list(map(self.text, self.messages))}"
            try:
                self._take(self.client.get_iopub_msg(timeout=0.5))
            except queue.Empty:
                continue

    def comes_to_be(self, condition: str) -> list[str]:
        """Ask, cell by cell, until a condition holds in the notebook; return the cells."""
        asked: list[str] = []
        end = time.monotonic() + SECONDS
        while not asked or "so it is" not in self.text(asked[-1]):
            assert time.monotonic() < end, f"{condition} does not come to be"
            asked.append(
                self.send(f"try:\n    print('so it is' if {condition} else 'not yet')\nexcept NameError: pass")
            )
            self.finished(asked[-1])
        return asked

    def text(self, cell: str) -> str:
        """What a cell shows so far, as text without colours."""
        found = []
        for message in self.messages[cell]:
            content = message["content"]
            found.append(content.get("text") or content.get("data", {}).get("text/plain", ""))
            found += content.get("traceback", [])
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(found))

    def error(self, cell: str) -> str:
        """The error that a cell ends with, as it is shown; empty if it ends well."""
        shown = [m["content"]["traceback"] for m in self.messages[cell] if m["msg_type"] == "error"]
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(line for lines in shown for line in lines))

    def number(self, cell: str) -> int:
        """The number that a front end shows beside a cell."""
        (shown,) = [m["content"]["execution_count"] for m in self.messages[cell] if m["msg_type"] == "execute_input"]
        return int(shown)

    def shown_by(self, cell: str) -> list[dict[str, Any]]:
        """Return the displays of a cell, each as it is now."""
        return [data for where, data in self.outputs.values() if where == cell]

    def completions(self, code: str) -> list[str]:
        """What Tab offers at the end of a text."""
        reply = self.client.complete(code, len(code), reply=True, timeout=SECONDS)
        return list(reply["content"]["matches"])

    def interrupt(self) -> None:
        """Do what the stop button does."""
        self.manager.interrupt_kernel()

    def restart(self) -> None:
        """Kill the process, and start another one for the same notebook."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=SECONDS)

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def _take(self, message: dict[str, Any]) -> None:
        cell = message["parent_header"].get("msg_id", "")
        kind, content = message["msg_type"], message["content"]
        self.messages[cell].append(message)
        if kind == "display_data":
            shown = content["transient"].get("display_id") or message["header"]["msg_id"]
            self.outputs[shown] = cell, content["data"]
        elif kind == "update_display_data":
            shown = content["transient"]["display_id"]
            first, _ = self.outputs[shown]
            self.outputs[shown] = first, content["data"]
        elif kind == "stream":
            self.streams[cell] = self.streams.get(cell, "") + content["text"]
        elif kind == "error":
            self.errors[cell] = f"{content['ename']}: {content['evalue']}"
        elif kind == "status" and content["execution_state"] == "idle":
            self.idle.add(cell)
