"""What to tell a person when the disk refuses."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def refusal(error: OSError, place: Path, then: str) -> str:
    """Say why a place cannot be written, and what to do before one can go on.

    Parameters
    ----------
    error
        What the system said.
    place
        A file or folder, there or not.
    then
        How to go on, for example "try again".

    Examples
    --------
    >>> from pathlib import Path
    >>> refusal(OSError(errno.ENOSPC, "No space left on device"), Path("/"), "try again")
    'the disk is full (No space left on device; ... free). ... or put KITARU_HOME on a larger disk; then try again.'
    """
    facts = f"({error.strerror or error}; {free_space(place)} free)"
    if error.errno in _FULL:
        return (
            f"the disk is full {facts}. What was acknowledged is safe. Free some space, for example with "
            f"`kitaru clean`, or put KITARU_HOME on a larger disk; then {then}."
        )
    if error.errno in _FORBIDDEN:
        return (
            f"writing is not allowed there {facts}. Mount the folder writable, give this user the right to write, or "
            f"point KITARU_HOME to a folder that is writable; then {then}."
        )
    return (
        f"the place does not work {facts}. What was acknowledged is safe. Check that it is connected and healthy; "
        f"then {then}."
    )


def free_space(place: Path) -> str:
    """Return the free space of the disk that holds a place, for people.

    Examples
    --------
    >>> from pathlib import Path
    >>> free_space(Path("/")).split()[-1]
    'MB'
    """
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return f"{shutil.disk_usage(place).free / 1e6:.1f} MB"
    except OSError:
        return "an unknown amount"
