"""What the notebook recorded the script finds, and the other way round: the keys are the same."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from kitaru.export.export import export_notebook
from tests.export.notebooks import cells_of, write

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOK = '''
# --- imports
import re
from dataclasses import dataclass
from enum import Enum
from functools import partial

from kitaru import checkpoint, flow
%load_ext autoreload
# --- settings
PATTERN = re.compile(r"[a-z]+")
LIMITS = {"words": 3}
LIMITS["lines"] = 2

class Tone(Enum):
    KIND = "kind"

@dataclass
class Page:
    title: str
    tone: Tone = Tone.KIND

    def shown(self, size=20):
        return f"<{self.title[:size]}>"
# --- scratch
import math
math.pi
# --- helpers
def words(text):
    """Words, at most so many."""
    return PATTERN.findall(text)[: LIMITS["words"]]

shout = partial(str.replace, "a", "A")
def loud(text): return shout("b") + text.upper()   # one line
# --- steps
@checkpoint(retries=1)
def read(text: str) -> list:
    # comments do not count
    return words(text)


@checkpoint
def page(text: str) -> "Page":
    return Page(loud(text))

@checkpoint
async def late(page: Page) -> str:
    return page.shown() + Tone.KIND.value
# --- flow
@flow
async def publish(text: str = "some words and more"):
    found = read(text)
    made = page(" ".join(found))
    return await late(made)
'''

PROGRAM = """
import json, os, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("config", "InteractiveShell.history_load_length=0")
for source in json.loads(sys.argv[1]):
    shell.run_cell(source, store_history=True).raise_error()
handle = shell.user_ns[sys.argv[2]].run(cache=True)
handle.wait()
sys.stderr.write(handle.exec_id)

"""


def run_in_notebook(text: str, flow: str) -> dict[str, Any]:
    sources = [cell["source"] for cell in cells_of(text) if cell["cell_type"] == "code"]
    command = [sys.executable, "-c", PROGRAM, json.dumps(sources), flow]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return execution(ended.stderr.strip().splitlines()[-1])


def run_script(path: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, str(path), *words, "--cache", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return execution(json.loads(ended.stdout)["item"]["exec_id"])


def execution(exec_id: str) -> dict[str, Any]:
    from kitaru.client import KitaruClient
    from kitaru.store.connect import close_store

    found = KitaruClient().executions.get(exec_id)
    told = {"result": found.output, "calls": {call.name: str(call.status) for call in found.checkpoints}}
    close_store()
    return told


def test_a_script_reuses_what_the_notebook_recorded(tmp_path: Path) -> None:
    first = run_in_notebook(NOTEBOOK, "publish")
    assert set(first["calls"].values()) == {"completed"}
    made = export_notebook(write(tmp_path, NOTEBOOK), output=tmp_path / "out")
    second = run_script(made.path)
    assert second["calls"] == dict.fromkeys(first["calls"], "reused")
    assert second["result"] == first["result"]


def test_the_notebook_reuses_what_the_script_recorded(tmp_path: Path) -> None:
    made = export_notebook(write(tmp_path, NOTEBOOK), output=tmp_path / "out")
    first = run_script(made.path)
    assert set(first["calls"].values()) == {"completed"}
    second = run_in_notebook(NOTEBOOK, "publish")
    assert second["calls"] == dict.fromkeys(first["calls"], "reused")
