"""How views word states, figures and commands; the same in HTML and in plain text."""

from __future__ import annotations

import re
import shlex
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from kitaru.client.times import length

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.views.model import ChildView, ExecutionView, GroupView, WaitView

GLYPHS: Final = {
    "pending": "○",
    "running": "●",
    "waiting": "?",
    "completed": "✓",
    "reused": "↺",
    "failed": "✕",
    "interrupted": "‖",
    "cancelled": "⊘",
}
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_EXAMPLES: Final = {"boolean": "true", "integer": "1", "number": "1.5", "string": '"text"', "array": "[]"}


def clean(text: str) -> str:
    r"""Take out what is no text: terminal sequences, control characters, marks that turn the reading direction.

    Examples
    --------
    >>> clean("\x1b[31mred\x1b[0m\u202eback\x00")
    'red�back�'
    """
    if text.isascii() and text.isprintable():
        return text
    plain = _ESCAPES.sub("", text)
    return "".join(char if _is_text(char) else "�" for char in plain)


def _is_text(char: str) -> bool:
    if char in "\n\t" or char.isprintable():
        return True
    # Joiners and spaces of scripts that need them are text; what reorders or breaks a line is not.
    return unicodedata.category(char) == "Zs" or char in "\u200c\u200d"


def took(seconds: float | None) -> str:
    """Word a duration."""
    return length(seconds)


def number(count: int | None) -> str:
    """Word a count."""
    return "" if count is None else f"{count:,}"


def dollars(cost: float | None) -> str:
    """Word a cost in US dollars; small ones keep two digits that say something.

    Examples
    --------
    >>> dollars(1.5), dollars(0.00042), dollars(None)
    ('$1.50', '$0.00042', '')
    """
    if cost is None:
        return ""
    return f"${cost:,.2f}" if cost >= 0.1 or cost == 0 else f"${cost:.2g}"


def change(delta: float | None, word: Callable[[float], str]) -> str:
    """Word a difference with its sign; nothing where there is none.

    Examples
    --------
    >>> change(-0.5, dollars), change(61, took), change(0, dollars), change(None, took)
    ('-$0.50', '+1m 1s', '', '')
    """
    return f"{'+' if delta > 0 else '-'}{word(abs(delta))}" if delta else ""


def clock(seconds: float) -> str:
    """Word a point in time, in UTC because a saved notebook is read anywhere."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def span_of(view: ExecutionView | ChildView) -> str:
    """Word how long an execution took, or has taken so far."""
    if view.started_at is None:
        return ""
    end = view.ended_at or getattr(view, "at", None)
    return "" if end is None else length(max(0.0, end - view.started_at))


def counted(view: ExecutionView) -> str:
    """Word what an execution's calls came to.

    Counts that are zero are left out.
    """
    totals = view.totals
    parts = [f"{totals.calls:,} call{'' if totals.calls == 1 else 's'}"]
    parts += [
        f"{count:,} {word}"
        for count, word in ((totals.running, "running"), (totals.reused, "reused"), (totals.failed, "failed"))
        if count
    ]
    if totals.tokens is not None:
        parts.append(f"{totals.tokens:,} tokens")
    if totals.cost is not None:
        parts.append(dollars(totals.cost))
    return ", ".join(parts)


def group_status(group: GroupView) -> str:
    """Say which state a folded row shows."""
    if group.running:
        return "running"
    if group.failed:
        return "failed"
    return "completed" if group.completed + group.reused == group.total else "interrupted"


def command(wait: WaitView) -> str:
    """Word the command that answers a question."""
    return f"kitaru executions input {wait.exec_id} --wait {shlex.quote(clean(wait.name))} --value {_example(wait)}"


def _example(wait: WaitView) -> str:
    schema: dict[str, Any] = wait.json_schema or {}
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return shlex.quote(clean(orjson.dumps(options[0]).decode()))
    return shlex.quote(_EXAMPLES.get(str(schema.get("type", "")), "JSON"))
