"""Values as HTML: from previews, which need no value, and from values that somebody asked to read."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pprint import pformat
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.client.models import ArtifactRef

_MOST_NODES: Final = 2_000
_MOST_TEXT: Final = 100_000
_OPEN_DEPTH: Final = 1
_REPRS: Final = ("_repr_html_", "_repr_svg_", "_repr_png_", "_repr_jpeg_", "_repr_markdown_")


def is_markdown(artifact: ArtifactRef) -> bool:
    """Whether a text was saved as Markdown: it is tagged so, or its name ends so."""
    return "markdown" in artifact.tags or artifact.name.casefold().endswith(".md")


def preview_html(preview: Mapping[str, Any], text: str, *, markdown: bool = False) -> str:
    """Show the preview of a value; nothing in it is taken for markup.

    Examples
    --------
    >>> preview_html({"kind": "text", "text": "'<b>'", "value": "<b>"}, "'<b>'")
    '<pre class="kitaru-pre">&lt;b&gt;</pre>'
    """
    kind = preview.get("kind")
    if kind == "table" and "rows" in preview:
        return _table(preview)
    if kind == "image" and "png" in preview:
        return _image("image/png", str(preview["png"]), text) + _note("a thumbnail")
    if "data" in preview:
        return tree_html(preview["data"]) + _note("the beginning" if preview.get("cut") else "")
    if kind == "text" and isinstance(preview.get("value"), str):
        value = preview["value"]
        cut = preview.get("length", len(value)) > len(value)
        return (markdown_html(value) if markdown else _pre(value)) + _note(f"the first {len(value):,} characters" * cut)
    if kind == "array":
        return _pre(f"{text}\n{', '.join(map(str, preview.get('values', ())))} …")
    if kind == "bytes":
        return _pre(f"{text}\n{preview.get('hex', '')}")
    return _pre(text)


def value_html(value: Any, *, markdown: bool = False) -> str:
    """Show a value as richly as it can show itself.

    Its own HTML is taken as it is, as in any output of a cell: the value was read on request.

    Examples
    --------
    >>> value_html("a < b")
    '<pre class="kitaru-pre">a &lt; b</pre>'
    """
    if isinstance(value, str):
        shown = value[:_MOST_TEXT]
        cut = _note(f"the first {_MOST_TEXT:,} of {len(value):,} characters" * (len(value) > _MOST_TEXT))
        return (markdown_html(shown) if markdown else _pre(shown)) + cut
    if isinstance(value, bytes | bytearray):
        return _pre(bytes(value[:512]).hex(" ")) + _note(f"{len(value):,} bytes")
    if isinstance(value, dict | list | tuple):
        return tree_html(value)
    for name in _REPRS:
        shown = _own(value, name)
        if shown:
            return shown
    return _pre(pformat(value)[:_MOST_TEXT])


def _own(value: Any, name: str) -> str:
    method = getattr(type(value), name, None)
    if method is None:
        return ""
    try:
        shown = getattr(value, name)()
    except Exception as error:  # a value's own code; that it cannot show itself is worth a line, no more
        return _pre(f"{type(value).__name__}.{name}: {error}")
    if not shown:
        return ""
    if name == "_repr_markdown_":
        return markdown_html(str(shown))
    if isinstance(shown, bytes):
        return _image(f"image/{name.split('_')[2]}", b64encode(shown).decode(), type(value).__name__)
    return f'<div class="kitaru-rich jp-RenderedHTMLCommon">{shown}</div>'


def markdown_html(text: str) -> str:
    """Show Markdown; HTML in it is shown as text.

    Examples
    --------
    >>> markdown_html("*yes*")
    '<div class="kitaru-markdown jp-RenderedHTMLCommon"><p><em>yes</em></p></div>'
    """
    from markdown_it import MarkdownIt

    return f'<div class="kitaru-markdown jp-RenderedHTMLCommon">{MarkdownIt("js-default").render(text).strip()}</div>'


def tree_html(data: Any) -> str:
    """Show nested data as a tree that can be unfolded.

    Examples
    --------
    >>> tree_html([1])
    '<ul class="kitaru-tree"><li><span class="kitaru-key">0</span> 1</li></ul>'
    """
    room = [_MOST_NODES]
    if isinstance(data, dict | list | tuple) and data:
        return f'<ul class="kitaru-tree">{_branches(data, 0, room)}</ul>' + _note("cut" if room[0] < 0 else "")
    return _pre(_leaf(data))


def _branches(data: Any, depth: int, room: list[int]) -> str:
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    shown = []
    for key, item in pairs:
        room[0] -= 1
        if room[0] < 0:
            break
        shown.append(f"<li>{_node(str(key), item, depth, room)}</li>")
    return "".join(shown)


def _node(key: str, item: Any, depth: int, room: list[int]) -> str:
    label = f'<span class="kitaru-key">{escape(key)}</span>'
    if not isinstance(item, dict | list | tuple) or not item:
        return f"{label} {escape(_leaf(item))}"
    count = f'<span class="kitaru-muted">{_counted(item)}</span>'
    opened = " open" if depth < _OPEN_DEPTH else ""
    inner = _branches(item, depth + 1, room)
    return f"<details{opened}><summary>{label} {count}</summary><ul>{inner}</ul></details>"


def _counted(item: Any) -> str:
    return f"{len(item)} {'key' if isinstance(item, dict) else 'item'}{'' if len(item) == 1 else 's'}"


def _leaf(item: Any) -> str:
    text = item if isinstance(item, str) else repr(item)
    return text if len(text) <= 2_000 else f"{text[:1_999]}…"


def _table(preview: Mapping[str, Any]) -> str:
    head = "".join(f"<th>{escape(str(column))}</th>" for column in preview.get("columns", ()))
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in preview.get("rows", ())
    )
    height, width = (*preview.get("shape", ()), 0, 0)[:2]
    table = f'<table class="kitaru-grid kitaru-data"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="kitaru-scroll">{table}</div>{_note(f"{height:,} rows, {width:,} columns")}'


def _image(kind: str, encoded: str, alt: str) -> str:
    return f'<img class="kitaru-image" alt="{escape(alt)}" src="data:{kind};base64,{escape(encoded)}">'


def _pre(text: str) -> str:
    return f'<pre class="kitaru-pre">{escape(text)}</pre>'


def _note(text: str) -> str:
    return f'<div class="kitaru-help">{escape(text)}</div>' if text else ""
