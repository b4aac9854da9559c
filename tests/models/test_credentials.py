from __future__ import annotations

import pytest

from kitaru.errors import KitaruRuntimeError
from kitaru.models.credentials import find_credentials, redact


def test_the_entries_of_a_secret_become_arguments_of_the_call() -> None:
    values = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "shh", "AWS_REGION_NAME": "eu-west-1"}
    found = find_credentials("bedrock", list(values), secret="aws", values=values, api_base=None)
    assert found.parameters == {
        "aws_access_key_id": "AKIA",
        "aws_secret_access_key": "shh",
        "aws_region_name": "eu-west-1",
    }
    azure = {"AZURE_API_KEY": "k", "AZURE_API_BASE": "https://a", "AZURE_API_VERSION": "1"}
    found = find_credentials("azure", list(azure), secret="azure", values=azure, api_base=None)
    assert found.parameters == {"api_key": "k", "api_base": "https://a", "api_version": "1"}
    assert "AKIA" not in repr(found)
    assert repr(found.parameters["api_key"]) == "'***'"


def test_a_local_provider_needs_no_key_and_its_host_may_lack_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:11434")
    found = find_credentials("ollama", ["OLLAMA_API_BASE"], secret=None, values=None, api_base=None)
    assert (found.source, found.parameters) == (None, {"api_base": "http://127.0.0.1:11434"})


def test_a_missing_key_of_an_alias_names_the_secret_that_could_hold_it() -> None:
    with pytest.raises(KitaruRuntimeError, match=r"variable GROQ_API_KEY, or put it into the secret 'team'"):
        find_credentials("groq", ["GROQ_API_KEY"], secret="team", values={}, api_base=None)


def test_credentials_are_cut_out_of_text_the_longest_first_and_short_ones_not_at_all() -> None:
    assert redact("sk-123456789 and sk-123456 in abc", ["sk-123456", "sk-123456789", "abc", ""]) == "*** and *** in abc"
