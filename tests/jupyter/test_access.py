"""Who is let in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import User
from tornado.web import create_signed_value

from kitaru.jupyter.routes import ROUTES

if TYPE_CHECKING:
    from kitaru.jupyter.endpoints import Endpoint
    from tests.jupyter.conftest import Ask, Recorded

VERBS = {"GET", "POST", "DELETE", "PUT", "PATCH"}
BY_PATH: dict[str, set[str]] = {}
for route in ROUTES:
    BY_PATH.setdefault(route.path, set()).add(route.method)


def address(path: str) -> str:
    return re.sub(r"\{\w+\}", "kr-000000000000", path)


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", ROUTES, ids=name)
def test_nobody_gets_in_without_the_token(ask: Ask, endpoint: Endpoint) -> None:
    told = ask(address(endpoint.path), endpoint.method, headers={"Authorization": "token wrong"})
    assert told.status == 403
    assert told.json["message"]


class NoKitaru(Authorizer):
    refused = ""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return (action, resource) != (self.refused, "kitaru")


@pytest.mark.parametrize("endpoint", ROUTES, ids=name)
def test_who_may_not_use_kitaru_is_refused(ask: Ask, jp_serverapp: Any, endpoint: Endpoint) -> None:
    strict = jp_serverapp.web_app.settings["authorizer"] = NoKitaru()
    strict.refused = "read" if endpoint.method == "GET" else "write"
    told = ask(address(endpoint.path), endpoint.method, body={} if endpoint.body else None)
    assert told.status == 403
    assert "kitaru" in told.json["message"]


@pytest.mark.parametrize("path", BY_PATH)
def test_a_verb_that_a_route_does_not_have_is_refused(ask: Ask, shown: Recorded, path: str) -> None:
    for verb in VERBS - BY_PATH[path]:
        assert (verb, ask(address(path), verb).status) == (verb, 405)


def test_a_route_that_does_not_exist_is_not_found_as_json(ask: Ask) -> None:
    told = ask("no/such/route")
    assert (told.status, told.json["reason"]) == (404, "KitaruUsageError")


@pytest.mark.parametrize("endpoint", [route for route in ROUTES if route.method != "GET"], ids=name)
def test_a_page_of_another_site_cannot_act_for_somebody_who_is_logged_in(
    ask: Ask, jp_serverapp: Any, endpoint: Endpoint
) -> None:
    identity = jp_serverapp.identity_provider
    login = "username-kitaru-tests"
    identity.cookie_name = login
    user = identity.user_to_cookie(User("ada"))
    cookie = create_signed_value(jp_serverapp.web_app.settings["cookie_secret"], login, user).decode()
    logged_in = {"Authorization": "", "Cookie": f"{login}={cookie}"}
    assert ask("no/such/route", headers=logged_in).status == 404
    told = ask(address(endpoint.path), endpoint.method, "{}", logged_in)
    assert told.status == 403
    assert "_xsrf" in told.json["message"]


def test_polled_routes_do_not_keep_an_idle_server_alive(ask: Ask, shown: Recorded, jp_serverapp: Any) -> None:
    settings = jp_serverapp.web_app.settings
    settings.pop("api_last_activity", None)
    assert ask("status").status == 200
    assert ask("executions").status == 200
    assert "api_last_activity" not in settings
    ask("executions/kr-000000000000/cancel", "POST", {})
    assert "api_last_activity" in settings


def test_jupyter_finds_every_verb_guarded(jp_configurable_serverapp: Any, caplog: pytest.LogCaptureFixture) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jp_configurable_serverapp()
    assert "authentication" not in caplog.text
