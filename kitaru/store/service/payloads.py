"""Payloads of a server on another machine, over HTTP."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson

from kitaru.errors import KitaruCorruptionError, KitaruNotFoundError, KitaruStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.store.service.client import ServiceStore


class HTTPPayloads:
    """Implements `kitaru.store.payloads.PayloadStore`; what comes back is checked against its name.

    Parameters
    ----------
    store
        The server.
    """

    def __init__(self, store: ServiceStore) -> None:
        self._store = store

    def put(self, data: bytes | memoryview) -> str:
        """Send `data` unless the server has it, and return its digest."""
        view = memoryview(data).cast("B")
        digest = hashlib.sha256(view).hexdigest()
        if not self.exists(digest):
            self._store.request("PUT", f"/v1/payloads/{digest}", view)
        return digest

    def get(self, digest: str) -> bytes:
        """Fetch the bytes of `digest`."""
        try:
            data = self._store.request("GET", f"/v1/payloads/{digest}")
        except KitaruNotFoundError as error:
            raise KitaruStoreError(str(error)) from None
        actual = hashlib.sha256(data).hexdigest()
        if actual != digest:
            raise KitaruCorruptionError(
                f"The payload {digest} arrived from {self._store.location} as {actual} ({len(data)} bytes): it was "
                "changed on its way. Try again; if it stays so, look at what stands between here and the server."
            )
        return data

    def exists(self, digest: str) -> bool:
        """Ask whether the server has `digest`."""
        try:
            self._store.request("HEAD", f"/v1/payloads/{digest}")
        except KitaruNotFoundError:
            return False
        return True

    def delete(self, digest: str) -> None:
        """Remove `digest` from the server."""
        self._store.request("DELETE", f"/v1/payloads/{digest}")

    def digests(self) -> Iterator[tuple[str, int, float]]:
        """Yield digest, size in bytes and modification time of the server's payloads."""
        for line in self._store.request("GET", "/v1/payloads").splitlines():
            digest, size, modified = orjson.loads(line)
            yield digest, size, modified
