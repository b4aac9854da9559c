"""The command line of an exported script, as people and programs use it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kitaru.export.export import export_notebook
from tests.export.notebooks import write

if TYPE_CHECKING:
    from pathlib import Path

TEXT = '''
# --- a
from datetime import date
from enum import Enum
from pydantic import BaseModel
from kitaru import checkpoint, flow

class Tone(Enum):
    KIND = "kind"

class Request(BaseModel):
    topic: str
    pages: int = 1

@checkpoint
def told(text: str) -> str:
    return text

@flow
def write(
    topic: str,
    top: int = 3,
    rate: float = 0.5,
    loud: bool = False,
    tone: Tone = Tone.KIND,
    when: date | None = None,
    words: list[str] = ["a"],
    request: Request | None = None,
    json: dict = {},
    anything=None,
) -> str:
    """Write about a topic.

    More about it.
    """
    return told(repr((topic, top, rate, loud, tone.value, when, words, request, json, anything)))

@flow
def stay(file: str):
    from pathlib import Path
    import time

    Path(file).write_text("running")
    while True:
        time.sleep(0.05)
        told("again")

@flow
def fail(n: int = 1):
    raise ValueError(f"no {n}")
'''


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    path = write(folder, TEXT)
    for flow in ("write", "fail", "stay"):
        export_notebook(path, [flow])
    export_notebook(path)
    return folder


def run(script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def result(script: Path, *words: str) -> str:
    ended = run(script, *words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.rstrip("\n")


def test_help_names_every_parameter_with_its_type_and_default(scripts: Path) -> None:
    text = result(scripts / "write.py", "--help")
    assert text.startswith("usage: write.py")
    assert "Write about a topic." in text
    for words in ("--topic TEXT", "required", "--top INTEGER", "default: 3", "--loud, --no-loud", "--param NAME=JSON"):
        assert words in text
    assert "--json JSON" not in text
    assert "exit status" in text


def test_flags_have_the_types_of_the_parameters(scripts: Path) -> None:
    told = result(
        scripts / "write.py",
        *("--topic", "@bob 12", "--top", "5", "--rate=1", "--loud", "--tone", "kind", "--when", "2026-01-02"),
        *("--words", '["x", "y"]', "--request", '{"topic": "t"}', "--param", 'json={"a": [1]}', "--anything", "free"),
    )
    assert told == (
        "('@bob 12', 5, 1.0, True, 'kind', datetime.date(2026, 1, 2), ['x', 'y'], Request(topic='t', pages=1), "
        "{'a': [1]}, 'free')"
    )


def test_rich_values_come_from_files(scripts: Path, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text('{"topic": "t", "pages": 2}')
    told = result(scripts / "write.py", "--topic", "x", "--request", f"@{file}", "--param", f"json=@{file}")
    assert "Request(topic='t', pages=2), {'topic': 't', 'pages': 2}" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "write.run(): missing a required argument: 'topic'"),
        (["--topic", "x", "--top", "many"], "--top many: Input should be a valid integer"),
        (["--topic", "x", "--request", '{"pages": 1}'], "Field required"),
        (["--topic", "x", "--request", "@/no/such"], "the file cannot be read: No such file or directory"),
        (["--topic", "x", "--param", "other=1"], "--param other=1: give NAME=JSON; the parameters of write are topic"),
        (["--topic", "x", "--param", "top=1", "--top", "2"], "top is given twice"),
        (["--topic", "x", "--param", "words={"], "words is no JSON"),
        (["--topics", "x"], "unrecognized arguments: --topics x"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_sentence(words: list[str], told: str, scripts: Path) -> None:
    ended = run(scripts / "write.py", *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_failed_flow_exits_with_5_and_shows_the_users_traceback(scripts: Path) -> None:
    ended = run(scripts / "fail.py", "--n", "7")
    assert ended.returncode == 5
    assert "ValueError: no 7" in ended.stderr


def test_ctrl_c_exits_with_130_and_says_how_to_go_on(scripts: Path, tmp_path: Path) -> None:
    running = tmp_path / "running"
    os.mkfifo(running)
    command = [sys.executable, str(scripts / "stay.py"), "--file", str(running)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.read_text() == "running"  # a pipe: this waits for the flow
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert "go on: kitaru executions resume kr-" in told
    assert "Traceback" not in told


def test_json_gives_the_execution(scripts: Path) -> None:
    item = json.loads(result(scripts / "write.py", "--topic", "x", "--json"))["item"]
    assert (item["status"], item["flow_name"]) == ("completed", "write")


def test_several_flows_are_subcommands(scripts: Path) -> None:
    script = scripts / "work.py"
    text = result(script, "--help")
    assert "Write about a topic." in text
    assert "Run the flow fail." in text
    assert result(script, "write", "--topic", "x").startswith("('x', 3,")
    assert run(script).returncode == 2
    assert run(script, "fail").returncode == 5


def test_a_script_is_a_module_too(scripts: Path) -> None:
    spec = importlib.util.spec_from_file_location("written", scripts / "write.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["written"] = module
    try:
        spec.loader.exec_module(module)
        assert module.write.run("x").wait().startswith("('x', 3,")
    finally:
        del sys.modules["written"]
