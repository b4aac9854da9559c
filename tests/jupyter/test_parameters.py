from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitaru.jupyter.parameters import schema_of

if TYPE_CHECKING:
    from tests.jupyter.conftest import Ask, Recorded


def test_what_a_flow_and_its_checkpoints_take_is_told_with_types_and_defaults(ask: Ask, shown: Recorded) -> None:
    told = {(one["of"], one["name"]): one for one in ask(f"executions/{shown.report}/parameters").json}
    assert list(told) == [
        (None, "topic"),
        (None, "style"),
        ("research", "topic"),
        ("write", "notes"),
        ("write", "style"),
    ]
    style = told[None, "style"]
    assert (style["annotation"], style["required"], style["json_schema"]) == ("str", False, {"type": "string"})
    assert style["default"]["text"] == "'short'"
    assert told["write", "notes"]["required"]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("int", {"type": "integer"}),
        ("list[str]", {"type": "array", "items": {"type": "string"}}),
        ("Literal['a', 'b']", {"enum": ["a", "b"], "type": "string"}),
        ("datetime.date | None", {"anyOf": [{"format": "date", "type": "string"}, {"type": "null"}]}),
        ("'int'", {"type": "integer"}),
        ("typing.Any", {}),
    ],
)
def test_types_are_told_by_the_text_of_their_annotation(annotation: str, schema: dict[str, Any]) -> None:
    assert schema_of(annotation) == schema


@pytest.mark.parametrize(
    "annotation",
    [
        *(None, "Review", "list[Review]", "__import__('os').system('true')", "int(", "1 + 1", "(lambda: 1)()"),
        *("int[str]", "Literal[x]", "list[" * 300 + "int" + "]" * 300, "os.path", "dict[list, int"),
    ],
)
def test_what_only_the_users_code_knows_is_not_guessed_and_nothing_is_evaluated(annotation: str | None) -> None:
    assert schema_of(annotation) is None
