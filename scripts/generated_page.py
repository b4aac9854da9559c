"""A page of the documentation whose end is made by a program; what stands above its marker is written by people."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
MARKER = "<!-- generated: `make reference` writes what follows -->"


def main(name: str, body: str, description: str | None) -> None:
    """Write the end of ``docs/<name>``, or with ``--check`` exit with 1 if it is not what it should be."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="fail when the page is not up to date; write nothing")
    check = parser.parse_args().check
    path = DOCS / name
    present = path.read_text(encoding="utf-8")
    above, marker, _ = present.partition(MARKER)
    if not marker:
        sys.exit(f"docs/{name} has lost its marker line: {MARKER}")
    wanted = f"{above.rstrip()}\n\n{MARKER}\n\n{body.strip()}\n"
    if check and wanted != present:
        sys.exit(f"docs/{name} is not what the code says; run `make reference` and commit the page.")
    if not check:
        path.write_text(wanted, encoding="utf-8")


def cell(text: str) -> str:
    """Make a text fit into a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
