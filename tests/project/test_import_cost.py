from __future__ import annotations

import subprocess
import sys

# Each of these costs more time or memory than `import kitaru` may.
HEAVY = [
    "duckdb",
    "pydantic",
    "litellm",
    "ipywidgets",
    "starlette",
    "uvicorn",
    "httpx",
    "pandas",
    "numpy",
    "pyarrow",
]

PROGRAM = f"""
import sys, threading
import kitaru
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, f"import kitaru loads {{loaded}}"
assert threading.active_count() == 1, f"import kitaru starts threads: {{threading.enumerate()}}"
"""


def test_L32_import_kitaru_loads_nothing_heavy_starts_nothing_and_prints_nothing() -> None:
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
