"""What looks like a secret is in no snapshot: neither in its pickle nor in the text of cells."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, SecretStr

import kitaru
from kitaru.errors import KitaruRuntimeError
from kitaru.runtime.engine import engine
from kitaru.runtime.snapshot import load_flow
from kitaru.runtime.withheld import secrets_in, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "sk-proj-" + "a1B2c3D4" * 4


class Settings(BaseModel):
    model: str = "small"
    token: SecretStr = SecretStr("")


@dataclass
class Account:
    name: str
    password: str


def frozen(flow: Any) -> dict[str, Any]:
    flow.run().wait(60)
    head = engine().store.read("executions", limit=1)["items"][0]
    row: dict[str, Any] = engine().store.read("snapshot", snapshot_id=head["snapshot_id"])
    return row


@pytest.fixture
def nowhere(kitaru_home: Path) -> Callable[[str], bool]:
    """Whether a text is in none of the home's files."""

    def look(text: str) -> bool:
        engine().outbox.flush()
        return not any(text.encode() in path.read_bytes() for path in kitaru_home.rglob("*") if path.is_file())

    return look


def test_a_secret_in_a_closure_is_taken_from_the_environment(monkeypatch, nowhere):
    token = "open sesame 1"

    @kitaru.flow(cache=False)
    def body() -> int:
        return len(token)

    row = frozen(body)
    assert row["notes"] == ["token looks like a secret: only its name is kept; set token in the environment"]
    assert nowhere("open sesame")
    with pytest.raises(KitaruRuntimeError, match="set the environment variable token"):
        load_flow(row, engine().store.payloads)
    monkeypatch.setenv("token", "four")
    assert load_flow(row, engine().store.payloads).run().wait(60) == 4


@pytest.mark.parametrize(
    ("held", "get", "variable"),
    [
        ({"model": "small", "api_key": "open sesame 2"}, lambda held: held["api_key"], "API_KEY"),
        ([{"deep": {"password": b"open sesame 2"}}], lambda held: held[0]["deep"]["password"].decode(), "PASSWORD"),
        (Account("ada", "open sesame 2"), lambda held: held.password, "PASSWORD"),
        (Settings(token=SecretStr("open sesame 2")), lambda held: held.token.get_secret_value(), "TOKEN"),
        (SecretStr("open sesame 2"), lambda held: held.get_secret_value(), "held"),
        ({"plain": KEY}, lambda held: held["plain"], "PLAIN"),
    ],
    ids=["dict", "nested bytes", "dataclass", "model", "secret type", "shape"],
)
def test_secrets_inside_of_other_values_are_taken_from_the_environment(held, get, variable, monkeypatch, nowhere):
    @kitaru.flow(cache=False)
    def body() -> int:
        return len(get(held))

    row = frozen(body)
    assert row["code"] is not None, row["notes"]
    assert nowhere("open sesame")
    assert nowhere(KEY)
    with pytest.raises(KitaruRuntimeError, match=f"set the environment variable {variable} "):
        load_flow(row, engine().store.payloads)
    monkeypatch.setenv(variable, "four")
    assert load_flow(row, engine().store.payloads).run().wait(60) == 4


def test_different_secrets_of_one_name_have_variables_of_their_own():
    found = secrets_in({"A": {"api_key": "first secret"}, "B": {"api_key": "second secret"}, "C": {"token": "x"}})
    assert [(secret.path, secret.variable) for secret in found] == [
        ("A['api_key']", "API_KEY"),
        ("B['api_key']", "API_KEY_2"),
    ]
    assert "secret'" not in repr(found[0])


def test_values_that_hold_themselves_are_searched_once():
    ring: list[Any] = [{"password": "open sesame"}]
    ring.append(ring)
    assert len(secrets_in({"ring": ring})) == 1


def in_a_cell(name: str, text: str) -> Any:
    """What a cell of a notebook defines under a name."""
    made: dict[str, Any] = {"kitaru": kitaru}
    file = f"<cell of {name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), made)
    return made[name]


WRITTEN = """
def sign_in(user):
    password = "open sesame 4"
    return user + password

@kitaru.flow(cache=False)
def entering():
    settings = {"url": "http://127.0.0.1", "api_token": "open sesame 5", "label": "a token"}
    return len(sign_in("ada") + settings["url"])
"""


def test_a_secret_that_is_written_into_the_code_is_told_once_with_its_place_and_the_remedy(capsys):
    flow = in_a_cell("entering", WRITTEN)
    row = frozen(flow)
    told = capsys.readouterr().err.splitlines()
    assert sorted(told) == sorted(row["notes"])
    trouble = "looks like a secret and is stored with the code of flow entering. Take it from the environment instead:"
    assert sorted(told) == [
        f'api_token in entering (line 8 of its cell) {trouble} os.environ["API_TOKEN"].',
        f'password in sign_in (line 3 of its cell) {trouble} os.environ["PASSWORD"].',
    ]
    frozen(in_a_cell("entering", WRITTEN.replace("a token", "another version of the flow")))
    assert capsys.readouterr().err == ""


def test_what_only_resembles_a_secret_in_the_code_is_not_told(capsys):
    text = '@kitaru.flow(cache=False)\ndef counting():\n    max_tokens, password = "9 or so", ""\n    return 1\n'
    assert frozen(in_a_cell("counting", text))["notes"] == []
    assert capsys.readouterr().err == ""


def test_a_key_in_the_code_itself_keeps_the_code_from_being_frozen_and_the_run_goes_on(nowhere):
    row = frozen(in_a_cell("keyed", f"@kitaru.flow(cache=False)\ndef keyed():\n    return len({KEY!r})\n"))
    assert row["code"] is None
    assert "take the key from the environment" in row["notes"][0]
    assert "*" * len(KEY) in row["source"]
    assert nowhere(KEY)


def test_a_key_in_the_cell_of_a_flow_is_blacked_out_in_the_text_that_travels(monkeypatch, nowhere):
    text = f'PLAIN_KEY = {KEY!r}\nDB_PASSWORD = "open sesame 3"  # ours\n\n'
    text += "@kitaru.flow(cache=False)\ndef celled():\n    return len(PLAIN_KEY)\n"
    row = frozen(in_a_cell("celled", text))
    assert row["code"] is not None, row["notes"]
    assert nowhere(KEY)
    assert nowhere("open sesame")
    monkeypatch.setenv("PLAIN_KEY", "mine")
    assert load_flow(row, engine().store.payloads).run().wait(60) == 4


def test_lines_of_functions_keep_their_text_as_their_identity_comes_from_it():
    text = 'api_key = "open sesame"\ndef use():\n    api_key = "stays as it is"\n    return api_key\n'
    made: dict[str, Any] = {}
    exec(compile(text, "<cell>", "exec"), made)
    told = without_secrets(text, "<cell>", [made["use"]])
    assert told == text.replace("open sesame", "***********")
