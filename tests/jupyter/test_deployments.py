"""Deployments and schedules over the routes: found, tagged, invoked, paused, deleted."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

import kitaru
from kitaru import KitaruClient
from kitaru.client.answers import user_name
from kitaru.client.provenance import Source
from kitaru.store.service.process import stop_service
from tests.conftest import close_everything
from tests.jupyter.test_steering import Ada, ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.jupyter.conftest import Ask
    from tests.jupyter.following import Pages

numbers = itertools.count(1)


@dataclass(frozen=True)
class Deployed:
    """A flow with two versions: the first one is `default`, the second one a canary."""

    client: KitaruClient
    flow: str

    @property
    def path(self) -> str:
        return f"deployments/{self.flow}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for all: its service is started once."""
    home = tmp_path_factory.mktemp("deployed") / "home"
    yield home
    close_everything()
    stop_service(home)


@pytest.fixture
def deployed(home: Path, kitaru_home: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A flow of this test's own."""
    monkeypatch.setenv("KITARU_HOME", str(home))
    monkeypatch.setenv("KITARU_STORE", "service")
    client, flow = KitaruClient(), kitaru.flow(name=f"greet_{next(numbers)}")(greet)
    for tags in ((), ("canary",)):
        # No requirement of theirs: where one is missing, an environment is built.
        client.deployments.deploy(flow, tags=tags, source=Source("# the script", None, __file__))
    return Deployed(client, flow.name)


def greet(name: str, words: int = 2) -> str:
    """Greet somebody."""
    return " ".join(["Hello", name] * words)


def tags_in(told: Any) -> dict[int, dict[str, bool]]:
    return {one["version"]: one["tags"] for one in told.json}


def test_a_home_in_which_nothing_is_recorded_has_no_deployments_and_gets_no_service(ask: Ask, served: Path) -> None:
    assert ask("deployments").json == []
    assert ask("schedules").json == []
    assert not served.exists()


def test_versions_are_listed_the_newest_first(ask: Ask, deployed: Deployed) -> None:
    told = ask("deployments", flow=deployed.flow).json
    assert [(one["version"], one["tags"]) for one in told] == [(2, {"canary": False}), (1, {"default": True})]
    assert (told[0]["flow"], told[0]["source"], told[0]["about"]) == (deployed.flow, __file__, "Greet somebody.")
    assert [one for one in ask("deployments").json if one["flow"] == deployed.flow] == told
    assert ask("deployments", flow="other").json == []


def test_a_version_is_shown_with_what_it_holds(ask: Ask, deployed: Deployed) -> None:
    told = ask(f"{deployed.path}/1").json
    assert (told["script"], told["script_note"], told["requirements"]) == ("# the script", None, [])
    assert told["json_schema"]["properties"]["words"]["default"] == 2
    assert told["invoke_url"].startswith("http://127.0.0.1:")
    assert told["invoke_url"].endswith(f"/{deployed.path}/invoke")
    assert told["token"] == "$(kitaru service token)"


def test_a_version_that_does_not_exist_is_not_found_and_the_others_are_named(ask: Ask, deployed: Deployed) -> None:
    told = ask(f"{deployed.path}/9")
    assert (told.status, "it has version 1, 2" in told.json["message"]) == (404, True)
    assert told.json["next"] == "kitaru flow deployments list"
    assert ask("deployments/nobody/1").status == 404


def test_what_is_no_version_is_refused(ask: Ask, deployed: Deployed) -> None:
    for version in ("0", "-1", "1.5", "two", "²", "9" * 30):
        told = ask(f"{deployed.path}/{quote(version)}")
        assert (told.status, told.json["places"][0]["place"]) == (400, "version")


def test_an_exclusive_tag_moves_and_all_versions_are_told(ask: Ask, deployed: Deployed) -> None:
    told = ask(f"{deployed.path}/2/tags", "POST", {"tag": "default"})
    assert (told.status, tags_in(told)) == (200, {1: {}, 2: {"canary": False, "default": True}})
    ask(f"{deployed.path}/1/tags", "POST", {"tag": "stable", "exclusive": True})
    shared = ask(f"{deployed.path}/2/tags", "POST", {"tag": "stable"})
    assert (shared.status, "exclusively" in shared.json["message"]) == (409, True)
    told = ask(f"{deployed.path}/2/tags", "POST", {"tag": "stable", "exclusive": True})
    assert tags_in(told) == {1: {}, 2: {"canary": False, "default": True, "stable": True}}


def test_a_tag_is_taken_away_but_for_default(ask: Ask, deployed: Deployed) -> None:
    assert tags_in(ask(f"{deployed.path}/2/tags/canary", "DELETE")) == {1: {"default": True}, 2: {}}
    again = ask(f"{deployed.path}/2/tags/canary", "DELETE")
    assert (again.status, "has no tag canary" in again.json["message"]) == (404, True)
    refused = ask(f"{deployed.path}/1/tags/default", "DELETE")
    assert (refused.status, "only moved" in refused.json["message"]) == (409, True)


def test_what_is_no_tag_is_refused(ask: Ask, deployed: Deployed) -> None:
    for body in ({"tag": "two words"}, {"tag": ""}, {"tag": "x" * 300}, {}, {"tag": "a", "colour": 1}):
        assert ask(f"{deployed.path}/1/tags", "POST", body).status == 400


def test_a_version_is_deleted_once_it_has_no_exclusive_tag(ask: Ask, deployed: Deployed) -> None:
    told = ask(f"{deployed.path}/1", "DELETE")
    assert (told.status, "exclusive tag default" in told.json["message"]) == (409, True)
    ask(f"{deployed.path}/2/tags", "POST", {"tag": "default"})
    assert tags_in(ask(f"{deployed.path}/1", "DELETE")) == {2: {"canary": False, "default": True}}
    assert ask(f"{deployed.path}/1", "DELETE").status == 404


def test_inputs_that_do_not_fit_are_refused_with_their_places(ask: Ask, deployed: Deployed) -> None:
    told = ask(f"{deployed.path}/1/invoke", "POST", {"inputs": {"name": 3, "words": "many"}})
    assert told.status == 422
    assert [place["place"] for place in told.json["places"]] == ["name", "words"]
    for inputs in ({}, {"name": "Ada", "colour": "red"}):
        assert ask(f"{deployed.path}/1/invoke", "POST", {"inputs": inputs}).status == 422
    for body in ({"inputs": []}, {"inputs": {}, "tag": "x"}, {"idempotency_key": ""}, []):
        assert ask(f"{deployed.path}/1/invoke", "POST", body).status == 400
    assert ask("executions", flow=deployed.flow).json["total"] == 0


@pytest.mark.slow
def test_an_invoked_version_runs_in_a_process_of_its_own(ask: Ask, deployed: Deployed, jp_serverapp: Any) -> None:
    body = {"inputs": {"name": "Ada"}, "idempotency_key": f"click of {deployed.flow}"}
    first, second = (ask(f"{deployed.path}/2/invoke", "POST", body) for _ in range(2))
    assert (first.status, first.json) == (200, second.json), "a second click gives the execution of the first one"
    told = ask(f"{deployed.path}/2/invoke", "POST", body | {"inputs": {"name": "Bob"}})
    assert (told.status, body["idempotency_key"] in told.json["message"]) == (409, True)
    execution = ended(first.json["exec_id"])
    assert (execution.deployment_version, execution.result()) == (2, "Hello Ada Hello Ada")
    assert (execution.invoked_by, execution.invoked_via) == (user_name(), "lab")
    assert ask("executions", flow=deployed.flow, version="2").json["total"] == 1
    assert ask("executions", flow=deployed.flow, version="1").json["total"] == 0
    jp_serverapp.web_app.settings["identity_provider"] = Ada(parent=jp_serverapp)
    by_ada = ask(f"{deployed.path}/1/invoke", "POST", {"inputs": {"name": "Bob", "words": 1}}).json["exec_id"]
    assert (ended(by_ada).invoked_by, ended(by_ada).result()) == ("Ada", "Hello Bob")
    told = next(one for one in ask("executions", flow=deployed.flow).json["items"] if one["exec_id"] == by_ada)
    assert (told["deployment_version"], told["invoked_by"], told["invoked_via"]) == (1, "Ada", "lab")


def test_schedules_are_made_shown_rest_go_on_and_are_given_up(ask: Ask, deployed: Deployed) -> None:
    name = f"nightly-{deployed.flow}"
    when: Any = {"cron": "0 3 * * *", "timezone": "Europe/Berlin", "inputs": {"name": "Ada"}}
    body = {"name": name, "flow": deployed.flow, "tag": "canary", **when}
    made = ask("schedules", "POST", body)
    assert (made.status, made.json["in_words"]) == (200, "At 03:00 every day"), made.json
    (listed,) = ask("schedules", flow=deployed.flow).json
    assert listed == made.json
    assert (listed["tag"], listed["cron"], len(listed["next_runs"])) == ("canary", "0 3 * * *", 3)
    assert ask("schedules", "POST", body).status == 409
    assert ask("schedules", flow="other").json == []
    rests = ask(f"schedules/{name}/pause", "POST").json
    assert (rests["paused"], rests["next_runs"]) == (True, [])
    assert len(ask(f"schedules/{name}/resume", "POST", {}).json["next_runs"]) == 3
    for verb in ("pause", "resume"):
        told = ask(f"schedules/never/{verb}", "POST")
        assert (told.status, told.json["next"]) == (404, "kitaru schedule list")
    assert ask(f"schedules/{name}", "DELETE").json == []
    assert ask(f"schedules/{name}", "DELETE").status == 404


def test_a_schedule_that_makes_no_sense_is_refused_before_it_is_made(ask: Ask, deployed: Deployed) -> None:
    body = {"name": "x", "flow": deployed.flow, "every": 60, "inputs": {"name": "Ada"}}
    for changes, status in (
        ({"name": "two words"}, 400),
        ({"every": 0.1}, 400),
        ({"cron": "0 3 * * *"}, 400),
        ({"missed": "some"}, 400),
        ({"flow": "nobody"}, 404),
        ({"tag": "nothing"}, 404),
        ({"inputs": {"name": 3}}, 422),
    ):
        told = ask("schedules", "POST", body | changes)
        assert (told.status, bool(told.json["message"])) == (status, True), changes
    assert ask("schedules", flow=deployed.flow).json == []


def test_what_times_mean_is_told_before_a_schedule_is_made(ask: Ask, deployed: Deployed) -> None:
    told = ask("schedule-times", cron="30 7 * * 1-5", timezone="Asia/Tokyo").json
    assert (told["in_words"], len(told["next_runs"])) == ("At 07:30 on Monday through Friday", 3)
    assert ask("schedule-times", every="5400").json["in_words"] == "Every 1 h 30 min"
    for asked in ({}, {"cron": "0 25 * * *"}, {"cron": "0 0 30 2 *"}, {"every": "0"}, {"every": "60", "timezone": "x"}):
        assert ask("schedule-times", **asked).status == 400, asked


async def test_pages_hear_of_deployments_and_schedules(pages: Pages, deployed: Deployed) -> None:
    page = await pages.open()
    await page.event("ready")
    deployed.client.deployments.tag(deployed.flow, 2, "stable", exclusive=True)
    told = await page.until(lambda message: message.data.get("kind") == "deployment.tagged")
    assert (told.data["exec_id"], told.data["flow"], told.data["status"]) == ("", deployed.flow, None)
    often = deployed.client.schedules.create(f"often-{deployed.flow}", deployed.flow, every=9000, inputs={"name": "A"})
    await page.until(lambda message: "schedule.created" in message.data.get("kinds", ()))
    often.delete()
