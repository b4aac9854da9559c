from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client import KitaruClient
from kitaru.errors import KitaruUsageError
from tests.client.flows import report

if TYPE_CHECKING:
    from pathlib import Path


def test_sql_returns_frames(client: KitaruClient, finished: Any) -> None:
    exec_id = finished(report)
    frame = client.sql("SELECT exec_id, flow FROM executions WHERE flow = $flow", {"flow": "report"})
    assert frame.to_dict("records") == [{"exec_id": exec_id, "flow": "report"}]
    assert client.sql("SELECT name FROM checkpoints ORDER BY sequence", as_="arrow").to_pydict() == {
        "name": ["research", "write"]
    }
    assert client.sql("SELECT count(*) AS n FROM checkpoints", as_="polars")["n"].to_list() == [2]


def test_sql_only_reads(client: KitaruClient) -> None:
    with pytest.raises(KitaruUsageError):
        client.sql("CREATE TABLE t (a INT)")
    with pytest.raises(KitaruUsageError, match="as_="):
        client.sql("SELECT 1", as_="excel")  # type: ignore[arg-type]


def test_a_server_needs_address_and_token() -> None:
    with pytest.raises(KitaruUsageError, match="both or none"):
        KitaruClient("http://127.0.0.1:1")


def test_L31_a_client_of_its_own_server_leaves_the_process_where_it_was(tmp_path: Path, finished: Any) -> None:
    from kitaru.runtime.engine import close_engines
    from kitaru.store.connect import close_store
    from kitaru.store.service.process import start_service, stop_service

    other = tmp_path / "other"
    record = start_service(other)
    try:
        exec_id = finished(report)
        remote = KitaruClient(record.url, record.token)
        assert remote.is_remote
        assert remote.executions.list().total == 0
        assert KitaruClient().executions.list()[0].exec_id == exec_id
        assert record.token not in repr(remote)
        remote.close()
    finally:
        close_engines()
        close_store()
        stop_service(other)


def test_importing_the_package_of_the_client_loads_no_models() -> None:
    program = "import sys, kitaru.client, kitaru.client.continuation; assert 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
