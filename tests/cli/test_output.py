"""What holds for every command: an envelope on request, one sentence for an error, an exit status for its kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer

from kitaru.cli import app
from kitaru.cli.application import HELP
from kitaru.errors import KitaruError, KitaruUsageError
from kitaru.stacks.registry import create_stack
from tests.client.flows import approval, broken, report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNKNOWN = "kr-000000000000"


def every_command(group: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    group = group or typer.main.get_command(app)
    for name, child in group.commands.items():
        if hasattr(child, "commands"):
            yield from every_command(child, f"{path}{name} ")
        else:
            yield f"{path}{name}", child


def test_every_command_says_what_it_does_and_takes_an_output() -> None:
    found = dict(every_command())
    assert {path for path, child in found.items() if not child.help} == set()
    takes = {path for path, child in found.items() if any("--output" in option.opts for option in child.params)}
    assert takes == set(found)


def test_the_lists_of_commands_cut_no_sentence_off() -> None:
    cut = {path for path, child in every_command() if child.get_short_help_str(limit=65).endswith("...")}
    assert cut == set()


def test_every_argument_and_option_is_explained() -> None:
    unexplained = [
        (path, parameter.name)
        for path, child in every_command()
        for parameter in child.params
        if not getattr(parameter, "help", None)
    ]
    assert unexplained == []


READING = [
    ("executions.list", "executions list"),
    ("executions.get", "executions get ID"),
    ("executions.logs", "executions logs ID"),
    ("executions.diff", "executions diff ID"),
    ("executions.statistics", "executions statistics"),
    ("executions.replay", "executions replay ID --dry-run"),
    ("artifacts.list", "artifacts list ID"),
    ("artifacts.get", "artifacts get ID/write"),
    ("sql", "sql SELECT+1+AS+one"),
    ("sql", "sql --schema"),
    ("status", "status"),
    ("info", "info"),
    ("stack.list", "stack list"),
    ("stack.current", "stack current"),
    ("stack.use", "stack use local"),
    ("stack.create", "stack create mine --type process --workers 2"),
    ("stack.delete", "stack delete other"),
    ("model.list", "model list"),
    ("model.register", "model register fast --model openai/gpt-5-nano"),
    ("service.status", "service status"),
    ("service.stop", "service stop"),
    ("store.verify", "store verify"),
    ("clean", "clean --dry-run --older-than 1d"),
    ("disconnect", "disconnect"),
    ("init", "init PATH"),
    ("executions.delete", "executions delete ID --yes"),
    ("executions.replay", "executions replay ID --at write"),
    ("store.backup", "store backup PATH/copy"),
    ("store.rebuild", "store rebuild"),
]


@pytest.mark.parametrize(("title", "line"), READING, ids=[line for _, line in READING])
@pytest.mark.parametrize("output", ["text", "json"])
def test_a_command_answers_for_people_and_for_programs(
    kitaru: Any, finished: Any, tmp_path: Path, title: str, line: str, output: str
) -> None:
    exec_id = finished(report)
    create_stack("other", activate=False)
    words = [word.replace("ID", exec_id).replace("PATH", str(tmp_path)).replace("+", " ") for word in line.split()]
    result = kitaru(*words, "-o", output)
    assert result.exit_code == 0, (result.stdout, result.stderr, result.exception)
    assert result.stdout
    if output == "json":
        told = json.loads(result.stdout)
        assert told["command"] == title
        assert "item" in told or told["count"] == len(told["items"])


ELSEWHERE = {
    "connect", "executions.cancel", "executions.input", "executions.resume", "executions.retry", "service.start",
}  # fmt: skip
"""Commands that are tried with both outputs in other modules: they need a server, a process or a question."""


def test_the_commands_are_those_that_are_promised_and_each_is_tried() -> None:
    promised = {"init", "status", "info", "connect", "sql", "clean", "artifacts list", "artifacts get"}
    promised |= {f"store {verb}" for verb in ("verify", "rebuild", "backup")}
    promised |= {f"service {verb}" for verb in ("start", "status", "stop")}
    promised |= {f"stack {verb}" for verb in ("list", "current", "use", "create", "delete")}
    promised |= {
        f"executions {verb}" for verb in ("list", "get", "logs", "input", "resume", "retry", "cancel", "replay", "diff")
    }
    assert promised - {path for path, _ in every_command()} == set()
    assert {path.replace(" ", ".") for path in promised} - {title for title, _ in READING} == ELSEWHERE


WRONG = [
    (2, "KitaruUsageError", "executions list --status done"),
    (2, "KitaruUsageError", "executions list --since soon"),
    (2, "KitaruUsageError", "executions get ab"),
    (2, "KitaruUsageError", "sql"),
    (2, "KitaruUsageError", "sql DROP"),
    (2, "KitaruUsageError", "clean --older-than never"),
    (2, "KitaruUsageError", "executions replay FAILED --set nothing"),
    (2, "KitaruUsageError", "executions replay FAILED --flow-overrides [1]"),
    (2, "KitaruUsageError", "connect http://127.0.0.1:9"),
    (2, "KitaruUsageError", "service start --host 0.0.0.0"),
    (3, "KitaruNotFoundError", f"executions get {UNKNOWN}"),
    (3, "KitaruNotFoundError", f"executions input {UNKNOWN} --value 1"),
    (3, "KitaruNotFoundError", f"executions resume {UNKNOWN}"),
    (3, "KitaruNotFoundError", f"executions logs {UNKNOWN}"),
    (3, "KitaruNotFoundError", "executions logs FAILED --checkpoint nowhere"),
    (3, "KitaruNotFoundError", f"artifacts list {UNKNOWN}"),
    (3, "KitaruNotFoundError", "artifacts get FAILED/nothing"),
    (3, "KitaruNotFoundError", "stack use nowhere"),
    (4, "KitaruStateError", "executions input FAILED --value 1"),
    (4, "KitaruStateError", "executions resume FAILED"),
    (4, "KitaruStateError", "executions cancel FAILED"),
    (4, "KitaruStateError", "executions replay FAILED --at nowhere"),
    (4, "KitaruStateError", "executions input --value 1"),
    (4, "KitaruStateError", "stack delete local"),
    (5, "KitaruUserCodeError", "executions retry FAILED"),
]


@pytest.mark.parametrize(("status", "kind", "line"), WRONG, ids=[line for _, _, line in WRONG])
@pytest.mark.parametrize("output", ["text", "json"])
def test_an_error_is_one_message_with_a_status_for_its_kind(
    kitaru: Any, finished: Any, status: int, kind: str, line: str, output: str
) -> None:
    failed = finished(broken)
    result = kitaru(*(word.replace("FAILED", failed) for word in line.split()), "-o", output)
    assert (result.exit_code, result.stdout) == (status, "")
    assert "Traceback" not in result.stderr.replace('Traceback (most recent call last):\n  File "' + FLOWS, "")
    last = result.stderr.rstrip().splitlines()[-1]
    if output == "json":
        told = json.loads(last)
        assert told["error"]["type"] == kind
        assert told["error"]["message"]
    else:
        assert "Error: " in result.stderr


FLOWS = str(__file__).replace("cli/test_output.py", "client/flows.py")


def test_the_help_documents_the_statuses(kitaru: Any) -> None:
    result = kitaru("--help")
    assert result.exit_code == 0
    for line in HELP.splitlines():
        assert line.strip("\b ") in result.stdout


def test_with_debugging_on_the_error_itself_comes_out(kitaru: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_DEBUG", "1")
    result = kitaru("executions", "get", UNKNOWN)
    assert isinstance(result.exception, KitaruError)


def test_a_fault_of_our_own_is_told_as_such(kitaru: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kitaru.client.executions import ExecutionsAPI

    monkeypatch.setattr(ExecutionsAPI, "get", lambda *_: 1 / 0)
    result = kitaru("executions", "get", UNKNOWN)
    assert result.exit_code == 1
    assert "This is a fault in Kitaru; KITARU_DEBUG=1" in result.stderr


def test_an_empty_home_teaches(kitaru: Any) -> None:
    assert "@kitaru.flow" in kitaru("executions", "list").stdout
    assert "No execution fits" in kitaru("executions", "list", "--status", "failed").stdout
    assert "kitaru model register" in kitaru("model", "list").stdout
    assert "kitaru.save()" in kitaru("artifacts", "list").stdout
    assert "Nothing runs" in kitaru("status").stdout


@pytest.mark.parametrize("columns", ["80", "200", ""])
def test_tables_keep_whole_ids_and_colours_out_of_pipes(
    kitaru: Any, finished: Any, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    exec_id = finished(report, topic="long " * 100)
    for line in ("executions list", f"executions get {exec_id}", f"artifacts list {exec_id}"):
        shown = kitaru(*line.split()).stdout
        assert exec_id in shown
        assert "\x1b" not in shown
        assert all(row == row.rstrip() for row in shown.splitlines())
        if columns == "80":
            assert max(map(len, shown.splitlines())) <= 80


def test_json_values_and_words_are_told_apart() -> None:
    from kitaru.cli.options import json_object, json_value

    assert (json_value("true"), json_value('"a"'), json_value("a b")) == (True, "a", "a b")
    with pytest.raises(KitaruUsageError, match="takes a JSON object"):
        json_object("[]", "--answers")


def test_a_question_is_found_when_it_is_the_only_one(item: Any, kitaru: Any, asking: Any) -> None:
    first = asking(approval)
    assert item("executions", "input", "--value", "true")["exec_id"] == first.exec_id
    assert first.wait(20).startswith("published")
    handles = [asking(approval), asking(approval)]
    result = kitaru("executions", "input", "--value", "true")
    assert result.exit_code == 4
    for handle in handles:
        assert handle.exec_id in result.stderr
        item("executions", "cancel", handle.exec_id)
