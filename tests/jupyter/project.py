"""Flows of a project, run by a program of their own: their processes end, and others go on."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import kitaru


@kitaru.checkpoint(cache=False)
def prepare(topic: str) -> str:
    with Path("prepared").open("a") as file:
        file.write("x")
    return f"notes on {topic}"


@kitaru.checkpoint(cache=False)
def fragile() -> str:
    if not Path("mended").exists():
        raise OSError("broken pipe")
    return "mended"


@kitaru.checkpoint(cache=False)
def work() -> str:
    Path("working").touch()
    for _ in range(3000):
        if Path("go").exists():
            return "done"
        time.sleep(0.02)
    return "late"


@kitaru.flow
def fails(topic: str = "cats") -> tuple[str, str]:
    return prepare(topic), fragile()


@kitaru.flow
def slow(topic: str = "cats") -> tuple[str, str]:
    return prepare(topic), work()


@kitaru.flow
def asks(topic: str = "cats") -> tuple[str, bool]:
    return prepare(topic), kitaru.wait(schema=bool, name="sure", question="Sure?")


if __name__ == "__main__":
    globals()[sys.argv[1]].run()
