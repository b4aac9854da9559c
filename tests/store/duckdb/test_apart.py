"""The main thread works in the store itself only where Ctrl-C cannot strike it there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.store.duckdb import DuckDBStore
from kitaru.store.duckdb.apart import apart, here
from tests.store.duckdb.store_events import started

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("interruptible", [True, False])
def test_a_store_that_is_not_interrupted_writes_on_the_thread_that_asks(kitaru_home: Path, interruptible: bool) -> None:
    with DuckDBStore(kitaru_home, interruptible=interruptible) as store:
        threads: list[threading.Thread] = []
        append = store._writer.append

        def noted(*args: Any, **options: Any) -> Any:
            threads.append(threading.current_thread())
            return append(*args, **options)

        store._writer.append = noted  # type: ignore[method-assign]
        store.append([started()])
        assert (threads == [threading.main_thread()]) is not interruptible


def test_an_error_on_the_other_thread_is_raised_on_this_one() -> None:
    def fail() -> None:
        raise ValueError("no")

    for do in (apart, here):
        with pytest.raises(ValueError, match="no"):
            do(fail)
