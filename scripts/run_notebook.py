"""Execute a notebook and print each cell's source and output while it runs.

The executed copy is written to the second path, also when a cell fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

if TYPE_CHECKING:
    from nbformat import NotebookNode


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def plain(data: dict[str, Any]) -> str:
    """Return the text of an output that a terminal can show."""
    for kind in ("text/markdown", "text/plain"):
        if kind in data:
            return str(data[kind]).rstrip() + "\n"
    return f"[{', '.join(sorted(data))}]\n"


class PrintingClient(NotebookClient):
    """Runs the cells as `nbclient` does, and prints outputs when they arrive."""

    def output(self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str, cell_index: int) -> Any:
        content = msg["content"]
        match msg["msg_type"]:
            case "stream":
                say(content["text"])
            case "display_data" | "execute_result":
                say(plain(content["data"]))
        return super().output(outs, msg, display_id, cell_index)


def show_source(cell: NotebookNode, cell_index: int) -> None:
    if cell.cell_type == "markdown":
        say(f"\n{cell.source.strip()}\n")
    elif cell.source.strip():
        say(f"\n[{cell_index}]\n{textwrap.indent(cell.source.rstrip(), '  | ')}\n")


def run(source: Path, target: Path, timeout: int) -> None:
    # An absolute path: the kernel's working directory is the notebook's folder.
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        execute(source, target, timeout, f"{folder}/kernel")


def execute(source: Path, target: Path, timeout: int, sockets: str) -> None:
    notebook = nbformat.read(source, as_version=4)
    client = PrintingClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
        on_cell_start=show_source,
        config=Config({} if sys.platform == "win32" else {"KernelManager": {"transport": "ipc", "ip": sockets}}),
    )
    try:
        client.execute()
    finally:
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--timeout", type=int, default=300, help="seconds that one cell may take (default: 300)")
    options = parser.parse_args()
    if not options.source.is_file():
        sys.exit(f"There is no notebook {options.source}; run this from the top of the repository.")
    try:
        run(options.source, options.target, options.timeout)
    except CellExecutionError as error:
        sys.exit(f"\nA cell of {options.source} failed:\n{error}")
    say(f"\nDone: {options.target} is the executed notebook.\n")


if __name__ == "__main__":
    main()
