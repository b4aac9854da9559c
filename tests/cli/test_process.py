"""The command line as a program: real processes, signals, pipes and terminals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client import KitaruClient
from kitaru.store.connect import close_store
from kitaru.store.service.process import stop_service
from tests.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
KITARU = [sys.executable, "-m", "kitaru.cli"]

PROGRAM = """
import sys, time
from pathlib import Path
from kitaru.runtime.checkpoint import checkpoint
from kitaru.runtime.flow import flow
from kitaru.runtime.waiting import wait

@checkpoint(cache=False)
def prepare():
    with open("prepared", "a") as file:
        file.write("x")
    return "prepared"

@checkpoint(cache=False)
def work():
    Path("working").touch()
    for _ in range(3000):
        if Path("go").exists():
            return "done"
        time.sleep(0.02)

@checkpoint(cache=False)
def fragile():
    if not Path("mended").exists():
        raise OSError("broken pipe of the house")
    return "mended"

@flow
def slow():
    return prepare(), work()

@flow
def fails():
    return prepare(), fragile()

@flow
def asks():
    return prepare(), wait(schema=bool, name="sure", question="Sure?")

flow = globals()[sys.argv[1]]
flow.run()
"""


@pytest.fixture
def folder(kitaru_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project in a folder, served by the home's own service."""
    monkeypatch.delenv("KITARU_STORE")
    monkeypatch.setenv("KITARU_SERVICE_IDLE", "60")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    work = tmp_path / "project"
    work.mkdir()
    (work / "flows.py").write_text(PROGRAM)
    yield work
    close_store()
    stop_service(kitaru_home)


def start(folder: Path, flow: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "flows.py", flow], cwd=folder, stderr=subprocess.DEVNULL)


def kitaru(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*KITARU, *words], capture_output=True, text=True, check=False, timeout=90, **options)


def test_help_loads_nothing_heavy_and_starts_nothing() -> None:
    heavy = "pydantic", "rich", "pandas", "duckdb", "pyarrow", "httpx", "asyncio", "orjson", "kitaru.client.client"
    program = (
        "import sys, threading; sys.argv = ['kitaru', '--help']\n"
        "from kitaru.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
        "assert threading.active_count() == 1"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit status" in done.stdout


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"kitaru \d+\.\d+\.\d+\S*\n", kitaru("--version").stdout)


def test_wrong_usage_is_an_envelope_too() -> None:
    done = kitaru("executions", "get", "-o", "json")
    assert (done.returncode, done.stdout) == (2, "")
    assert json.loads(done.stderr)["error"]["type"] == "KitaruUsageError"
    assert kitaru("executions", "nothing").returncode == 2


def test_ctrl_c_interrupts_a_resumed_execution_and_it_can_be_resumed_again(folder: Path) -> None:
    exec_id = interrupted(folder)
    (folder / "working").unlink()
    resumed = subprocess.Popen([*KITARU, "executions", "resume", exec_id], stderr=subprocess.PIPE, text=True)
    until((folder / "working").exists)
    resumed.send_signal(signal.SIGINT)
    _, told = resumed.communicate(timeout=30)
    assert resumed.returncode == 130
    assert f"kitaru executions resume {exec_id}" in told
    assert "Traceback" not in told
    assert KitaruClient().executions.get(exec_id).status == "interrupted"
    (folder / "go").touch()
    done = kitaru("executions", "resume", exec_id)
    assert done.returncode == 0, done.stderr
    assert f"{exec_id} is completed: ('prepared', 'done')" in done.stdout
    assert "done     work" in done.stderr
    assert (folder / "prepared").read_text() == "x"


def test_ctrl_c_parks_a_resumed_execution_that_waits_for_an_answer(folder: Path) -> None:
    start(folder, "asks").wait(30)
    exec_id = KitaruClient().executions.latest().exec_id
    resumed = subprocess.Popen([*KITARU, "executions", "resume", exec_id], stderr=subprocess.PIPE, text=True)
    assert resumed.stderr is not None
    assert "runs here" in next(iter(resumed.stderr))
    resumed.send_signal(signal.SIGINT)
    _, told = resumed.communicate(timeout=30)
    assert (resumed.returncode, "an answer continues it" in told) == (130, True), told
    assert KitaruClient().executions.get(exec_id).status == "waiting"


def test_L2_a_retry_in_the_shell_runs_what_failed_in_the_recorded_folder(folder: Path) -> None:
    start(folder, "fails").wait(30)
    exec_id = KitaruClient().executions.latest().exec_id
    failed = kitaru("executions", "retry", exec_id)
    assert failed.returncode == 5
    assert "OSError: broken pipe of the house" in failed.stderr
    (folder / "mended").touch()
    done = kitaru("executions", "retry", exec_id, "-o", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["item"]["status"] == "completed"
    assert (folder / "prepared").read_text() == "x"


def test_a_replay_runs_on_in_a_process_of_its_own(folder: Path, kitaru_home: Path) -> None:
    (folder / "go").touch()
    start(folder, "slow").wait(30)
    source = KitaruClient().executions.latest().exec_id
    (folder / "go").unlink()
    done = kitaru("executions", "replay", source, "--at", "work", "--no-wait", "-o", "json")
    assert done.returncode == 0, done.stderr
    replayed = json.loads(done.stdout)["item"]["exec_id"]
    assert KitaruClient().executions.get(replayed).status == "running"
    (folder / "go").touch()
    *_, last = KitaruClient().executions.events(replayed)
    assert last.kind == "execution.completed"
    assert (kitaru_home / "runners" / f"{replayed}.log").exists()
    refused = kitaru("executions", "replay", source, "--at", "nowhere", "--no-wait")
    assert (refused.returncode, "nowhere" in refused.stderr) == (4, True)


def test_the_service_is_started_shown_and_stopped(folder: Path, kitaru_home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("a-secret-of-many-letters\n")
    started = kitaru("service", "start", "--token-file", str(secret), "-o", "json")
    assert started.returncode == 0, started.stderr
    assert "a-secret" not in started.stdout + started.stderr
    shown = json.loads(kitaru("service", "status", "-o", "json").stdout)["item"]
    assert (shown["running"], shown["home"]) == (True, str(kitaru_home))
    assert kitaru("executions", "list").returncode == 0
    assert json.loads(kitaru("service", "stop", "-o", "json").stdout)["item"]["stopped"]
    assert "No service runs" in kitaru("service", "status").stdout


def test_a_server_is_connected_with_and_left(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("a-secret-of-many-letters")
    server = {**os.environ, "KITARU_HOME": str(tmp_path / "server")}
    started = kitaru("service", "start", "--token-file", str(tmp_path / "token"), "-o", "json", env=server)
    url = json.loads(started.stdout)["item"]["url"]
    monkeypatch.setenv("KITARU_AUTH_TOKEN", "a-secret-of-many-letters")
    connected = kitaru("connect", url, "-o", "json")
    assert json.loads(connected.stdout)["item"]["location"] == url, connected.stderr
    monkeypatch.delenv("KITARU_AUTH_TOKEN")
    assert json.loads(kitaru("status", "-o", "json").stdout)["item"]["location"] == url
    assert json.loads(kitaru("disconnect", "-o", "json").stdout)["item"]["was_connected"]
    assert json.loads(kitaru("status", "-o", "json").stdout)["item"]["location"] == os.environ["KITARU_HOME"]
    kitaru("service", "stop", env=server)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_executions(folder: Path, shell: str) -> None:
    (folder / "go").touch()
    start(folder, "slow").wait(30)
    exec_id = KitaruClient().executions.latest().exec_id
    for typed, offered in (("executions ge", "get"), ("executions get ", exec_id), ("executions list --flow ", "slow")):
        line = f"kitaru {typed}"
        words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_TYPER_COMPLETE_ARGS": line}
        words |= {
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_TYPER_COMPLETE_WORD_TO_COMPLETE": line.rpartition(" ")[2],
        }
        told = kitaru(env={**os.environ, **words, "_KITARU_COMPLETE": f"complete_{shell}"})
        assert offered in told.stdout, (told.stdout, told.stderr)


def test_maintenance_works_through_the_service(folder: Path, tmp_path: Path) -> None:
    (folder / "go").touch()
    start(folder, "slow").wait(30)
    verified = kitaru("store", "verify")
    assert (verified.returncode, "All is well." in verified.stdout) == (0, True), verified.stderr
    copied = json.loads(kitaru("store", "backup", str(tmp_path / "copy"), "-o", "json").stdout)["item"]
    assert Path(copied["destination"]).is_dir()
    assert json.loads(kitaru("clean", "--older-than", "0s", "--dry-run", "-o", "json").stdout)["item"]["executions"]
    rebuilt = kitaru("store", "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert json.loads(kitaru("executions", "list", "-o", "json").stdout)["count"] == 1


def test_a_reader_that_has_enough_is_no_error(folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", "set -o pipefail; \"$@\" | head -1", "-", *KITARU, "sql", "--schema"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_on_a_terminal_the_answer_is_asked_for(folder: Path) -> None:
    start(folder, "asks").wait(30)
    exec_id = KitaruClient().executions.latest().exec_id
    shown = on_terminal([*KITARU, "executions", "input", exec_id], b"y\n", until_seen=b"Sure?")
    assert b"Answered" in shown
    *_, last = KitaruClient().executions.events(exec_id)
    assert last.kind == "execution.completed"
    assert KitaruClient().executions.get(exec_id).result() == ("prepared", True)


def on_terminal(command: list[str], typed: bytes, *, until_seen: bytes) -> bytes:
    """Run a command on a terminal of its own; type when it asks; return what it showed."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown = b""
    try:
        while piece := read_terminal(ours):
            shown += piece
            if typed and until_seen in shown:
                os.write(ours, typed)
                typed = b""
    finally:
        os.close(ours)
    assert process.wait(30) == 0, shown
    return shown


def read_terminal(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # how Linux says that the other side has gone
        return b""


def interrupted(folder: Path) -> str:
    """Run the slow flow, kill its process, return the execution when it is known to be interrupted."""
    process = start(folder, "slow")
    until((folder / "working").exists)
    process.kill()
    process.wait()
    find: Callable[[], Any] = lambda: KitaruClient().executions.list(status="interrupted")  # noqa: E731
    return str(until(find)[0].exec_id)
