"""Messages over a pipe: each a pickle behind its length, whole or not at all.

The pipes are unbuffered: a thread that waits in a buffered one holds its lock, and an interpreter
that ends meanwhile aborts.
"""

from __future__ import annotations

import pickle
import struct
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from io import FileIO

_LENGTH: Final = struct.Struct(">Q")
_SMALL: Final = 1 << 16


class FrameWriter:
    """Writes messages; several threads may use it."""

    def __init__(self, pipe: FileIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, *message: object) -> None:
        """Write one message.

        Raises
        ------
        OSError
            If the other process is gone.
        """
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        header = _LENGTH.pack(len(data))
        with self._lock:
            if len(data) < _SMALL:
                self._write(header + data)
            else:
                self._write(header)
                self._write(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._pipe.write(view) :]

    def close(self) -> None:
        self._pipe.close()


class FrameReader:
    """Reads messages; one thread uses it."""

    def __init__(self, pipe: FileIO) -> None:
        self._pipe = pipe

    def receive(self) -> tuple[Any, ...] | None:
        """Read the next message, or None when the other process is gone, also in the middle of one."""
        header = self._read(_LENGTH.size)
        data = self._read(_LENGTH.unpack(header)[0]) if header is not None else None
        return pickle.loads(data) if data is not None else None  # noqa: S301 - both ends are this user's processes

    def _read(self, size: int) -> bytearray | None:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self._pipe.readinto(view)
            if not count:
                return None
            view = view[count:]
        return data

    def close(self) -> None:
        self._pipe.close()
