from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.client import KitaruClient
from kitaru.runtime.checkpoint import checkpoint
from kitaru.runtime.engine import engine
from kitaru.runtime.flow import flow
from kitaru.runtime.waiting import wait
from tests.client.flows import approval, fan_out, report, review

if TYPE_CHECKING:
    from pathlib import Path


def test_a_word_that_is_no_json_is_an_answer_where_text_is_asked_for(item: Any, asking: Any) -> None:
    @flow
    def naming() -> str:
        return str(wait(schema=str, name="name"))

    for given, expected in (("Ada Lovelace", "Ada Lovelace"), ('"Ada"', "Ada"), ("42", "42"), ("true", "true")):
        handle = asking(naming)
        item("executions", "input", handle.exec_id, "--value", given)
        assert handle.wait(20) == expected


def test_an_answer_that_does_not_fit_is_refused(kitaru: Any, item: Any, asking: Any) -> None:
    handle = asking(review)
    result = kitaru("executions", "input", handle.exec_id, "--value", '{"approved": "maybe"}')
    assert result.exit_code == 2
    assert "$.approved" in result.stderr
    item("executions", "input", handle.exec_id, "--value", '{"approved": true}')
    assert handle.wait(20) == "cats: True 0"
    result = kitaru("executions", "input", handle.exec_id, "--value", '{"approved": true}')
    assert result.exit_code == 4
    assert "was answered by" in result.stderr


def test_a_question_can_be_refused(item: Any, kitaru: Any, asking: Any) -> None:
    handle = asking(approval)
    assert item("executions", "input", handle.exec_id, "--abort")["status"] == "cancelled"
    assert kitaru("executions", "input", handle.exec_id, "--abort", "--value", "1").exit_code == 2


def test_without_a_terminal_a_value_must_be_given(kitaru: Any, item: Any, asking: Any) -> None:
    handle = asking(approval)
    result = kitaru("executions", "input", handle.exec_id)
    assert result.exit_code == 2
    assert "--value JSON or --abort" in result.stderr
    item("executions", "cancel", handle.exec_id)


@pytest.mark.parametrize(
    ("options", "result", "reused"),
    [
        (["--set", "write.style=long"], "long text from notes about cats", ["research"]),
        (["--set", "topic=dogs"], "short text from notes about dogs", []),
        (["--flow-overrides", '{"topic": "dogs"}'], "short text from notes about dogs", []),
        (["--at", "write"], "short text from notes about cats", ["research"]),
        (["--checkpoint-overrides", '{"research": {"output": "x"}}'], "short text from x", ["research"]),
        (["--invocation-overrides", '{"write": {"input": {"style": "odd"}}}'], "odd text from notes about cats",
         ["research"]),
    ],
)  # fmt: skip
def test_a_replay_changes_what_it_is_told_to(
    item: Any, finished: Any, options: list[str], result: str, reused: list[str]
) -> None:
    told = item("executions", "replay", finished(report), *options)
    execution = KitaruClient().executions.get(told["exec_id"])
    assert execution.result() == result
    assert [call.name for call in execution.checkpoints if call.status == "reused"] == reused


def test_one_of_several_calls_is_changed_by_its_name(item: Any, finished: Any) -> None:
    told = item("executions", "replay", finished(fan_out, 3), "--set", "research_2.topic=dogs")
    assert KitaruClient().executions.get(told["exec_id"]).result() == [
        "notes about 0",
        "notes about dogs",
        "notes about 2",
    ]


def test_a_replay_answers_questions_beforehand(item: Any, asking: Any) -> None:
    handle = asking(approval)
    item("executions", "input", handle.exec_id, "--value", "true")
    handle.wait(20)
    told = item("executions", "replay", handle.exec_id, "--answers", '{"approve": false}')
    assert KitaruClient().executions.get(told["exec_id"]).result() == "rejected"


def test_followed_logs_end_with_the_status(kitaru: Any, finished: Any) -> None:
    import json

    from tests.client.flows import broken

    result = kitaru("executions", "logs", finished(report), "--follow")
    assert (result.exit_code, "looking for cats" in result.stdout) == (0, True)
    result = kitaru("executions", "logs", finished(broken), "--follow", "-o", "json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 5
    assert [line["event"] for line in lines] == ["log", "terminal"]


def test_a_value_is_written_to_a_file(item: Any, finished: Any, tmp_path: Any) -> None:
    file = tmp_path / "value.txt"
    told = item("artifacts", "get", f"{finished(report)}/research", "--file", file)
    assert file.read_text() == "notes about cats"
    assert told["bytes"] == len("notes about cats")


def test_a_query_comes_from_a_file(item: Any, kitaru: Any, finished: Any, tmp_path: Any) -> None:
    finished(report)
    file = tmp_path / "query.sql"
    file.write_text("SELECT flow, count(*) AS n FROM executions GROUP BY flow")
    assert item("sql", "--file", file) == [{"flow": "report", "n": 1}]
    assert kitaru("sql", "-", input="SELECT 1 AS one").stdout.split() == ["one", "1", "1", "row"]
    assert kitaru("sql", "--file", tmp_path / "nothing.sql").exit_code == 2


def test_cleaning_deletes_what_is_named(item: Any, finished: Any) -> None:
    doomed, kept = finished(report), finished(report)
    assert item("clean", "--dry-run", "--executions", doomed)["executions"] == [doomed]
    assert item("clean", "--yes", "--executions", doomed)["executions"] == [doomed]
    assert [one["exec_id"] for one in item("executions", "list")] == [kept]


def test_the_shell_is_offered_what_there_is(finished: Any) -> None:
    import typer

    from kitaru.cli import app, completion

    exec_id = finished(report)
    assert [name for name, _ in completion.executions("kr-")] == [exec_id]
    assert [name for name, _ in completion.executions(exec_id[3:6])] == [exec_id]
    assert completion.executions("zzzz") == []
    assert completion.flows("re") == ["report"]
    assert completion.statuses("c") == ["completed", "cancelled"]
    assert completion.stacks("p") == ["process"]
    context = typer.main.get_command(app).make_context("kitaru", ["status"])
    context.params["execution"] = exec_id
    assert [name for name, _ in completion.calls(context, "")] == ["research", "write"]


@pytest.mark.parametrize("words", [("executions", "delete", "ID"), ("clean", "--executions", "ID")])
@pytest.mark.parametrize("said", ["", "n\n"])
def test_what_nobody_agrees_to_is_not_deleted(kitaru: Any, finished: Any, words: tuple[str, ...], said: str) -> None:
    exec_id = finished(report)
    refused = kitaru(*(word.replace("ID", exec_id) for word in words), "-o", "json", input=said)
    assert (refused.exit_code, "{" in refused.stdout) == (2, False)
    told = json.loads(refused.stderr.splitlines()[-1])["error"]["message"]
    assert told == "Nothing was deleted: nobody said yes. Without a terminal give --yes."
    assert KitaruClient().executions.get(exec_id).status == "completed"


def test_a_deletion_that_is_agreed_to_is_done(kitaru: Any, finished: Any) -> None:
    exec_id = finished(report)
    assert kitaru("executions", "delete", exec_id, input="y\n").exit_code == 0
    assert KitaruClient().executions.list().total == 0


def test_an_interrupted_execution_is_resumed(item: Any) -> None:
    gate = threading.Event()

    @checkpoint(cache=False)
    def pass_gate() -> bool:
        return gate.wait(20)

    @flow
    def gated_in_the_shell() -> bool:
        return pass_gate()

    handle = gated_in_the_shell.run()
    engine().interrupt(engine().runs[handle.exec_id], "the test says so")
    gate.set()
    resumed = item("executions", "resume", handle.exec_id)
    assert (resumed["exec_id"], resumed["status"]) == (handle.exec_id, "completed")


def test_where_nothing_is_old_enough_nothing_is_asked(item: Any, finished: Any) -> None:
    finished(report)
    assert item("clean", "--older-than", "1d")["executions"] == []


def test_the_sizes_of_what_is_stored_are_told(item: Any, finished: Any) -> None:
    finished(report)
    stored = item("info")["store"]
    assert min(stored["database_bytes"], stored["journal_bytes"]) > 0


def test_a_damaged_value_is_a_problem_and_a_status(kitaru: Any, finished: Any, kitaru_home: Path) -> None:
    finished(report, topic="cats " * 10_000)
    (path, *_) = (found for found in (kitaru_home / "payloads").rglob("*") if found.is_file())
    path.chmod(0o600)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    told = kitaru("store", "verify")
    assert told.exit_code == 1
    assert path.name in told.stdout
    assert told.stdout.splitlines()[-1] == "1 problem."
