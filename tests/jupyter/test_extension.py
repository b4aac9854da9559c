"""The extension in a Jupyter server of its own process, as people start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from kitaru.store.service.record import read_record
from tests.conftest import until
from tests.jupyter import flows

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a server that lives for months next to a database of its user's must never load.
UNWANTED = ["duckdb", "litellm", "ipywidgets", "IPython", "starlette", "uvicorn", "pandas", "polars", "matplotlib"]

LOADED = f"""
import sys
import kitaru
for point in kitaru._jupyter_server_extension_points():
    __import__(point["module"])
import kitaru.views.build, kitaru.client.executions, kitaru.runtime.engine, kitaru.store.service.client
import kitaru.client.deployments, kitaru.client.schedules, kitaru.runtime.handle, kitaru.export.program
print([name for name in {UNWANTED!r} if name in sys.modules])
"""


def test_the_jupyter_process_loads_neither_the_database_nor_other_heavy_packages() -> None:
    process = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=False)
    assert (process.stderr, process.stdout) == ("", "[]\n")


class Server:
    """A running `jupyter server`."""

    def __init__(self, process: subprocess.Popen[Any], url: str, token: str) -> None:
        self.process = process
        self.client = httpx.Client(base_url=f"{url}kitaru/api/", headers={"Authorization": f"token {token}"})

    def get(self, path: str, **asked: str) -> Any:
        return self.client.get(path, params=asked).raise_for_status().json()


@pytest.fixture
def server(served: Path, tmp_path: Path) -> Iterator[Server]:
    config = tmp_path / "config"
    (config / "jupyter_server_config.d").mkdir(parents=True)
    enabled = {"ServerApp": {"jpserver_extensions": {"kitaru": True}}}
    (config / "jupyter_server_config.d" / "kitaru.json").write_text(json.dumps(enabled))
    runtime = tmp_path / "runtime"
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(config), "JUPYTER_RUNTIME_DIR": str(runtime)}
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.port_retries=50"]
    with (tmp_path / "jupyter.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options, f"--ServerApp.root_dir={tmp_path}"],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    (record,) = until(lambda: [*runtime.glob("jpserver-*.json")], 180)
    told = until(lambda: json.loads(record.read_text() or "null"))
    started = Server(process, told["url"], told["token"])
    yield started
    started.client.close()
    process.terminate()
    process.wait(60)


@pytest.mark.slow
def test_a_flow_is_followed_and_answered_through_a_real_server_that_stops_at_once(server: Server, served: Path) -> None:
    handle = flows.approval.run()
    with server.client.stream("GET", "events", timeout=120) as stream:
        messages = (json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:"))
        assert next(messages)["kind"] == "stream.ready"
        until(lambda: server.get("waits"))
        answered = server.client.post(
            f"executions/{handle.exec_id}/waits/review", json={"value": {"approved": True, "score": 1}}
        )
        assert answered.status_code == 200
        assert next(told for told in messages if told["status"] == "completed")["exec_id"] == handle.exec_id
    assert handle.wait() == "True 1"
    assert server.get(f"executions/{handle.exec_id}")["output"]["text"] == "'True 1'"
    maps = Path(f"/proc/{server.process.pid}/maps")
    if maps.exists():
        assert "duckdb" not in maps.read_text()
    # It stops at once, whoever listens, and the home's service runs on.
    with server.client.stream("GET", "events", timeout=120) as stream:
        next(stream.iter_lines())
        server.process.terminate()
        assert server.process.wait(60) == 0
    assert read_record(served).is_alive()
