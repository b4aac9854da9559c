"""What JupyterLab's sidebar and document wait for in a home of 20,000 executions with 100 calls each."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from benchmarks.filling import exec_id_of, fill
from benchmarks.measurements.jupyter_server import server
from benchmarks.timing import timed

if TYPE_CHECKING:
    import httpx

    from benchmarks.scene import Samples, Scene

CALLS = 100


def measure(scene: Scene) -> Samples:
    """Ask as pages ask: the sidebar for its first content, then further down and by text, then for one execution."""
    home, executions = scene.new_home(), scene.pick(20_000, 1_000)
    home.mkdir(parents=True)
    fill(home / "kitaru.duckdb", executions, CALLS)
    times = scene.pick(21, 5)
    with server(scene, home) as (api, _):

        def get(path: str) -> httpx.Response:
            return api.get(path).raise_for_status()

        def sidebar() -> None:
            for path in ("status", "flows", "executions?limit=50"):
                get(path)

        def one() -> str:
            return exec_id_of(random.randrange(executions))

        return {
            "sidebar": timed(sidebar, times),
            "further": timed(lambda: get(f"executions?limit=50&offset={executions - 100}"), times),
            "text": timed(lambda: get("executions?limit=50&text=7.ipynb"), times),
            "one": timed(lambda: get(f"executions/{one()}"), times),
            "call": timed(lambda: get(f"executions/{one()}/calls/research_7"), times),
        }
