from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kitaru.errors import KitaruCorruptionError, KitaruUsageError
from kitaru.models.aliases import list_model_aliases, register_model_alias, resolve_model_selection

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_alias_is_the_default_until_another_is_made_so() -> None:
    assert register_model_alias("fast", model="openai/a").is_default
    assert not register_model_alias("slow", model="openai/b").is_default
    assert resolve_model_selection(None).resolved_model == "openai/a"
    register_model_alias("slow", model="openai/b", default=True)
    assert [(entry.alias, entry.is_default) for entry in list_model_aliases()] == [("fast", False), ("slow", True)]


def test_an_argument_wins_over_the_environment_which_wins_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    register_model_alias("fast", model="openai/a")
    monkeypatch.setenv("KITARU_DEFAULT_MODEL", "openai/b")
    assert resolve_model_selection("openai/c").resolved_model == "openai/c"
    assert resolve_model_selection().resolved_model == "openai/b"
    monkeypatch.setenv("KITARU_DEFAULT_MODEL", " ")
    selection = resolve_model_selection()
    assert (selection.requested_model, selection.alias, selection.resolved_model) == ("fast", "fast", "openai/a")


def test_aliases_are_found_whatever_their_case_and_keep_secret_and_address() -> None:
    register_model_alias("Team-1", model="openai/a", secret="key", api_base="http://127.0.0.1:1/v1")
    selection = resolve_model_selection("TEAM-1")
    assert (selection.alias, selection.secret, selection.api_base) == ("team-1", "key", "http://127.0.0.1:1/v1")


def test_the_registry_of_the_environment_wins_over_that_of_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    register_model_alias("fast", model="openai/home")
    registry = {"aliases": {"fast": "openai/environment", "slow": {"model": "openai/b"}}, "default": "slow"}
    monkeypatch.setenv("KITARU_MODEL_REGISTRY", json.dumps(registry))
    assert resolve_model_selection("fast").resolved_model == "openai/environment"
    assert resolve_model_selection().alias == "slow"


def test_a_single_alias_is_the_default_without_being_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_MODEL_REGISTRY", '{"aliases": {"only": "openai/a"}}')
    assert resolve_model_selection().alias == "only"


@pytest.mark.parametrize("text", ["{", "[]", '{"aliases": {"a": {}}}', '{"aliases": {"-a": "x"}}'])
def test_a_malformed_registry_in_the_environment_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KITARU_MODEL_REGISTRY", text)
    with pytest.raises(KitaruUsageError, match="KITARU_MODEL_REGISTRY"):
        list_model_aliases()


def test_a_damaged_file_is_reported_with_its_path(kitaru_home: Path) -> None:
    register_model_alias("fast", model="openai/a")
    (kitaru_home / "models.json").write_text("[")
    with pytest.raises(KitaruCorruptionError, match=r"models\.json"):
        resolve_model_selection("fast")


def test_no_model_at_all_is_a_usage_error_that_says_how_to_choose_one() -> None:
    with pytest.raises(KitaruUsageError, match="KITARU_DEFAULT_MODEL"):
        resolve_model_selection()


@pytest.mark.parametrize(("alias", "model"), [("", "openai/a"), ("-x", "openai/a"), ("a b", "openai/a"), ("a", " ")])
def test_malformed_aliases_are_refused(alias: str, model: str) -> None:
    with pytest.raises(KitaruUsageError):
        register_model_alias(alias, model=model)
