"""The documentation of the routes, the list they are made from, and what the server really answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter

from kitaru.jupyter.api import KitaruAPI
from kitaru.jupyter.application import PREFIX
from kitaru.jupyter.description import answers, page
from kitaru.jupyter.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.jupyter.endpoints import Endpoint
    from tests.jupyter.conftest import Ask, Recorded

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "jupyter-api.md"
DOCUMENTED = re.findall(rf"^## `([A-Z]+) {PREFIX}/(\S+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_route_and_verb_is_documented_and_every_documented_one_exists() -> None:
    assert [(endpoint.method, endpoint.path) for endpoint in ROUTES] == DOCUMENTED


def handlers(router: Any) -> Iterator[Any]:
    """What a web application answers with, however its routers are nested."""
    for rule in router.rules:
        yield from handlers(rule.target) if hasattr(rule.target, "rules") else [rule.target]


def test_every_route_that_the_server_has_is_in_the_list(jp_serverapp: Any) -> None:
    ours = [one for one in handlers(jp_serverapp.web_app.default_router) if isinstance(one, type)]
    served = [endpoint for one in ours if issubclass(one, KitaruAPI) for endpoint in one.endpoints.values()]
    assert sorted(served, key=ROUTES.index) == list(ROUTES)


def test_the_page_links_to_no_document_that_it_does_not_have() -> None:
    text = page()
    titles = {title.lower() for title in re.findall(r"^### `(\w+)`$", text, re.MULTILINE)}
    assert set(re.findall(r"\(#(\w+)\)", text)) <= titles
    assert {model.__name__.lower() for model in answers()} <= titles


READS: list[tuple[str, dict[str, str]]] = [
    ("status", {}), ("flows", {}), ("executions", {}), ("executions/{report}", {}), ("executions/{report}/calls", {}),
    ("executions/{report}/calls/research", {}), ("executions/{report}/logs", {}),
    ("executions/{report}/diff", {"with": "{other}"}), ("executions/{keeping}/artifacts", {}),
    ("artifacts/{keeping}%2Fkeep%2Ftable", {}), ("waits", {}), ("statistics", {"group_by": "flow"}),
    ("executions/{failing}", {}), ("executions/{keeping}/calls/keep", {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "asked"), READS, ids=[path for path, _ in READS])
def test_an_answer_is_what_its_route_says(ask: Ask, shown: Recorded, path: str, asked: dict[str, str]) -> None:
    ids = {name: getattr(shown, name) for name in ("report", "other", "keeping", "failing")}
    found = ask(path.format(**ids), **{name: value.format(**ids) for name, value in asked.items()})
    assert found.status == 200
    endpoint = route_of(path)
    assert TypeAdapter(endpoint.answer).validate_json(found.body, strict=True) is not None


def route_of(path: str) -> Endpoint:
    return next(one for one in ROUTES if one.method == "GET" and re.fullmatch(one.pattern, path))
