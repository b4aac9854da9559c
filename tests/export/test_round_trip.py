"""What the notebook recorded the script finds, and the other way round: the keys are the same."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kitaru.errors import KitaruStateError
from kitaru.export.check import check_export
from kitaru.export.deploying import deploy_file
from kitaru.export.environment import Environment
from kitaru.export.export import Export, export_notebook, render_notebook
from kitaru.store.service.process import stop_service
from tests.conftest import close_everything
from tests.export.notebooks import cells_of, write

pytestmark = pytest.mark.slow  # each starts an interpreter or two

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

CELL = """
# --- settings
import re
STYLE = "!"
SIZE = 40

def tidy(word):
    return re.sub("[^a-z]", "", word.lower())
# --- flow
%%kitaru_flow shout -p text="Some Words" -p top:int=2 --checkpoint count --no-run
from collections import Counter

LIMIT = 3

def words(text):
    # Tidy ones.
    return [tidy(word) for word in text.split()][:LIMIT]

def louder(word):
    return tidy(word).upper() + str(len(words(word)))

found = words(text)
pairs = count(found, top)
[louder(word) + STYLE for word, _ in pairs]
# --- later
def count(words, top):
    return Counter(words).most_common(min(top, SIZE))
"""

PROGRAM = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import kitaru
for source in json.loads(sys.argv[1]):
    shell.run_cell(source, store_history=True).raise_error()
handle = shell.user_ns[sys.argv[2]].run(cache=True)
handle.wait()
sys.stderr.write(f"\\n{handle.exec_id}")
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
    told = {
        "exec_id": exec_id,
        "flow": found.flow_name,
        "inputs": {name: value.text for name, value in found.inputs.items()},
        "result": found.output,
        "calls": {call.name: str(call.status) for call in found.checkpoints},
    }
    close_store()
    return told


def test_a_cell_that_is_a_flow_and_its_script_reuse_each_others_work(tmp_path: Path) -> None:
    cells = CELL.split("# --- later")
    later = "# --- later" + cells[1]
    # The function that the flow names stands below; people ran it first.
    in_order = cells[0].replace("# --- flow", f"{later}\n# --- flow")
    first = run_in_notebook(in_order, "shout")
    assert set(first["calls"]) == {"words", "count", "louder", "louder_2"}
    made = export_notebook(write(tmp_path, CELL), output=tmp_path / "out")
    second = run_script(made.path)
    assert second["calls"] == dict.fromkeys(first["calls"], "reused")
    assert second["result"] == first["result"]
    assert second["inputs"] == first["inputs"]
    third = run_script(made.path, "--text", "Other words")
    assert third["calls"]["words"] == "completed"
    assert run_in_notebook(in_order.replace("Some Words", "Other words"), "shout")["calls"]["words"] == "reused"


CHECKPOINT = """
# --- settings
rows = ["b", "", "a"]
# --- clean
%%kitaru_checkpoint clean --no-run
import re

kept = [re.sub("b", "B", row) for row in rows if row]
count = len(kept)
# --- flow
%%kitaru_flow report --no-run
def shown(found):
    return f"{found['count']} rows"

shown(clean())
"""


def test_a_cell_that_is_a_checkpoint_and_its_script_reuse_each_others_work(tmp_path: Path) -> None:
    first = run_in_notebook(CHECKPOINT, "report")
    assert set(first["calls"]) == {"clean", "shown"}
    second = run_script(export_notebook(write(tmp_path, CHECKPOINT), output=tmp_path / "out").path)
    assert second["calls"] == dict.fromkeys(first["calls"], "reused")
    alone = run_script(export_notebook(write(tmp_path, CHECKPOINT), ["clean"], output=tmp_path / "out").path)
    assert alone["flow"] == "clean"
    assert alone["calls"] == {"clean": "reused"}


def checked(made: Export) -> list[str]:
    from kitaru.store.connect import close_store

    try:
        return check_export(made)
    finally:
        close_store()


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


BESIDE = """
# --- all
import beside_round_trip
from kitaru import checkpoint, flow

@checkpoint
def read(text):
    return beside_round_trip.tidy(text)

@flow
def kept(text: str = "Some Words"):
    return read(text)
"""


def test_a_deployed_version_reuses_what_notebook_and_script_recorded(
    tmp_path: Path, kitaru_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are theirs, also when the module beside the notebook is another one by now."""
    from kitaru.client import KitaruClient

    module = tmp_path / "beside_round_trip.py"
    module.write_text("def tidy(text):\n    return text.lower()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KITARU_STORE", "service")
    try:
        first = run_in_notebook(BESIDE, "kept")
        notebook = write(tmp_path, BESIDE)
        assert run_script(export_notebook(notebook).path)["calls"] == {"read": "reused"}
        (deployed,) = deploy_file(notebook, cache=True)
        module.write_text("def tidy(text):\n    return text.upper()\n")
        handle = KitaruClient().deployments.invoke("kept", version=deployed["version"])
        assert handle.wait(60) == "some words"
        ran = execution(handle.exec_id)
        assert (ran["calls"], ran["result"]) == ({"read": "reused"}, first["result"])
        assert run_in_notebook(BESIDE, "kept")["calls"] == {"read": "completed"}
    finally:
        close_everything()
        stop_service(kitaru_home)


def test_a_check_compares_the_keys_with_those_of_the_notebooks_last_run(tmp_path: Path) -> None:
    path = write(tmp_path, NOTEBOOK)
    told = checked(export_notebook(path))
    assert "publish: no execution is recorded here, so there are no keys to compare." in told
    ran = run_in_notebook(NOTEBOOK, "publish")
    told = checked(render_notebook(path))
    assert [line for line in told if "finds what execution" in line] == [
        f"publish: {name} finds what execution {ran['exec_id']} recorded." for name in ("late", "page", "read")
    ]
    # A helper that only one of the checkpoints reaches.
    write(tmp_path, NOTEBOOK.replace("text.upper()", "text.lower()"))
    with pytest.raises(KitaruStateError, match=rf"would run it anew: page of execution {ran['exec_id']}\. If"):
        checked(export_notebook(path))


def test_a_script_runs_by_uv_in_an_environment_that_its_header_describes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_in_notebook(NOTEBOOK, "publish")
    environment = Environment("3.11", {}, {}, {"kitaru-jupyter": {"path": str(wheel_of_this_environment(tmp_path))}})
    made = render_notebook(write(tmp_path, NOTEBOOK), environment=environment)
    assert "# [tool.uv.sources]\n# kitaru-jupyter = { path = " in made.text
    made.path.write_text(made.text)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "run", "--offline", "--python", sys.executable, "--script", made.path, "--cache", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    second = execution(json.loads(ended.stdout)["item"]["exec_id"])
    assert second["calls"] == dict.fromkeys(first["calls"], "reused")


def wheel_of_this_environment(folder: Path) -> Path:
    """Make a wheel named kitaru-jupyter that leads to what is installed here, so that uv needs no network."""
    import kitaru

    name = "kitaru_jupyter-1.0"
    paths = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(Path(kitaru.__file__).parents[1])]
    files = {
        "this_environment.pth": "\n".join(dict.fromkeys(paths)) + "\n",
        f"{name}.dist-info/METADATA": "Metadata-Version: 2.1\nName: kitaru-jupyter\nVersion: 1.0\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
        archive.writestr(f"{name}.dist-info/RECORD", "".join(f"{file},,\n" for file in files))
    return wheel
