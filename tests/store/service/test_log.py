from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# In a process of its own, because the log takes over the standard output.
PROGRAM = """
import logging, os, sys
from pathlib import Path
from kitaru.store.service import log
home = Path(sys.argv[1])
handler = log.ServiceLog(home, max_bytes=20_000)
handler.capture_output()
logging.getLogger().addHandler(handler)
logging.getLogger().setLevel(logging.INFO)
for number in range(2000):
    logging.info("message %d of the service", number)
    os.write(2, b"noise of a C library\\n")
    handler.keep_small()
os.write(1, b"the last words\\n")
"""


def test_the_log_stays_small_and_catches_what_is_printed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, capture_output=True, timeout=60, check=True
    )
    assert (result.stdout, result.stderr) == (b"", b"")
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"service.log", "service.log.1"}
    assert max(sizes.values()) < 25_000
    assert (tmp_path / "service.log").read_text().endswith("the last words\n")
    assert [path.stat().st_mode & 0o077 for path in tmp_path.iterdir()] == [0, 0]
