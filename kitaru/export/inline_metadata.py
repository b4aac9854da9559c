"""Requirements that a notebook states itself, in a PEP 723 block of one of its cells."""

from __future__ import annotations

import re
import tomllib

_BLOCK = re.compile(r"^# /// script[ \t]*\n((?:#(?: .*)?\n)*?)# ///[ \t]*$", re.MULTILINE)


def requirements_in(source: str) -> tuple[str, list[str]]:
    r"""Take a PEP 723 block out of a cell: a script has one of its own, and may not have two.

    Parameters
    ----------
    source
        Text of the cell.

    Returns
    -------
    str
        The text, with blank lines instead of the block.
    list of str
        The requirements; none if the block cannot be read.

    Examples
    --------
    >>> requirements_in('# /// script\n# dependencies = ["rich"]\n# ///\nx = 1')
    ('\n\n\nx = 1', ['rich'])
    """
    found = _BLOCK.search(source)
    if found is None:
        return source, []
    blank = "\n" * found[0].count("\n")
    return source[: found.start()] + blank + source[found.end() :], _requirements(found[1])


def _requirements(block: str) -> list[str]:
    text = "".join(line[2:] if line.startswith("# ") else line[1:] for line in block.splitlines(keepends=True))
    try:
        wanted = tomllib.loads(text).get("dependencies", [])
    except tomllib.TOMLDecodeError:
        return []
    return [word for word in wanted if isinstance(word, str)] if isinstance(wanted, list) else []
