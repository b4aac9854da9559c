"""How the widgets look: JupyterLab's colours and type where there are any, the system's elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

if TYPE_CHECKING:
    from datetime import datetime

CSS: Final = """
.kitaru-widget {
  --kitaru-line: var(--jp-border-color2, rgba(128, 128, 128, 0.35));
  --kitaru-muted: var(--jp-ui-font-color2, #757575);
  --kitaru-accent: var(--jp-brand-color1, #1976d2);
  --kitaru-red: var(--jp-error-color1, #d32f2f);
  --kitaru-hover: var(--jp-layout-color2, rgba(128, 128, 128, 0.12));
  --kitaru-code: var(--jp-code-font-family, ui-monospace, monospace);
  color: var(--jp-ui-font-color1, inherit);
  font-family: var(--jp-ui-font-family, system-ui, sans-serif);
  font-size: var(--jp-ui-font-size1, 13px);
  line-height: 1.45;
  max-width: 100%;
}
.kitaru-widget .widget-html, .kitaru-widget .widget-html-content { line-height: 1.45; height: auto; margin: 0; }
.kitaru-widget .widget-html-content { font-size: inherit; color: inherit; }
.kitaru-card { border: 1px solid var(--kitaru-line); border-radius: 4px; padding: 12px 14px; }
.kitaru-title { font-weight: 600; overflow-wrap: anywhere; white-space: pre-wrap; }
.kitaru-muted { color: var(--kitaru-muted); }
.kitaru-red { color: var(--kitaru-red); }
.kitaru-cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.kitaru-code { font-family: var(--kitaru-code); font-size: 0.92em; }
.kitaru-away { border-left: 3px solid var(--jp-warn-color1, #f57c00); padding: 4px 10px; }
.kitaru-empty { padding: 16px 4px; max-width: 60em; }
.kitaru-empty pre { margin: 8px 0 0; padding: 8px 10px; background: var(--kitaru-hover); white-space: pre-wrap;
  font-family: var(--kitaru-code); font-size: 0.92em; color: inherit; }
.kitaru-field { margin: 0 0 10px; width: 100%; }
.kitaru-field .widget-inline-hbox, .kitaru-field.kitaru-inline .widget-inline-hbox {
  flex-direction: column; align-items: stretch; height: auto; width: 100%; margin: 0; }
.kitaru-field .widget-inline-hbox > .widget-label {
  width: auto; max-width: 100%; text-align: left; height: auto; padding: 0; margin: 0 0 2px; line-height: 1.45;
  font-weight: 500; white-space: normal; overflow-wrap: anywhere; color: inherit; }
.kitaru-field .widget-inline-hbox > .widget-label:empty { display: none; }
.kitaru-field .widget-text input, .kitaru-field .widget-textarea textarea, .kitaru-field .widget-dropdown select {
  max-width: 44em; flex: none; }
.kitaru-field .widget-textarea textarea { resize: vertical; height: auto; }
.kitaru-field input[type="date"], .kitaru-field input[type="time"], .kitaru-field input[type="datetime-local"],
.kitaru-field .widget-dropdown select { width: 22em; max-width: 100%; flex: none; }
.kitaru-field .widget-checkbox, .kitaru-field .widget-checkbox label { width: auto; }
.kitaru-field div[class*="radio-box"] { margin: 0; padding: 0; height: auto; }
.kitaru-field .widget-radio, .kitaru-field .widget-checkbox { height: auto; min-height: 0; }
.kitaru-field .widget-radio-box label, .kitaru-field .widget-radio-box-horizontal label {
  line-height: 1.7; height: auto; margin: 0 14px 0 0; }
.kitaru-field.kitaru-named .widget-inline-hbox > .widget-label { position: absolute; width: 1px; height: 1px;
  overflow: hidden; clip-path: inset(50%); }
.kitaru-help { font-size: 0.92em; color: var(--kitaru-muted); overflow-wrap: anywhere; }
.kitaru-error { font-size: 0.92em; color: var(--kitaru-red); overflow-wrap: anywhere; }
.kitaru-wrong input, .kitaru-wrong textarea, .kitaru-wrong select {
  border-color: var(--kitaru-red) !important; box-shadow: none; }
.kitaru-legend { font-weight: 600; margin: 0 0 4px; }
.kitaru-inside { border-left: 2px solid var(--kitaru-line); padding: 2px 0 0 12px; margin-bottom: 4px; width: 100%; }
.kitaru-inside > .kitaru-field:last-child { margin-bottom: 2px; }
.kitaru-inside > .widget-button { align-self: flex-start; }
.kitaru-item { align-items: flex-start; width: 100%; gap: 6px; max-width: 47em; }
.kitaru-widget .widget-button.kitaru-small { padding: 0 6px; min-width: 28px; text-overflow: clip; }
.kitaru-item > .kitaru-field { flex: 1 1 auto; min-width: 0; margin-bottom: 6px; }
.kitaru-buttons { gap: 8px; flex-wrap: wrap; align-items: center; margin-top: 2px; }
.kitaru-widget .widget-button { width: auto; margin: 0; padding: 0 12px; border-radius: 3px; }
.kitaru-widget .widget-button:focus-visible, .kitaru-widget input:focus-visible {
  outline: 2px solid var(--kitaru-accent); outline-offset: 1px; }
.kitaru-widget .widget-button.kitaru-quiet { background: transparent; box-shadow: none; padding: 0 8px;
  color: var(--kitaru-muted); }
.kitaru-widget .widget-button.kitaru-quiet:hover { color: inherit; background: var(--kitaru-hover); box-shadow: none; }
.kitaru-stack { gap: 10px; }
.kitaru-split { gap: 14px; align-items: flex-start; flex-wrap: wrap; }
.kitaru-select { flex-direction: column; width: 22em; height: auto; margin: 0; align-items: stretch; }
.kitaru-select > .widget-label { width: auto; text-align: left; color: var(--kitaru-muted); font-size: 0.92em; }
.kitaru-select select { font-size: inherit; width: 100%; }
.kitaru-split > .kitaru-grow { flex-basis: 24em; gap: 6px; }
.kitaru-split .widget-button { align-self: flex-start; }
.kitaru-widget .kitaru-pre { margin: 0; padding: 8px 10px; background: var(--kitaru-hover); color: inherit;
  white-space: pre-wrap; overflow-wrap: anywhere; font-family: var(--kitaru-code); font-size: 0.92em;
  max-height: 24em; overflow: auto; }
.kitaru-tree, .kitaru-tree ul { list-style: none; margin: 0; padding-left: 16px; font-family: var(--kitaru-code);
  font-size: 0.92em; overflow-wrap: anywhere; }
.kitaru-tree { padding-left: 0; max-height: 24em; overflow: auto; }
.kitaru-tree summary { cursor: pointer; }
.kitaru-key { color: var(--kitaru-accent); }
.kitaru-key::after { content: ":"; }
.kitaru-image { max-width: 100%; image-rendering: auto; background: var(--kitaru-hover); }
.kitaru-markdown { overflow-wrap: anywhere; max-height: 30em; overflow: auto; }
.kitaru-rich { overflow: auto; max-height: 30em; }
.kitaru-widget .kitaru-rich.jp-RenderedHTMLCommon table, .kitaru-widget .kitaru-markdown.jp-RenderedHTMLCommon table {
  margin-left: 0; }
.kitaru-scroll { max-height: 18em; overflow: auto; }
.kitaru-grid { border-collapse: collapse; width: 100%; max-width: 46em; font-size: inherit; margin-top: 4px; }
.kitaru-grid th { text-align: right; font-weight: 400; color: var(--kitaru-muted); font-size: 0.92em; }
.kitaru-grid th, .kitaru-grid td { padding: 3px 8px; border-bottom: 1px solid var(--kitaru-line); text-align: right;
  font-variant-numeric: tabular-nums; max-width: 24em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.kitaru-grid th:first-child, .kitaru-grid td:first-child { text-align: left; }
.kitaru-grid.kitaru-data { width: auto; max-width: none; }
.kitaru-controls { gap: 12px; flex-wrap: wrap; margin-bottom: 8px; }
.kitaru-controls .widget-inline-hbox { margin: 0; }
.kitaru-controls .widget-label { color: var(--kitaru-muted); }
.kitaru-controls .widget-dropdown select { width: auto; min-width: 8em; max-width: 18em; flex: none; }
.kitaru-lines { width: 100%; }
.kitaru-widget .kitaru-heading .widget-html, .kitaru-widget .kitaru-heading .widget-html-content { color: inherit; }
.kitaru-heading { color: var(--kitaru-muted); font-size: 0.92em; border-bottom: 1px solid var(--kitaru-line); }
.kitaru-heading, .kitaru-row { width: 100%; align-items: center; padding: 2px 0; overflow: hidden; }
.kitaru-row { border-bottom: 1px solid var(--jp-border-color3, rgba(128, 128, 128, 0.18)); }
.kitaru-row:hover { background: var(--kitaru-hover); }
.kitaru-selected, .kitaru-selected:hover {
  background: var(--kitaru-hover); box-shadow: inset 3px 0 var(--kitaru-accent); }
.kitaru-widget .kitaru-pick, .kitaru-widget .widget-button.kitaru-pick { flex: 0 0 24%; min-width: 8em; margin: 0;
  padding: 0 8px; text-align: left; background: transparent; box-shadow: none; color: inherit; font-weight: 500; }
.kitaru-heading .kitaru-pick.kitaru-pick { font-weight: 400; color: inherit; }
.kitaru-grow { flex: 1 1 auto; min-width: 0; }
.kitaru-cells { display: grid; gap: 10px; align-items: baseline; white-space: nowrap;
  grid-template-columns: minmax(7em, 2fr) minmax(7em, 2fr) minmax(4em, 1fr) minmax(3em, 0.7fr) minmax(4em, 1fr)
  minmax(7em, 2fr); }
.kitaru-cells > * { overflow: hidden; text-overflow: ellipsis; }
.kitaru-mark::before { content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%;
  margin-right: 6px; background: var(--kitaru-muted); }
.kitaru-mark-running::before { background: var(--kitaru-accent); }
.kitaru-mark-completed::before { background: var(--jp-success-color1, #388e3c); }
.kitaru-mark-failed::before { background: var(--kitaru-red); }
.kitaru-mark-waiting::before { background: var(--jp-warn-color1, #f57c00); }
.kitaru-mark-interrupted::before { background: transparent; border: 2px solid var(--jp-warn-color1, #f57c00);
  width: 4px; height: 4px; }
"""


def style_sheet() -> ipywidgets.HTML:
    """Return what makes a widget and everything in it look so."""
    return ipywidgets.HTML(f"<style>{CSS}</style>", layout={"display": "none"})


def html(text: str, *classes: str) -> ipywidgets.HTML:
    """Return a widget that shows HTML; empty text takes no room."""
    made = ipywidgets.HTML()
    for name in classes:
        made.add_class(name)
    put(made, text)
    return made


def put(shown: ipywidgets.HTML, text: str) -> None:
    """Show other HTML, or nothing."""
    if shown.value != text or not text:
        shown.value = text
    shown.layout.display = None if text else "none"


def close_tree(widget: ipywidgets.Widget) -> None:
    """Close a widget and all that are inside it: ipywidgets holds each one until then."""
    for child in getattr(widget, "children", ()):
        close_tree(child)
    widget.close()


def span(text: object, *classes: str, title: str | None = None) -> str:
    """Return text of any origin as HTML.

    Examples
    --------
    >>> span("<b>", "kitaru-muted")
    '<span class="kitaru-muted">&lt;b&gt;</span>'
    """
    names = f' class="{" ".join(classes)}"' if classes else ""
    more = f' title="{escape(title)}"' if title else ""
    return f"<span{names}{more}>{escape(str(text))}</span>"


def button(label: str, action: Any, *classes: str, style: str = "", title: str = "") -> ipywidgets.Button:
    """Return a button that calls ``action()``."""
    made = ipywidgets.Button(description=label, button_style=style, tooltip=title or None)
    for name in classes:
        made.add_class(name)
    made.on_click(lambda _: action())
    return made


def status_mark(status: str, why: str = "") -> str:
    """Return a status with its colour; what it is about is its title."""
    return span(status, "kitaru-mark", f"kitaru-mark-{status}", title=why)


def clock(when: datetime | None) -> str:
    """Show a point in time by the clock of this machine, without the date if it is today.

    The distance would be shorter, but it is wrong as soon as the page stands for a while.
    """
    if when is None:
        return "<span></span>"
    here = when.astimezone()
    today = here.date() == here.now(here.tzinfo).date()
    shown = f"{here:%H:%M:%S}" if today else f"{here:%Y-%m-%d %H:%M}"
    return span(shown, title=f"{when:%Y-%m-%d %H:%M:%S} UTC")


def length(seconds: float | None) -> str:
    """Show a length of time shortly."""
    from kitaru.client.times import length as shown

    return shown(seconds)


def cost(dollars: float | None) -> str:
    """Show a cost; nothing if none is known.

    Examples
    --------
    >>> cost(1.5), cost(0.00012), cost(None)
    ('$1.50', '$0.00012', '')
    """
    if dollars is None:
        return ""
    return f"${dollars:.2f}" if dollars >= 0.1 or dollars == 0 else f"${dollars:.2g}"


def empty_state(text: str, example: str = "") -> str:
    """Say that there is nothing, and how something comes."""
    shown = f"<pre>{escape(example)}</pre>" if example else ""
    return f"<div>{escape(text)}</div>{shown}"
