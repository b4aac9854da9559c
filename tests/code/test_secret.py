from __future__ import annotations

import pytest
from pydantic import SecretStr

from kitaru.code import looks_secret


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY", "api_key", "apiKey", "TOKEN", "GITHUB_TOKEN", "access_token", "PASSWORD", "db_password",
        "SECRET", "client_secret", "AWS_SECRET_ACCESS_KEY", "private_key", "passphrase", "x-api-key", "hfToken",
        "API_KEY_2", "_token",
    ],
)  # fmt: skip
def test_names_of_secrets(name):
    assert looks_secret(name, "anything")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_count", "3"), ("max_tokens", 100), ("max_token", "5"), ("tokens", "a b"), ("monkey", "abc"),
        ("tokenizer", "gpt2"), ("keyboard", "qwerty"), ("key", "name"), ("primary_key", "id"), ("sort_key", "date"),
        ("password_length", "12"), ("secretary", "Ann"), ("eos_token", "</s>"), ("pad_token", "<pad>"),
        ("TOKEN", ""), ("TOKEN", None), ("PASSWORD", 3), ("API_KEY", ["a"]), ("text", "sk-learn"),
        ("text", "risk-free-and-very-long-sentence-with-dashes"), ("text", "ghp_short"), ("text", "AKIA"),
        ("text", "-----BEGIN CERTIFICATE-----"), ("text", "eyJhbGciOi"), ("author", "x"), ("next_token", "abc"),
    ],
)  # fmt: skip
def test_what_only_resembles_a_secret(name, value):
    assert not looks_secret(name, value)


@pytest.mark.parametrize(
    "value",
    [
        "sk-" + "a1B2" * 10, "sk-ant-api03-" + "x9" * 20, "sk-proj-" + "Zz_9" * 10, "ghp_" + "a1" * 18,
        "github_pat_" + "a1" * 20, "AKIA" + "ABCD1234" * 2, "AIza" + "b" * 35, "xoxb-1234567890-abc",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----", "Bearer sk-" + "a1B2" * 10,
        b"hf_" + b"aB" * 17, SecretStr("x"),
    ],
)  # fmt: skip
def test_shapes_of_keys_under_any_name(value):
    assert looks_secret("text", value)


def test_a_long_text_is_searched_quickly_at_its_start_only():
    assert looks_secret("text", "sk-" + "a1B2" * 10 + " " * 10_000_000)
    assert not looks_secret("text", "-" * 10_000_000 + "sk-" + "a1B2" * 10)
