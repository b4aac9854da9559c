"""Tab completion of ``%kitaru``: verbs, options, executions, flows, calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruError

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE: Final = re.compile(r"^\s*%{1,2}(kitaru\w*)\s(.*)$", re.DOTALL)
_TAKES_ID: Final = frozenset({"show", "logs", "input", "resume", "retry", "cancel", "replay", "diff", "open"})
_NEWEST: Final = 100


def kitaru_matcher(context: Any) -> dict[str, Any]:
    """Complete the word at the cursor, if the line is one of ours.

    Parameters
    ----------
    context
        IPython's `CompletionContext`.

    Returns
    -------
    dict
        A `SimpleMatcherResult`; no other matcher is asked for lines of ours.
    """
    from IPython.core.completer import SimpleCompletion

    found = _LINE.match(context.line_with_cursor[: context.cursor_position])
    if found is None:
        return {"completions": []}
    before = found[2].split(" ")
    try:
        words = sorted({w for w in candidates(found[1], before[:-1]) if w.startswith(before[-1])})
    except KitaruError:
        words = []  # the store is away: nothing to offer, and no reason to disturb the typing
    return {
        "completions": [SimpleCompletion(text=word, type="kitaru") for word in words],
        "matched_fragment": before[-1],
        "suppress": True,
    }


kitaru_matcher.matcher_api_version = 2  # type: ignore[attr-defined]
kitaru_matcher.matcher_identifier = "kitaru_matcher"  # type: ignore[attr-defined]
kitaru_matcher.matcher_priority = 0  # type: ignore[attr-defined]


def candidates(magic: str, before: list[str]) -> Iterable[str]:
    """List what may stand after the words before the cursor."""
    words = [word for word in before if word]
    if magic == "kitaru_flow":
        from kitaru.code.flow_line import flow_line_parser

        return flow_line_parser().option_names()
    if magic != "kitaru":
        return []
    from kitaru.notebook.verbs import VERBS, parser_of

    if not words:
        return VERBS
    verb, *rest = words
    if rest and (offered := _values(verb, rest)) is not None:
        return offered
    options = parser_of(verb).option_names()
    return [*options, *(_executions() if verb in _TAKES_ID and not _given(rest) else [])]


def _values(verb: str, rest: list[str]) -> list[str] | None:
    """What the option before the cursor takes, or None if it takes nothing."""
    option = rest[-1]
    if option in ("-f", "--flow"):
        return _flows()
    if option in ("-s", "--status"):
        return ["pending", "running", "waiting", "completed", "failed", "cancelled", "interrupted"]
    if option in ("--at", "-c", "--checkpoint"):
        return _calls(rest[0])
    if option == "--set":
        return [f"{name}.output=" for name in _calls(rest[0])]
    return None


def _given(rest: list[str]) -> bool:
    return any(word.startswith("kr-") for word in rest)


def _executions() -> list[str]:
    return [one.exec_id for one in _client().executions.list(limit=_NEWEST)]


def _flows() -> list[str]:
    return sorted({one.flow_name for one in _client().executions.list(limit=_NEWEST)})


def _calls(execution: str) -> list[str]:
    return [call.name for call in _client().executions.get(execution).checkpoints]


def _client() -> Any:
    from kitaru.client import KitaruClient

    return KitaruClient()
