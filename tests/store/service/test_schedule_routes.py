"""Schedules over HTTP, of a service without a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from kitaru.client import KitaruClient
from kitaru.client.provenance import Source
from kitaru.runtime.flow import flow
from kitaru.store.service.process import start_service, stop_service
from tests.conftest import close_everything

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Source("# script", None, __file__)


@flow
def kept_by_http(days: int = 3) -> int:
    return days


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp("scheduled") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home.parent / "data"))
        record = start_service(home, token="a-token-of-a-server")
        patch.setenv("KITARU_SERVER_URL", record.url)
        patch.setenv("KITARU_AUTH_TOKEN", record.token)
        KitaruClient().deployments.deploy(kept_by_http, source=HERE)
        close_everything()
    headers = {"Authorization": f"Bearer {record.token}"}
    with httpx.Client(base_url=record.url, headers=headers, timeout=60) as client:
        yield client
    stop_service(home)


NIGHTLY = {"flow": "kept_by_http", "cron": "0 3 * * *", "timezone": "Asia/Tokyo", "inputs": {"days": 1}}


def test_a_schedule_is_made_rests_goes_on_and_is_given_up(http: httpx.Client) -> None:
    made = http.post("/schedules", json={"name": "nightly", **NIGHTLY})
    assert (made.status_code, made.headers["location"]) == (201, "/schedules/nightly")
    told = made.json()
    assert [time[11:] for time in told["next_runs"]] == ["03:00:00+09:00"] * 3
    assert (told["missed"], told["paused"], told["created_by"]) == ("latest", False, "HTTP")
    assert http.get("/schedules").json() == {"schedules": [told]}
    assert http.get(made.headers["location"]).json() == told
    paused = http.post("/schedules/nightly/pause").json()
    assert (paused["paused"], paused["next_runs"]) == (True, [])
    assert len(http.post("/schedules/nightly/resume").json()["next_runs"]) == 3
    assert http.delete("/schedules/nightly").status_code == 204
    for gone in (
        http.get("/schedules/nightly"),
        http.delete("/schedules/nightly"),
        http.post("/schedules/nightly/pause"),
    ):
        assert gone.status_code == 404
        assert "There is no schedule nightly" in gone.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"name": "a", "flow": "kept_by_http"}, 400, "give cron= or every="),
        ({"name": "a"}, 400, "A schedule needs 'flow'."),
        ({"name": "a b", **NIGHTLY}, 400, "is no name of a schedule"),
        ({"name": "a", **NIGHTLY, "when": 1}, 400, "A schedule has no 'when'"),
        ({"name": "a", **NIGHTLY, "inputs": []}, 400, "inputs of a schedule is a JSON dict"),
        ({"name": "a", **NIGHTLY, "inputs": {"days": "x"}}, 400, "is not of type 'integer'"),
        ({"name": "a", "flow": "kept_by_http", "every": 1e300}, 400, "at most ten years"),
        ({"name": "a", **NIGHTLY, "version": True}, 400, "version of a schedule is a JSON int"),
        ({"name": "a", **NIGHTLY, "version": 7}, 404, "has no deployment of version 7"),
        ({"name": "a", **NIGHTLY, "flow": "none"}, 404, "Flow none has no deployment"),
        ({"name": "taken", **NIGHTLY}, 409, "There is a schedule taken already"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(http: httpx.Client, body: Any, status: int, told: str) -> None:
    http.post("/schedules", json={"name": "taken", **NIGHTLY})
    answer = http.post("/schedules", json=body)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["error"]["message"]
