"""Whatever is asked, the server answers: never with an error of its own."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kitaru.jupyter.routes import ROUTES

if TYPE_CHECKING:
    from kitaru.jupyter.endpoints import Endpoint
    from tests.jupyter.conftest import Ask, Recorded

VALUES = ["table", "image", "array", "bytes", "bomb", "long", "output"]
turn = itertools.count()
FUZZED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
ANSWERED = [route for route in ROUTES if route.run is not None]
READING = [route for route in ANSWERED if route.method == "GET"]
# Those that would start processes are fuzzed where they do not.
DOING = [
    route
    for route in ANSWERED
    if route.method != "GET" and any(part in route.path for part in ("{wait}", "cancel", "{version}", "{schedule}"))
]
PARTS = ("exec_id", "artifact_id", "call", "wait", "flow", "version", "tag", "schedule")

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
odd = st.sampled_from(
    ["", "0", "-1", "1e400", "nan", "NULL", "\0", "'; DROP TABLE x", "%", "../..", "kr-", "true", "7d"]
)
values = st.one_of(words, odd, st.integers().map(str), st.floats().map(str), st.datetimes().map(str))
data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), words),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=8,
)


def part(name: str, given: str, shown: Recorded) -> str:
    """A part of an address: something odd, or what exists."""
    value = VALUES[next(turn) % len(VALUES)]
    known = {"exec_id": shown.keeping, "artifact_id": f"{shown.keeping}/keep/{value}", "call": "keep", "wait": "w"}
    known |= {"flow": "keeping", "version": "1", "tag": "default", "schedule": "nightly"}
    return quote(given or known[name], safe="")


def checked(ask: Ask, endpoint: Endpoint, path: str, body: Any, query: dict[str, str]) -> None:
    told = ask(path, endpoint.method, body, **query)
    assert told.status < 500, (told.status, told.body)
    if told.status >= 400:
        assert told.json["message"]
        assert told.json["reason"]


@given(endpoint=st.sampled_from(READING), given_part=values, parts=st.booleans(), query=st.data())
@FUZZED
def test_any_question_is_answered_or_refused(
    ask: Ask, shown: Recorded, endpoint: Endpoint, given_part: str, parts: bool, query: st.DataObject
) -> None:
    names = [field.alias or name for name, field in endpoint.query.model_fields.items()]
    asked = query.draw(st.dictionaries(st.one_of(st.sampled_from(names), words), values, max_size=3))
    chosen = given_part if parts else ""
    pieces = {name: part(name, chosen, shown) for name in PARTS}
    checked(ask, endpoint, endpoint.path.format(**pieces), None, asked)


@given(endpoint=st.sampled_from(DOING), given_part=values, body=data)
@example(endpoint=DOING[0], given_part="x", body={"reason": "\x00" * 2000})
@FUZZED
def test_any_body_is_taken_or_refused(
    ask: Ask, shown: Recorded, endpoint: Endpoint, given_part: str, body: Any
) -> None:
    pieces = {name: part(name, given_part if name != "exec_id" else "", shown) for name in PARTS}
    checked(ask, endpoint, endpoint.path.format(**pieces), json.dumps(body), {})


changes = st.fixed_dictionaries(
    {"dry_run": st.just(True)},
    optional={
        "at": st.one_of(st.sampled_from(["research", "write"]), words),
        "flow_overrides": st.dictionaries(st.one_of(st.just("topic"), words), data, max_size=2),
        "checkpoint_overrides": st.dictionaries(
            st.one_of(st.just("write"), words),
            st.dictionaries(st.sampled_from(["input", "output", "code", "model", "x"]), data, max_size=2), max_size=2,
        ),
        "invocation_overrides": st.dictionaries(words, st.dictionaries(words, data, max_size=1), max_size=1),
        "answers": st.dictionaries(words, data, max_size=2),
        "cache": st.one_of(st.booleans(), words),
    },
)  # fmt: skip


@given(body=changes)
@FUZZED
def test_any_replay_is_planned_or_refused(ask: Ask, shown: Recorded, body: Any) -> None:
    replay = next(route for route in ROUTES if route.path.endswith("replay"))
    checked(ask, replay, f"executions/{shown.report}/replay", json.dumps(body), {})
