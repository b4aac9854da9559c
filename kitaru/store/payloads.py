"""Payload files: encoded values that are too large to be kept inline, named by the hash of their content."""

from __future__ import annotations

import hashlib
import os
import re
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from kitaru.errors import KitaruCorruptionError, KitaruStoreError
from kitaru.store.journal.disk import sync_directory
from kitaru.store.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGEST = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = ".writing"
_YOUNG: Final = 600.0
"""Seconds for which an object is surely not taken by a clean-up."""


class PayloadStore(Protocol):
    """Where large encoded values live; a value's name is the SHA-256 of its bytes, in hex."""

    def put(self, data: bytes | memoryview) -> str:
        """Write `data` durably and return its digest; a no-op if it is there already."""

    def get(self, digest: str) -> bytes:
        """Return the bytes of `digest`, checked against it."""

    def exists(self, digest: str) -> bool:
        """Say whether the bytes of `digest` are there."""

    def delete(self, digest: str) -> None:
        """Remove `digest`; removing what is not there is no error."""

    def digests(self) -> Iterator[tuple[str, int, float]]:
        """Yield digest, size in bytes and modification time (seconds since the epoch) of all payloads."""


class FilePayloads:
    """Payload files below a directory or a bucket URL, laid out as ``ab/abcdef…``.

    A file appears under its final name only when it is complete and on disk, so a crash leaves no half-written payload.

    Parameters
    ----------
    root
        A directory (created on the first write) or a URL that `fsspec` understands, such as ``"s3://bucket/prefix"``.

    Raises
    ------
    KitaruStoreError
        If a payload cannot be written or read: disk full, read-only, not there.
    KitaruCorruptionError
        If the bytes of a payload are not those that were written.

    Examples
    --------
    >>> import tempfile
    >>> payloads = FilePayloads(tempfile.mkdtemp())
    >>> digest = payloads.put(b"large value")
    >>> payloads.get(digest)
    b'large value'
    """

    def __init__(self, root: str) -> None:
        self._files: _Files = _files_at(str(root))

    @property
    def root(self) -> str:
        """The directory or URL that holds the payloads."""
        return self._files.root

    def put(self, data: bytes | memoryview) -> str:
        """Write `data` durably and return its SHA-256 in hex; a no-op if it is there already."""
        view = memoryview(data).cast("B")
        digest = hashlib.sha256(view).hexdigest()
        name = _name(digest)
        with _explained(self._files, "write", name):
            # A file of another size is damaged: writing it again is the repair.
            if not self._files.keep(name, view.nbytes):
                self._files.write(name, view)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of `digest`, checked against it."""
        name = _name(digest)
        with _explained(self._files, "read", name):
            data = self._files.read(name)
        actual = hashlib.sha256(data).hexdigest()
        if actual != digest:
            raise KitaruCorruptionError(
                f"The payload file {self._files.path(name)} does not hold what was written: expected sha256 {digest}, "
                f"found {actual} ({len(data)} bytes). Restore this file from a backup, or delete it and replay the "
                "execution from the checkpoint that produced it."
            )
        return data

    def local_path(self, digest: str) -> Path | None:
        """Return the file that holds `digest`, for reading a part of it; None if it is in a bucket.

        Nothing checks what is read from it against the digest.
        """
        name = _name(digest)
        if not isinstance(self._files, _LocalFiles):
            return None
        with _explained(self._files, "read", name):
            path = Path(self._files.path(name))
            path.stat()
        return path

    def exists(self, digest: str) -> bool:
        """Say whether the bytes of `digest` are there."""
        name = _name(digest)
        with _explained(self._files, "look up", name):
            return self._files.size(name) is not None

    def delete(self, digest: str) -> None:
        """Remove `digest`; removing what is not there is no error."""
        name = _name(digest)
        with _explained(self._files, "delete", name), suppress(FileNotFoundError):
            self._files.remove(name)

    def digests(self) -> Iterator[tuple[str, int, float]]:
        """Yield digest, size in bytes and modification time (seconds since the epoch) of all payloads."""
        for name, size, modified in self._files.walk():
            digest = name.rpartition("/")[2]
            if _DIGEST.fullmatch(digest):
                yield digest, size, modified

    def sweep(self, *, older_than: float = 86_400.0) -> int:
        """Remove unfinished files that killed writers left behind.

        Parameters
        ----------
        older_than
            Age in seconds below which an unfinished file is taken to be still in use.

        Returns
        -------
        int
            How many files were removed.
        """
        before = time.time() - older_than
        stale = [name for name, _, modified in self._files.walk() if _TEMPORARY in name and modified < before]
        for name in stale:
            with suppress(FileNotFoundError):
                self._files.remove(name)
        return len(stale)


class _Files(Protocol):
    root: str

    def path(self, name: str) -> str: ...
    def size(self, name: str) -> int | None: ...
    def keep(self, name: str, size: int) -> bool: ...
    def read(self, name: str) -> bytes: ...
    def write(self, name: str, data: memoryview) -> None: ...
    def remove(self, name: str) -> None: ...
    def walk(self) -> Iterator[tuple[str, int, float]]: ...


class _LocalFiles:
    def __init__(self, root: str) -> None:
        self.root = str(Path(root).expanduser().absolute())

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def size(self, name: str) -> int | None:
        try:
            return Path(self.path(name)).stat().st_size
        except FileNotFoundError:
            return None

    def keep(self, name: str, size: int) -> bool:
        """Make a file of this size young, so that no clean-up takes it before the event that names it is written."""
        try:
            os.utime(self.path(name))
        except FileNotFoundError:
            return False
        return self.size(name) == size

    def read(self, name: str) -> bytes:
        return Path(self.path(name)).read_bytes()

    def write(self, name: str, data: memoryview) -> None:
        final = Path(self.path(name))
        self._make_directory(final.parent)
        temporary = final.with_name(f"{final.name}{_TEMPORARY}-{uuid.uuid4().hex}")
        try:
            with temporary.open("xb", buffering=0) as file:
                _write_all(file.fileno(), data)
                os.fsync(file.fileno())
            temporary.replace(final)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_directory(final.parent)

    def _make_directory(self, directory: Path) -> None:
        if not directory.is_dir():
            directory.mkdir(parents=True, exist_ok=True)
            sync_directory(directory.parent)

    def remove(self, name: str) -> None:
        Path(self.path(name)).unlink()

    def walk(self) -> Iterator[tuple[str, int, float]]:
        for shard in _entries(self.root):
            if shard.is_dir():
                for entry in _entries(shard.path):
                    # Another process may delete a payload while the listing runs.
                    with suppress(FileNotFoundError):
                        status = entry.stat()
                        yield f"{shard.name}/{entry.name}", status.st_size, status.st_mtime


class _RemoteFiles:
    """Object stores publish an object when its upload is complete, so no temporary name is needed."""

    def __init__(self, url: str) -> None:
        import fsspec  # type: ignore[import-untyped]

        self.root = url.rstrip("/")
        self._fs, self._base = fsspec.core.url_to_fs(self.root)

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _key(self, name: str) -> str:
        return f"{self._base.rstrip('/')}/{name}"

    def size(self, name: str) -> int | None:
        try:
            return int(self._fs.info(self._key(name))["size"])
        except FileNotFoundError:
            return None

    def keep(self, name: str, size: int) -> bool:
        """Tell whether an object of this size is young; only writing it again makes an old one young."""
        try:
            info = self._fs.info(self._key(name))
        except FileNotFoundError:
            return False
        return int(info["size"]) == size and _modified(info) > time.time() - _YOUNG

    def read(self, name: str) -> bytes:
        return bytes(self._fs.cat_file(self._key(name)))

    def write(self, name: str, data: memoryview) -> None:
        key = self._key(name)
        self._fs.makedirs(key.rpartition("/")[0], exist_ok=True)
        with self._fs.open(key, "wb") as file:
            for start in range(0, len(data), 1 << 24):
                file.write(data[start : start + (1 << 24)])

    def remove(self, name: str) -> None:
        self._fs.rm_file(self._key(name))

    def walk(self) -> Iterator[tuple[str, int, float]]:
        self._fs.invalidate_cache()
        found: dict[str, dict[str, Any]] = self._fs.find(self._base, detail=True)
        for key, info in found.items():
            yield "/".join(key.rsplit("/", 2)[-2:]), int(info["size"]), _modified(info)


def _files_at(root: str) -> _Files:
    if root.startswith("file://"):
        return _LocalFiles(root.removeprefix("file://"))
    return _RemoteFiles(root) if "://" in root else _LocalFiles(root)


def _name(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise KitaruStoreError(f"{digest!r} is no payload digest: 64 lower-case hex digits are expected.")
    return f"{digest[:2]}/{digest}"


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _write_all(descriptor: int, data: memoryview) -> None:
    while data.nbytes:
        data = data[os.write(descriptor, data) :]


def _modified(info: dict[str, Any]) -> float:
    stamp = next(
        (info[key] for key in ("mtime", "LastModified", "last_modified", "updated", "created") if key in info), 0
    )
    return float(stamp.timestamp() if hasattr(stamp, "timestamp") else stamp)


@contextmanager
def _explained(files: _Files, verb: str, name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise KitaruStoreError(
            f"The payload {files.path(name)} is not there. It was deleted, or the store was moved without its payload "
            "files: restore them, or replay the execution from the checkpoint that produced the value."
        ) from error
    except OSError as error:
        reason = refusal(error, Path(files.root), "resume the execution")
        raise KitaruStoreError(f"Cannot {verb} the payload {files.path(name)}: {reason}") from error
