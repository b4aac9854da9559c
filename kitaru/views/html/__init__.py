"""A view as static HTML: complete, without a script, readable where style sheets are taken out."""

from __future__ import annotations

import functools
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import orjson
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from kitaru.client.differences import folded
from kitaru.views import wording
from kitaru.views.html.markup import is_markdown, markdown, side_by_side

if TYPE_CHECKING:
    from kitaru.views.model import ExecutionView

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def as_html(view: ExecutionView) -> str:
    """Write a view as HTML.

    Whatever comes from the user is text: it is escaped, and freed of control characters.

    Examples
    --------
    >>> from kitaru.views.pending import pending_view
    >>> "&lt;b&gt;" in as_html(pending_view("kr-1", "<b>"))
    True
    """
    totals = view.totals
    shown = {"tokens": totals.tokens is not None, "cost": totals.cost is not None}
    return render("execution.html", view=view, shown=shown, gap=len(view.rows) // 4)


def render(template: str, **told: Any) -> str:
    """Fill in one of the templates beside this module; all that is told is escaped.

    Parameters
    ----------
    template
        Its file name.
    **told
        What it shows.

    Examples
    --------
    >>> "&lt;b&gt;" in render("executions.html", executions=[], told="<b>")
    True
    """
    return _environment().get_template(template).render(told, style=_style())


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("kitaru.views", "html"),
        autoescape=True,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters = ("took", "number", "dollars", "clock", "span_of", "counted", "group_status", "command")
    made.filters.update({name: getattr(wording, name) for name in filters})
    made.filters["glyph"] = wording.GLYPHS.__getitem__
    made.filters["words"] = lambda text: str(text).replace("_", " ")
    made.filters["as_json"] = lambda data: orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()
    made.filters["markdown"] = markdown
    made.tests["markdown"] = is_markdown
    made.filters["side_by_side"] = side_by_side
    made.filters["folded"] = folded
    made.filters["took_more"] = lambda delta: wording.change(delta and round(delta, 3), wording.took)
    made.filters["cost_more"] = lambda delta: wording.change(delta, wording.dollars)
    made.filters["is_base64"] = lambda text: isinstance(text, str) and _BASE64.fullmatch(text) is not None
    return made


def _finalize(value: Any) -> Any:
    return wording.clean(value) if type(value) is str else value


@functools.cache
def _style() -> Markup:
    return Markup((files("kitaru.views") / "html" / "style.css").read_text(encoding="utf-8").strip())  # noqa: S704 -- our own file
