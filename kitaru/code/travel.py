"""Source of notebook cells, for code that is pickled here and runs in another process."""

from __future__ import annotations

import linecache
from pathlib import Path
from typing import TYPE_CHECKING

from kitaru.code.graph import walk
from kitaru.code.source import function_file
from kitaru.code.values import unwrapped

if TYPE_CHECKING:
    from collections.abc import Mapping


def cell_sources(fn: object) -> dict[str, str]:
    """Collect the text of the notebook cells that a function and what it reaches were written in.

    A pickled function carries the name of its file. Another process can read a module's file, but not a cell: there
    the function would have no source, and so another identity, unless `remember_sources` was called before.

    Parameters
    ----------
    fn
        A function, a checkpoint or a flow.

    Returns
    -------
    dict of str to str
        File names as in the code objects, and whole texts; empty if everything is in files.

    Examples
    --------
    >>> import textwrap
    >>> cell_sources(textwrap.dedent)
    {}
    """
    names = sorted(name for name in walk(unwrapped(fn)).filenames if not Path(name).is_file())
    texts = {name: "".join(linecache.getlines(name)) for cell in names for name in (cell, function_file(cell))}
    return {name: text for name, text in texts.items() if text}


def remember_sources(sources: Mapping[str, str]) -> None:
    r"""Make the text of cells known in this process, to `linecache`, to tracebacks and to `code_identity`.

    Parameters
    ----------
    sources
        What `cell_sources` gave.

    Examples
    --------
    >>> import linecache
    >>> remember_sources({"<cell 1>": "x = 1\n"})
    >>> linecache.getline("<cell 1>", 1)
    'x = 1\n'
    """
    for name, text in sources.items():
        # Without a time of modification linecache never asks the disk for it.
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
