"""Looking at every byte of the journal's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitaru.store.journal import framing
from kitaru.store.journal.segment import list_segments

if TYPE_CHECKING:
    from kitaru.store.journal.journal import Journal


def framing_problems(journal: Journal) -> list[str]:
    """Return a sentence for each stretch of a segment that is not what was written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from kitaru.store.journal.journal import Journal
    >>> framing_problems(Journal(Path(tempfile.mkdtemp())))
    []
    """
    problems = []
    for segment in list_segments(journal.directory):
        stop = journal.active_offset if segment.path == journal.active_path else None
        data = segment.path.read_bytes()[:stop]
        if not framing.header_is_intact(data, segment.magic):
            problems.append(f"{segment.path.name}: the header is damaged; the records are read nevertheless")
        problems += [
            f"{segment.path.name}: {part.stop - part.offset} bytes at offset {part.offset} are damaged"
            for part in framing.scan(data, magic=segment.magic)
            if isinstance(part, framing.Broken)
        ]
    return problems
