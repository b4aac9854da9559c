"""Files that an export writes: whole or not at all, and never over what somebody changed by hand."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from kitaru.errors import KitaruStateError, KitaruUsageError
from kitaru.export.problems import Kind
from kitaru.export.script import was_edited


def check_overwriting(file: Path) -> None:
    """Refuse to write over a file that no export wrote, or that was changed since.

    Parameters
    ----------
    file
        Where a script is to be written.

    Raises
    ------
    KitaruStateError
        If what is there is not what an export wrote.

    Examples
    --------
    >>> check_overwriting(Path("not-there.py"))
    """
    try:
        edited = was_edited(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (UnicodeDecodeError, IsADirectoryError):
        edited = None
    if edited is not False:
        how = "written by somebody else" if edited is None else "edited by hand"
        raise KitaruStateError(Kind.EDITED.format(file=file, how=how))


def write_whole(file: Path, text: str, *, executable: bool = False) -> None:
    """Write a file in one step: whoever looks sees the old content or the new one.

    Parameters
    ----------
    file
        Where.
    text
        What.
    executable
        Whether it may be run as a program.

    Raises
    ------
    KitaruUsageError
        If it cannot be written there.

    Examples
    --------
    >>> write_whole(Path("script.py"), "x = 1")
    >>> Path("script.py").read_text()
    'x = 1'
    """
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=file.parent, prefix=f".{file.name}.", delete=False
        ) as out:
            temporary = Path(out.name)
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        temporary.chmod(_mode(file, executable))
        temporary.replace(file)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise KitaruUsageError(f"{file} cannot be written: {error.strerror}. Give another folder with -o.") from error


def _mode(file: Path, executable: bool) -> int:
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return (0o777 if executable else 0o666) & ~mask
