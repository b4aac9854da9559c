from __future__ import annotations

from typing import Any

import pytest

from kitaru.errors import KitaruUsageError
from kitaru.models.messages import build_messages


def test_text_becomes_a_users_message_without_the_blanks_around_it() -> None:
    assert build_messages("  Hello \n", " Be brief. ") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]


def test_messages_are_kept_as_they_are_with_the_system_first() -> None:
    asked = [
        {"role": "assistant", "content": None, "tool_calls": [{}]},
        {"role": "user", "content": [{"type": "text"}]},
    ]
    assert build_messages(asked, "s") == [{"role": "system", "content": "s"}, *asked]


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "  ",
        [],
        ["text"],
        [{"content": "x"}],
        [{"role": "user"}],
        [{"role": "", "content": "x"}],
        3,
        {"role": "user"},
    ],
)
def test_a_prompt_that_cannot_be_sent_is_a_usage_error(prompt: Any) -> None:
    with pytest.raises(KitaruUsageError):
        build_messages(prompt)


def test_a_blank_system_message_is_a_usage_error() -> None:
    with pytest.raises(KitaruUsageError, match="system is blank"):
        build_messages("Hello", " ")
