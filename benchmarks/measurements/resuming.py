"""A runner is killed in the middle of a flow; another process goes on."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from benchmarks.scene import Samples, Scene

LAST = b"25"


def measure(scene: Scene) -> Samples:
    """Kill the runner when step 25 begins and let another process finish."""
    kept, resume, process = [], [], []
    home = scene.folder / "home"
    for _ in range(scene.pick(3, 1)):
        log = scene.folder / f"steps-{next(scene.serial)}"
        with scene.start("fifty_steps.py", log, home=home) as runner:
            exec_id = _kill_at(runner)
        before = _lines(log)
        start = time.perf_counter()
        seconds = float(scene.run("go_on.py", exec_id, home=home).splitlines()[-1])
        elapsed = time.perf_counter() - start
        after = _lines(log)[len(before) :]
        steps = sum(took for _, took in after)
        times = Counter(number for number, _ in before + after)
        if sorted(times) != list(range(1, 51)):
            raise RuntimeError(f"Steps are missing: {sorted(times)}")
        kept.append(float(sum(times[number] == 1 for number, _ in before)))
        resume.append(seconds - steps)
        process.append(elapsed - steps)
    return {"kept": kept, "resume": resume, "process": process}


def _kill_at(runner: Popen[bytes]) -> str:
    """Read what the runner prints until the step begins, kill it, and return the execution's id."""
    assert runner.stdout is not None
    exec_id = ""
    for line in runner.stdout:
        if line.startswith(b"kr-"):
            exec_id = line.decode().strip()
        if line.strip() == LAST:
            break
    os.kill(runner.pid, signal.SIGKILL)
    return exec_id


def _lines(log: Path) -> list[tuple[int, float]]:
    """Return numbers and seconds of the steps that came to their end."""
    rows = [line.split() for line in log.read_text(encoding="ascii").splitlines()]
    return [(int(number), float(took)) for number, took in rows]
