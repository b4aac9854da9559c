"""Executions for tests of the views, recorded by a script in the home of the tests' server."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.browser.jupyter import PYTHON, server_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.jupyter import Server

FLOWS = """
import sys, time
import pandas
from PIL import Image
from kitaru import checkpoint, flow, log, save, wait

@checkpoint
def collect(topic: str, count: int = 3) -> list[str]:
    print("collecting", topic)
    log(source="memory", count=count)
    return [f"{topic} fact {index}" for index in range(count)]

@checkpoint(retries=2)
def outline(facts: list[str]) -> dict:
    tries.append(1)
    if len(tries) == 1:
        raise ConnectionError("the model is away")
    return {"title": facts[0], "parts": facts}

@checkpoint
def score(part: str) -> int:
    time.sleep(0.02)
    return len(part)

@checkpoint
def table(parts: list) -> pandas.DataFrame:
    save("notes.md", "# Hello\\n\\n<img src=x onerror='window.hacked = 1'>**strong**", type="context")
    save("page.html", "<p>a <em>page</em></p><script>window.hacked = 2</script>", type="context")
    save("settings", {"words": 100, "html": "<b>no</b>"}, type="context")
    save("dot", Image.new("RGB", (24, 16), "green"), type="context")
    return pandas.DataFrame({"part": parts, "length": [len(part) for part in parts], "html": "<b>no</b>"})

@checkpoint
def draft(title: str, tone: str) -> str:
    return f"{title}\\nIn a {tone} tone.\\nThe end."

@flow
def helper(word: str) -> str:
    return draft(word, "plain")

tries = []

@flow
def article(topic: str = "Tea", tone: str = "warm", strict: bool = False, limits: dict = {"words": 100}) -> str:
    found = outline(collect(topic))
    for future in score.map(found["parts"] * 4):
        future.result()
    table(found["parts"])
    helper.run("inner").wait()
    return draft(found["title"], tone)

@checkpoint
def divide(count: int) -> float:
    return 1 / count

@flow
def broken(count: int = 0) -> float:
    return divide(count)

@flow
def asking(topic: str = "Tea") -> str:
    collect(topic)
    ok = wait(name="publish", schema=bool, question=f"Publish the article on {topic}?")
    return "out" if ok else "kept"

@flow
def wide(count: int) -> int:
    return sum(future.result() for future in score.map([str(index) for index in range(count)]))
"""


def record(server: Server, code: str, home: Path | None = None) -> str:
    """Run a script beside the flows above, in the server's home or another; returns what it prints."""
    path = server.root / "flows.py"
    if not path.exists():
        path.write_text(FLOWS)
    done = subprocess.run(
        [PYTHON, "-c", f"from flows import *\n{code}"],
        cwd=server.root,
        env=server_environment(server.root.parent, home or server.home),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-4000:])
    return done.stdout.strip().splitlines()[-1]


ASKING = """
import os, time
run = asking.run({topic!r})
while run.status != "waiting":
    time.sleep(0.02)
print(run.exec_id, flush=True)
os._exit(0)
"""


def ask(server: Server, topic: str, home: Path | None = None) -> str:
    """Let a program ask whether to publish, and end; returns the id of its execution."""
    return record(server, ASKING.format(topic=topic), home)
