"""Plots as SVG that take the page's colours, so that one picture fits light and dark."""

from __future__ import annotations

import io
import re
import threading
import zlib
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

# Colours that stand for those of the page, which are put in when the picture is made.
_INK: Final = "#010101"
_BAR: Final = "#020202"
_LINE: Final = "#030303"
_COLOURS: Final = {
    _INK: "currentColor",
    _BAR: "var(--jp-brand-color1, #1976d2)",
    _LINE: "var(--jp-border-color2, rgba(128, 128, 128, 0.35))",
}
_PLOTTING: Final = threading.Lock()
"""Matplotlib's fonts and settings are one for the process."""


def columns(labels: Sequence[str], values: Sequence[float], show: Callable[[float], str], title: str) -> str:
    """Plot one upright bar for each label, as for days.

    Parameters
    ----------
    labels, values
        What stands below, and how high.
    show
        Writes a value.
    title
        What screen readers say.

    Returns
    -------
    str
        SVG, to be put into a page.

    Examples
    --------
    >>> columns(["Mon", "Tue"], [1.0, 2.0], str, "cost by day").startswith("<svg")
    True
    """

    def draw(axes: Axes) -> None:
        places = range(len(labels))
        axes.bar(places, values, color=_BAR, width=0.7)
        step = max(1, -(-len(labels) // 8))
        axes.set_xticks([*places][::step], [*labels][::step])
        axes.set_xlim(-0.6, max(len(labels), 7) - 0.4)  # a single day is no wall
        axes.yaxis.set_major_formatter(lambda value, _: show(value))
        axes.yaxis.set_major_locator(_few_ticks())
        axes.grid(axis="y", color=_LINE, linewidth=0.6)
        axes.set_axisbelow(True)

    return _svg(draw, 2.4, title)


def bars(labels: Sequence[str], values: Sequence[float], show: Callable[[float], str], title: str) -> str:
    """Plot one lying bar for each label, the first on top, with its value at its end.

    Parameters
    ----------
    labels, values
        What stands at the left, and how long.
    show
        Writes a value.
    title
        What screen readers say.

    Returns
    -------
    str
        SVG, to be put into a page.

    Examples
    --------
    >>> bars(["report"], [1.0], str, "cost by flow").startswith("<svg")
    True
    """

    def draw(axes: Axes) -> None:
        places = range(len(labels))
        drawn = axes.barh(places, values, color=_BAR, height=0.62)
        axes.bar_label(drawn, [show(value) for value in values], padding=4, color=_INK, fontsize=9)
        axes.set_yticks([*places], [_cut(label) for label in labels])
        axes.invert_yaxis()
        axes.set_xticks([])
        axes.set_xlim(0, max([*values, 0]) * 1.15 or 1)
        axes.spines["bottom"].set_visible(False)

    return _svg(draw, 0.5 + 0.3 * len(labels), title)


def _svg(draw: Callable[[Any], None], height: float, title: str) -> str:
    # The object API alone: pyplot keeps figures for a whole process and belongs to its main thread.
    from matplotlib.figure import Figure

    with _PLOTTING:
        figure = Figure(figsize=(7.2, height), layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(_LINE)
        axes.tick_params(colors=_INK, length=0, labelsize=9)
        figure.patch.set_alpha(0)
        axes.patch.set_alpha(0)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return _for_page(drawn.getvalue(), title)


def _for_page(svg: str, title: str) -> str:
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for sentinel, colour in _COLOURS.items():
        svg = svg.replace(sentinel, colour)
    svg = _named_apart(svg)
    shown = f'<svg role="img" aria-label="{escape(title)}" style="max-width: 100%; height: auto" '
    return svg.replace("<svg ", shown, 1)


def _named_apart(svg: str) -> str:
    """Name the parts by the picture: several stand on one page, and the same figures are to give the same picture."""
    names = dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg))
    plain = {name: f"part{number}" for number, name in enumerate(names)}

    def renamed(found: re.Match[str], mark: str = "") -> str:
        return f"{found[1]}{mark}{plain.get(found[2], found[2])}"

    pattern = r'(\bid="|href="#|url\(#)([^")]+)'
    mark = f"k{zlib.crc32(re.sub(pattern, renamed, svg).encode()):08x}-"
    return re.sub(pattern, lambda found: renamed(found, mark), svg)


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _cut(label: str) -> str:
    return label if len(label) <= 32 else f"{label[:31]}…"
