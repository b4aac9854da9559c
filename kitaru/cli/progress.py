"""A line that says how far something long is; nothing where nobody looks."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal's standard error; yields what takes texts such as ``payloads 3/10``."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    from kitaru.cli.tables import console

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, told="")

        def tell(text: str) -> None:
            done, _, total = text.rpartition(" ")[2].partition("/")
            numbers = (float(done), float(total)) if done.isdigit() and total.isdigit() else (None, None)
            bar.update(task, completed=numbers[0], total=numbers[1], told=text)

        yield tell
