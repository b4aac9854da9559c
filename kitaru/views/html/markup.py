"""Texts that are shown as more than text: Markdown, and the lines of a diff beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from kitaru.views.wording import clean

if TYPE_CHECKING:
    from collections.abc import Iterable


def markdown(text: str) -> Markup:
    """Show Markdown; HTML in it is text, and nothing is fetched from elsewhere.

    Examples
    --------
    >>> markdown("*yes* <b>")
    Markup('<p><em>yes</em> &lt;b&gt;</p>')
    """
    from markdown_it import MarkdownIt

    # "js-default" escapes HTML and takes links that run something as text.
    written: Any = MarkdownIt("js-default").disable("image").render(clean(text))
    return Markup(written.strip())  # noqa: S704 -- escaped by the line above


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
