"""Where the code of a deployment comes from: a file, its content, and the commit that it was checked out from."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_GIT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Source:
    """What a flow is deployed from.

    Parameters
    ----------
    script
        Source text that runs by itself; None if there is none.
    script_note
        Why there is none.
    path
        The notebook or script.
    requirements
        Distributions that it needs, with their versions.
    notes
        Sentences about what was left out.

    Examples
    --------
    >>> Source(None, "it was typed at the prompt").digest() is None
    True
    """

    script: str | None
    script_note: str | None = None
    path: str | None = None
    requirements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def digest(self) -> str | None:
        """SHA-256 of the file; None if there is none."""
        if self.path is None or not Path(self.path).is_file():
            return None
        return hashlib.sha256(Path(self.path).read_bytes()).hexdigest()


def commit_of(file: str | None) -> tuple[str | None, bool | None]:
    """Tell which commit a file was checked out from, and whether its checkout has changes that are in no commit.

    Parameters
    ----------
    file
        The file.

    Returns
    -------
    tuple of str or None, bool or None
        Both None outside of a checkout, before its first commit, and where git is not installed.

    Examples
    --------
    >>> commit_of(None)
    (None, None)
    """
    folder = Path(file).parent if file else None
    if folder is None or not folder.is_dir() or shutil.which("git") is None:
        return None, None
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return None, None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=normal")
    return commit.strip(), None if changes is None else bool(changes.strip())


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        ended = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_GIT_SECONDS,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):  # a deployment can do without
        return None
    return ended.stdout if ended.returncode == 0 else None
