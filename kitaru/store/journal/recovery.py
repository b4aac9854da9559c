"""Finding the end of the journal after a crash: what is intact stays, what is not is put aside and told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from kitaru.store.journal import framing
from kitaru.store.journal.damage import Damage
from kitaru.store.journal.disk import write_file
from kitaru.store.journal.record import end_of

if TYPE_CHECKING:
    from pathlib import Path

    from kitaru.store.journal.segment import Segment

_INDEX_STEP = 1 << 18


@dataclass(slots=True)
class Recovered:
    """The state of the last segment."""

    end: int
    """Position of its last event."""
    offset: int
    """Where the next frame goes."""
    index: list[tuple[int, int]]
    damages: list[Damage] = field(default_factory=list)
    healthy: bool = True
    """Whether it may be written on; after damage in its middle it may not."""


def recover(segment: Segment, *, read_only: bool) -> Recovered:
    """Read the last segment, cut off a torn end (keeping a copy), and say where the journal ends."""
    data = segment.path.read_bytes()
    state = Recovered(segment.first - 1, framing.HEADER.size, [(segment.first, framing.HEADER.size)])
    if not framing.header_is_intact(data, segment.magic):
        state.healthy = False
        state.damages.append(_damage(segment, data, 0, framing.HEADER.size, torn=False, read_only=read_only))
    if segment.compressed:
        _recover_compressed(segment, data, state)
    else:
        _recover_plain(segment, data, state, read_only=read_only)
    return state


def _recover_plain(segment: Segment, data: bytes, state: Recovered, *, read_only: bool) -> None:
    last = b""
    for part in framing.scan(data):
        if isinstance(part, framing.Frame):
            last = part.payload
            state.offset = part.offset + framing.FRAME.size + len(last)
            if part.offset - state.index[-1][1] >= _INDEX_STEP:
                state.index.append((framing.position_of(last), part.offset))
            continue
        state.damages.append(_damage(segment, data, part.offset, part.stop, torn=part.torn, read_only=read_only))
        state.healthy = state.healthy and part.torn
        if part.torn and not read_only:
            _cut(segment.path, part.offset)
    if last:
        state.end = end_of(orjson.loads(last))


def _recover_compressed(segment: Segment, data: bytes, state: Recovered) -> None:
    state.healthy = False
    for part in framing.scan(data, magic=framing.COMPRESSED):
        if isinstance(part, framing.Frame):
            state.end = framing.block_range(part.payload)[1]


def _damage(segment: Segment, data: bytes, start: int, stop: int, *, torn: bool, read_only: bool) -> Damage:
    kept = None if read_only else keep_aside(segment.path, start, data[start:stop])
    return Damage(segment.path.name, start, stop - start, None, kept, torn)


def keep_aside(path: Path, offset: int, data: bytes) -> str | None:
    """Copy damaged bytes to where a person can look at them; return the file, or None if the disk refuses."""
    target = path.parent / "damaged" / f"{path.name}-{offset}"
    try:
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            write_file(target, data)
    except OSError:
        # The copy is a courtesy: a disk that is full must not keep the intact records from being read.
        return None
    return str(target)


def _cut(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.truncate(offset)
        os.fsync(file.fileno())
