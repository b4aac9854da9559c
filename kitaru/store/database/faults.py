"""What DuckDB's errors mean for whoever opened the database, and what to do about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kitaru.errors import KitaruCorruptionError, KitaruStoreBusyError, KitaruStoreError, KitaruStoreVersionError

if TYPE_CHECKING:
    from pathlib import Path

_HOLDER: Final = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
_HELD: Final = ("Could not set lock on file", "being used by another process", "configuration has been locked",
                "different configuration than existing connections")  # fmt: skip
_NEWER: Final = ("newer version of DuckDB", "database file with version number")
_UNREACHABLE: Final = ("No such file or directory", "Permission denied", "Is a directory", "Read-only file system",
                       "No space left")  # fmt: skip


class DatabaseDamagedError(KitaruCorruptionError):
    """The database file cannot be opened or read; the journal can write it anew.

    Examples
    --------
    >>> issubclass(DatabaseDamagedError, KitaruCorruptionError)
    True
    """


def opening_error(path: Path, error: Exception) -> KitaruStoreError:
    """Say why a database could not be opened.

    Examples
    --------
    >>> from pathlib import Path
    >>> text = 'Could not set lock on file "k.db": Conflicting lock is held in /bin/python (PID 71).'
    >>> print(opening_error(Path("k.db"), OSError(text)))
    k.db is held by process 71 (/bin/python). Close that process, or unset KITARU_STORE=embedded so that both share it.
    """
    text = str(error)
    if any(part in text for part in _HELD):
        holder = _HOLDER.search(text)
        who = f"process {holder['pid']} ({holder['program']})" if holder else "another owner"
        return KitaruStoreBusyError(
            f"{path} is held by {who}. Close that process, or unset KITARU_STORE=embedded so that both share it."
        )
    if any(part in text for part in _NEWER):
        return KitaruStoreVersionError(
            f"{path} was written by a newer DuckDB than the installed one. Run `pip install -U duckdb`. DuckDB: {text}"
        )
    if any(part in text for part in _UNREACHABLE):
        return KitaruStoreError(f"{path} cannot be opened: {text}. Check that the folder exists and may be written.")
    return DatabaseDamagedError(
        f"{path} cannot be opened: {text}. Run `kitaru store rebuild`, which writes it anew from the journal."
    )


def newer_schema_error(path: Path, found: int, known: int) -> KitaruStoreVersionError:
    """Say that a newer Kitaru wrote the database.

    Examples
    --------
    >>> from pathlib import Path
    >>> newer_schema_error(Path("k.db"), 9, 1).args[0].startswith("k.db has schema version 9")
    True
    """
    return KitaruStoreVersionError(
        f"{path} has schema version {found}, and this Kitaru knows versions up to {known}. "
        "Run `pip install -U kitaru-jupyter` and restart the kernel."
    )
