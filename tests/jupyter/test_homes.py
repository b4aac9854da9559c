"""Which home is meant, and what happens when it cannot be reached: the rest goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kitaru import KitaruClient
from kitaru.jupyter.homes import Homes
from kitaru.store.connect import close_store
from kitaru.store.home import home_id, init_home, register_home
from kitaru.store.service import wire
from kitaru.store.service.process import start_service, stop_service
from kitaru.store.service.record import read_record
from tests.jupyter import flows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.jupyter.conftest import Ask, Recorded


@pytest.fixture
def projects(jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Path]]:
    """Two projects below the server's root, each with a home of its own."""
    monkeypatch.delenv("KITARU_HOME")
    monkeypatch.setenv("KITARU_STORE", "service")
    homes = {}
    for name in ("one", "two"):
        (jp_root_dir / name / "deep").mkdir(parents=True)
        homes[name] = init_home(jp_root_dir / name)
    yield homes
    close_store()
    for home in homes.values():
        stop_service(home)


def record_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KITARU_HOME", str(home))
    handle = flows.report.run()
    handle.wait()
    close_store()
    monkeypatch.delenv("KITARU_HOME")
    return str(handle.exec_id)


def test_a_notebook_shows_the_home_of_its_own_folder(
    ask: Ask, projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    exec_id = record_in(projects["two"], monkeypatch)
    told = ask("executions", path="two/deep/a notebook.ipynb").json
    assert [item["exec_id"] for item in told["items"]] == [exec_id]
    assert ask("executions", path="one/other.ipynb").json["total"] == 0
    assert ask("status", path="two/deep").json["location"] == str(projects["two"])


def test_executions_are_filtered_by_the_notebook_as_jupyterlab_names_it(
    ask: Ask, projects: dict[str, Path], jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = str(jp_root_dir / "two" / "deep" / "a.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", whole)  # as Jupyter tells a notebook's kernel
    exec_id = record_in(projects["two"], monkeypatch)
    for notebook in ("two/deep/a.ipynb", whole):
        (item,) = ask("executions", home=home_id(projects["two"]), notebook=notebook).json["items"]
        assert (item["exec_id"], item["notebook"]) == (exec_id, whole)
    assert ask("executions", home=home_id(projects["two"]), notebook="two/b.ipynb").json["total"] == 0


def test_the_name_of_a_drive_before_a_path_is_passed_by(ask: Ask, projects: dict[str, Path]) -> None:
    assert ask("status", path="RTC:two/deep/a.ipynb").json["location"] == str(projects["two"])
    assert ask("status", path="RTC:../a.ipynb").status == 400


def test_a_home_is_found_again_by_its_id(ask: Ask, projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    exec_id = record_in(projects["two"], monkeypatch)
    assert ask(f"executions/{exec_id}").status == 404
    told = ask(f"executions/{exec_id}", home=home_id(projects["two"]))
    assert (told.status, told.json["home"]) == (200, home_id(projects["two"]))
    listed = {home["id"]: home["location"] for home in ask("status").json["homes"]}
    assert listed[home_id(projects["two"])] == str(projects["two"])


def test_a_home_of_another_machine_is_not_found_with_a_message(ask: Ask, served: Path) -> None:
    told = ask("executions", home="0123456789ab")
    assert (told.status, "comes from elsewhere" in told.json["message"]) == (404, True)


@pytest.mark.parametrize("path", ["../elsewhere.ipynb", "/../../etc/passwd", "a/../../b.ipynb"])
def test_a_path_that_leads_out_of_the_servers_folder_is_refused(ask: Ask, served: Path, path: str) -> None:
    told = ask("executions", path=path)
    assert (told.status, told.json["places"][0]["place"]) == (400, "path")


def test_a_home_without_anything_answers_empty_and_starts_no_service(ask: Ask, served: Path) -> None:
    told = ask("status").json
    assert told | {"homes": [], "home": "", "version": "", "location": "", "root": ""} == {
        "home": "", "location": "", "version": "", "root": "", "recorded": False, "waiting": 0, "problem": None,
        "homes": [],
    }  # fmt: skip
    assert ask("executions").json == {"items": [], "total": 0}
    assert (ask("flows").json, ask("waits").json) == ([], [])
    assert ask("statistics").json == {"groups": [], "truncated": False}
    told = ask("executions/kr-000000000000")
    assert (told.status, "Nothing is recorded" in told.json["message"]) == (404, True)
    assert not served.exists()


def test_a_service_that_was_stopped_is_started_again_by_the_next_question(ask: Ask, served: Path) -> None:
    exec_id = flows.report.run().exec_id
    assert ask(f"executions/{exec_id}").status == 200
    stop_service(served)
    assert ask(f"executions/{exec_id}").status == 200


HOLDER = """
import sys, kitaru
from kitaru.store.connect import open_store
open_store().read("executions")
print("open", flush=True)
sys.stdin.read()
"""


def test_a_store_that_another_process_holds_is_named_with_the_process_and_other_homes_go_on(
    ask: Ask, projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    exec_id = record_in(projects["two"], monkeypatch)
    environment = os.environ | {"KITARU_HOME": str(projects["one"]), "KITARU_STORE": "embedded"}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        told = ask("executions", path="one/a.ipynb")
        assert (told.status, told.json["reason"]) == (423, "KitaruStoreBusyError")
        assert str(holder.pid) in told.json["message"]
        assert "Unset KITARU_STORE=embedded" in told.json["message"]
        status = ask("status", path="one/a.ipynb")
        assert (status.status, status.json["waiting"], status.json["problem"]["reason"]) == (
            200, None, "KitaruStoreBusyError",
        )  # fmt: skip
        assert ask(f"executions/{exec_id}", path="two/a.ipynb").status == 200
        assert holder.stdin is not None
        holder.stdin.close()


def test_a_server_that_is_told_to_keep_stores_to_itself_takes_none_from_the_kernels(
    ask: Ask, projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    record_in(projects["one"], monkeypatch)
    stop_service(projects["one"])
    monkeypatch.setenv("KITARU_STORE", "embedded")
    told = ask("executions", path="one/a.ipynb")
    assert (told.status, "KITARU_STORE=embedded" in told.json["message"]) == (423, True)
    assert read_record(projects["one"]) is None


def test_a_service_of_a_newer_version_says_what_to_upgrade(
    ask: Ask, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows.report.run().wait()
    close_store()
    monkeypatch.setattr(wire, "PROTOCOL", wire.PROTOCOL - 1)
    told = ask("executions")
    assert (told.status, told.json["reason"]) == (426, "KitaruStoreVersionError")
    assert "pip install --upgrade" in told.json["next"]


def test_a_home_that_is_deleted_meanwhile_is_told_as_empty(
    ask: Ask, projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    exec_id = record_in(projects["one"], monkeypatch)
    assert ask(f"executions/{exec_id}", path="one/a.ipynb").status == 200
    stop_service(projects["one"])
    shutil.rmtree(projects["one"])
    assert ask(f"executions/{exec_id}", path="one/a.ipynb").status == 404


def test_an_execution_that_is_deleted_while_it_is_open_is_not_found(ask: Ask, served: Path) -> None:
    handle = flows.report.run()
    handle.wait()
    assert ask(f"executions/{handle.exec_id}").status == 200
    KitaruClient().executions.delete(handle.exec_id)
    assert ask(f"executions/{handle.exec_id}").status == 404


@pytest.fixture
def team_server(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server that this machine is connected to."""
    monkeypatch.delenv("KITARU_STORE")
    record = read_record(recorded.home) or start_service(recorded.home)
    monkeypatch.setenv("KITARU_SERVER_URL", record.url)
    monkeypatch.setenv("KITARU_AUTH_TOKEN", record.token)
    return record


def test_a_server_elsewhere_is_shown_like_a_home(ask: Ask, team_server: Any, recorded: Recorded) -> None:
    told = ask("status").json
    assert (told["location"], told["home"], told["waiting"]) == (team_server.url, home_id(recorded.home), 0)
    assert ask(f"executions/{recorded.report}", home=told["home"]).json["status"] == "completed"
    text = ask(f"artifacts/{recorded.keeping}%2Fkeep%2Flong/content", format="text", limit=5).json
    assert text["text"] == 'ä\n"\\u'
    table = ask(f"artifacts/{recorded.keeping}%2Fkeep%2Ftable/content", format="table", limit=1).json
    assert table["total"] == 2500


def test_a_server_that_refuses_the_token_says_so(ask: Ask, team_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_AUTH_TOKEN", "wrong")
    told = ask("executions")
    assert (told.status, "refuses the token from KITARU_AUTH_TOKEN" in told.json["message"]) == (424, True)
    assert "wrong" not in told.json["message"]
    assert ask("status").json["problem"]["reason"] == "KitaruBackendError"


def test_a_wrong_setting_is_explained(ask: Ask, served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_SERVER_URL", "http://127.0.0.1:1")
    told = ask("executions")
    assert (told.status, "KITARU_AUTH_TOKEN" in told.json["message"]) == (400, True)


def test_one_client_is_kept_for_each_home(projects: dict[str, Path], jp_root_dir: Path) -> None:
    homes = Homes(jp_root_dir)
    assert homes.find(None, "one/a.ipynb") is homes.find(None, "one/deep/b.ipynb")
    assert homes.find(None, "one/a.ipynb").client is homes.find(home_id(projects["one"]), None).client
    homes.close()


def test_registered_homes_are_shown(ask: Ask, served: Path, tmp_path: Path) -> None:
    other = init_home(tmp_path / "other")
    register_home(other)
    homes = {home["location"]: home["recorded"] for home in ask("status").json["homes"]}
    assert homes == {str(served): False, str(other): False}
