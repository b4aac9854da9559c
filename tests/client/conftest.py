from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.client import KitaruClient


class CountingStore:
    """Counts the requests to a store."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked: list[str] = []

    def read(self, name: str, /, **parameters: Any) -> Any:
        self.asked.append(name)
        return self._store.read(name, **parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
def counted(client: KitaruClient) -> Iterator[CountingStore]:
    from kitaru.store.connect import open_store, use_store

    store = CountingStore(open_store())
    with use_store(store):  # type: ignore[arg-type]
        yield store
