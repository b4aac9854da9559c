"""Texts that are shown as more than text: Markdown, and the lines of a diff beside each other."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from kitaru.views.wording import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKDOWN: Final = re.compile(
    r"""
    ^\#{1,6}[ ]\S.*(?:\n[ \t]*\n|\s*\Z)  # a heading by itself: a program's comment stands on what follows
    | ^(?:```|~~~)  # a fence
    | ^[ \t]*\|.*\|[ \t]*\n[ \t]*\|[ \t:|-]+\|[ \t]*$  # a table
    | (?:^|(?<=[\s(]))\*\*\S(?:[^*\n]*\S)?\*\*(?=[\s.,;:!?)]|\Z)  # bold, and no power of a power
    | ^[ ]{0,3}(?:[-*+]|\d+[.)])[ ]\S.*\n(?:[ \t]*\n)*[ ]{0,3}(?:[-*+]|\d+[.)])[ ]\S  # a list of two
    | \[[^\]\n]+\]\(https?://[^)\s]+\)  # a link
    """,
    re.MULTILINE | re.VERBOSE,
)
"""Marks that nobody writes by chance."""


def is_markdown(text: str) -> bool:
    r"""Whether a text is written as Markdown; models answer in it, and nobody says so.

    Examples
    --------
    >>> is_markdown("# Report\n\nAll is well."), is_markdown("2 * 3\n- 24"), is_markdown("# Sum\n1 + 2")
    (True, False, False)
    """
    return _MARKDOWN.search(text) is not None


def markdown(text: str) -> Markup:
    """Show Markdown; HTML in it is text, and nothing is fetched from elsewhere.

    Examples
    --------
    >>> markdown("*yes* <b>")
    Markup('<p><em>yes</em> &lt;b&gt;</p>')
    """
    written: Any = _parser().render(clean(text))
    return Markup(written.strip())  # noqa: S704 -- escaped by the line above


@functools.cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    # "js-default" escapes HTML and takes links that run something as text.
    parser = MarkdownIt("js-default").disable("image")
    parser.add_render_rule("link_open", _link)
    return parser


def _link(renderer: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer")
    tokens[index].attrSet("target", "_blank")
    return str(renderer.renderToken(tokens, index, options, env))


def side_by_side(lines: Iterable[str]) -> list[tuple[str | None, str | None]]:
    """Put the lines of a unified diff beside each other: before and after, None where one has no such line.

    Examples
    --------
    >>> side_by_side([" a", "-b", "+c", "+d"])
    [('a', 'a'), ('b', 'c'), (None, 'd')]
    """
    pairs: list[tuple[str | None, str | None]] = []
    removed: list[str] = []
    for line in lines:
        mark, text = line[:1], line[1:]
        if mark == "-":
            removed.append(text)
        elif mark == "+":
            pairs.append((removed.pop(0) if removed else None, text))
        else:
            pairs += [(one, None) for one in removed]
            removed.clear()
            # A line without a mark says how many are left out.
            pairs.append((text, text) if mark == " " else (line, None))
    return pairs + [(one, None) for one in removed]
