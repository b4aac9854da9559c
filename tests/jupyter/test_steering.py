"""Answers, cancellations, and executions that go on or begin anew in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from jupyter_server.auth.identity import IdentityProvider, User

from kitaru import KitaruClient
from tests.conftest import until
from tests.jupyter import flows, project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.jupyter.conftest import Ask


def ended(exec_id: str, status: str = "completed") -> Any:
    """Wait until an execution has ended, wherever it runs."""
    executions = KitaruClient().executions
    for event in executions.events(exec_id):
        if event.kind == f"execution.{status}":
            break
    return executions.get(exec_id)


@pytest.fixture
def asked(served: Path) -> str:
    """An execution that waits for an answer."""
    exec_id = str(flows.approval.run().exec_id)
    until(lambda: KitaruClient().executions.pending_waits(exec_id))
    return exec_id


@pytest.fixture
def run_program(served: Path, tmp_path: Path) -> Callable[..., str]:
    """Run a program with a flow to its end, or as far as it goes; return the execution's id."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(project.__file__, folder / "flows.py")

    def run(name: str, *, kill_when: str = "") -> str:
        process = subprocess.Popen(
            [sys.executable, "flows.py", name], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if kill_when:
            until((folder / kill_when).exists)
            process.send_signal(signal.SIGKILL)
        process.wait(60)
        return str(KitaruClient().executions.latest().exec_id)

    return run


def test_open_questions_are_listed_with_their_schema(ask: Ask, asked: str) -> None:
    (wait,) = ask("waits").json
    assert (wait["exec_id"], wait["name"], wait["question"]) == (asked, "review", "Publish cats?")
    assert wait["json_schema"]["properties"]["approved"]["type"] == "boolean"
    assert ask("status").json["waiting"] == 1


def test_an_answer_continues_the_execution(ask: Ask, asked: str) -> None:
    told = ask(f"executions/{asked}/waits/review", "POST", {"value": {"approved": True, "score": 4}})
    assert (told.status, told.json) == (200, {"exec_id": asked})
    assert ended(asked).result() == "True 4"
    assert ask("waits").json == []


def test_an_answer_that_does_not_fit_is_refused_with_the_fields(ask: Ask, asked: str) -> None:
    told = ask(f"executions/{asked}/waits/review", "POST", {"value": {"approved": "perhaps", "score": "high"}})
    assert (told.status, told.json["reason"]) == (422, "KitaruWaitValidationError")
    assert sorted(place["place"] for place in told.json["places"]) == ["approved", "score"]
    assert len(ask("waits").json) == 1


class Ada(IdentityProvider):
    def get_user(self, handler: Any) -> User:
        return User("ada", "Ada Lovelace", "Ada")

    def is_token_authenticated(self, handler: Any) -> bool:
        return True


def test_the_second_of_two_browsers_is_told_who_answered_and_when(ask: Ask, asked: str, jp_serverapp: Any) -> None:
    jp_serverapp.web_app.settings["identity_provider"] = Ada(parent=jp_serverapp)
    assert ask(f"executions/{asked}/waits/review", "POST", {"value": {"approved": True}}).status == 200
    told = ask(f"executions/{asked}/waits/review", "POST", {"value": {"approved": False}})
    assert (told.status, told.json["reason"], told.json["by"]) == (409, "KitaruConflictError", "Ada")
    assert told.json["at"] > 0
    assert "by Ada" in told.json["message"]
    assert ended(asked).result() == "True 0"


def test_the_made_up_name_of_somebody_with_the_token_is_not_recorded(ask: Ask, asked: str) -> None:
    ask(f"executions/{asked}/waits/review", "POST", {"value": {"approved": True}})
    (answer,) = ended(asked).answers
    assert "Anonymous" not in answer.by


def test_a_question_can_be_refused(ask: Ask, asked: str) -> None:
    assert ask(f"executions/{asked}/waits/review", "DELETE").status == 200
    assert ended(asked, "cancelled").status == "cancelled"
    assert ask(f"executions/{asked}/waits/review", "DELETE").status == 409


def test_a_question_that_does_not_exist_is_not_found(ask: Ask, asked: str) -> None:
    told = ask(f"executions/{asked}/waits/{quote('no/such', safe='')}", "POST", {"value": 1})
    assert (told.status, "review" in told.json["message"]) == (404, True)


def test_an_execution_is_cancelled_once(ask: Ask, asked: str) -> None:
    assert ask(f"executions/{asked}/cancel", "POST", {"reason": "enough"}).json == {"exec_id": asked}
    assert ended(asked, "cancelled").status_reason == "enough"
    again = ask(f"executions/{asked}/cancel", "POST")
    assert (again.status, "cancelled" in again.json["message"]) == (409, True)


@pytest.mark.parametrize("body", ["[]", "{", '{"colour": 1}', '{"reason": 7}', '"x"', b"\xff\xfe"])
def test_a_body_that_makes_no_sense_is_refused_with_a_message(ask: Ask, served: Path, body: Any) -> None:
    told = ask("executions/kr-000000000000/cancel", "POST", body)
    assert (told.status, told.json["reason"]) == (400, "KitaruUsageError")
    assert "body" in told.json["message"]


def test_a_body_that_is_too_large_is_refused(ask: Ask, served: Path) -> None:
    told = ask("executions/kr-000000000000/cancel", "POST", json.dumps({"reason": "x" * (9 << 20)}))
    assert told.status == 413


@pytest.mark.slow
def test_what_failed_is_tried_again_in_a_process_of_its_own(
    ask: Ask, run_program: Callable[..., str], tmp_path: Path
) -> None:
    exec_id = run_program("fails")
    (tmp_path / "project" / "mended").touch()
    assert ask(f"executions/{exec_id}/retry", "POST").json == {"exec_id": exec_id}
    assert ended(exec_id).result() == ("notes on cats", "mended")
    assert (tmp_path / "project" / "prepared").read_text() == "x"


@pytest.mark.slow
def test_what_was_interrupted_goes_on_in_a_process_that_outlives_the_server(
    ask: Ask, run_program: Callable[..., str], tmp_path: Path, served: Path
) -> None:
    exec_id = run_program("slow", kill_when="working")
    until(lambda: ask(f"executions/{exec_id}").json["status"] == "interrupted")
    assert ask(f"executions/{exec_id}/resume", "POST").status == 200
    pid = KitaruClient().executions.get(exec_id).runner["pid"]  # type: ignore[index]
    assert os.getsid(pid) == pid, "it is in a session of its own"
    refused = ask(f"executions/{exec_id}/resume", "POST")
    assert (refused.status, str(pid) in refused.json["message"]) == (409, True)
    (tmp_path / "project" / "go").touch()
    assert ended(exec_id).result() == ("notes on cats", "done")
    assert (served / "runners" / f"{exec_id}.log").exists()


@pytest.mark.slow
def test_an_answer_continues_an_execution_whose_program_has_ended(ask: Ask, run_program: Callable[..., str]) -> None:
    exec_id = run_program("asks")
    assert ask(f"executions/{exec_id}/waits/sure", "POST", {"value": True}).status == 200
    assert ended(exec_id).result() == ("notes on cats", True)


@pytest.mark.slow
def test_a_replay_runs_in_a_process_of_its_own_with_what_was_changed(ask: Ask, run_program: Callable[..., str]) -> None:
    exec_id = run_program("asks")
    ask(f"executions/{exec_id}/waits/sure", "POST", {"value": True})
    ended(exec_id)
    told = ask(
        f"executions/{exec_id}/replay", "POST", {"flow_overrides": {"topic": "dogs"}, "answers": {"sure": False}}
    )
    assert (told.status, told.json["original_exec_id"]) == (200, exec_id)
    assert told.json["exec_id"] != exec_id
    assert ended(told.json["exec_id"]).result() == ("notes on dogs", False)


def test_a_replay_is_planned_without_running_anything(ask: Ask, shown: Any) -> None:
    told = ask(f"executions/{shown.report}/replay", "POST", {"at": "write", "dry_run": True}).json
    assert [(call["name"], call["action"]) for call in told["calls"]] == [("research", "reuse"), ("write", "run")]
    assert (told["exec_id"], told["flow"], told["at"]) == (None, "report", "write")
    assert ask("executions").json["total"] == 4


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"at": "nowhere"}, 409),
        ({"checkpoint_overrides": {"nothing": {"output": 1}}}, 409),
        ({"checkpoint_overrides": {"write": {"colour": 1}}}, 400),
        ({"checkpoint_overrides": {"write": 3}}, 400),
        ({"invocation_overrides": []}, 400),
        ({"at": 3}, 400),
    ],
)
def test_a_replay_that_makes_no_sense_is_refused_before_it_begins(
    ask: Ask, shown: Any, changes: Any, status: int
) -> None:
    for extra in ({}, {"dry_run": True}):
        assert ask(f"executions/{shown.report}/replay", "POST", changes | extra).status == status
    assert ask("executions").json["total"] == 4


@pytest.mark.slow
def test_a_replay_that_its_process_refuses_says_why(ask: Ask, shown: Any) -> None:
    told = ask(f"executions/{shown.report}/replay", "POST", {"flow_overrides": {"colour": "red"}})
    assert (told.status, "colour" in told.json["message"]) == (400, True)
    assert ask("executions").json["total"] == 4


@pytest.mark.slow
def test_what_has_its_result_is_not_tried_again(ask: Ask, shown: Any) -> None:
    told = ask(f"executions/{shown.report}/retry", "POST")
    assert (told.status, "completed" in told.json["message"]) == (409, True)
