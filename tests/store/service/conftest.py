from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kitaru.store.service.client import ServiceStore
from kitaru.store.service.process import start_service, stop_service
from kitaru.store.service.record import read_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kitaru.store.service.record import ServiceRecord


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of the test's own; the service that the test leaves behind is stopped."""
    home = tmp_path / "served"
    yield home
    if read_record(home) is not None:
        stop_service(home)


@pytest.fixture
def store(home: Path) -> Iterator[ServiceStore]:
    store = ServiceStore.local(home)
    yield store
    store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ServiceRecord]]:
    """A service that the tests of a module share; they leave it as it is."""
    home = tmp_path_factory.mktemp("shared") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home.parent / "data"))
        record = start_service(home)
    yield home, record
    stop_service(home)
