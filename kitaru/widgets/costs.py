"""`CostExplorer`: what language models cost, by day, flow, checkpoint or model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import traitlets

from kitaru.client.times import point
from kitaru.store.events import LLM_CALLED
from kitaru.widgets.base import LOCK, StoreWidget
from kitaru.widgets.plots import bars, columns
from kitaru.widgets.style import cost, empty_state, html, put, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.client import KitaruClient

MOST_BARS: Final = 12
DAY: Final = 86_400
GROUPS: Final = {
    # The days of this machine's calendar: whoever looks at the bill lives in it.
    "day": "CAST(floor((epoch(l.at) + $offset) / 86400) AS BIGINT)",
    "flow": "e.flow",
    "checkpoint": "coalesce(c.checkpoint, '(flow body)')",
    "model": "coalesce(l.model, l.requested_model)",
}
MEASURES: Final = {"cost": "Cost", "tokens": "Tokens", "calls": "Model calls"}
SINCE: Final = {
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "": "All time",
}
EXAMPLE: Final = """from kitaru import checkpoint, llm

@checkpoint
def summarise(text: str) -> str:
    return llm(f"Summarise: {text}")"""
_QUERY: Final = """
SELECT {group} AS key, sum(l.cost_usd) AS cost, sum(l.tokens) AS tokens, count(*) AS calls,
       count(*) FILTER (l.cost_usd IS NULL) AS unpriced
FROM llm_calls AS l JOIN executions AS e USING (exec_id)
LEFT JOIN checkpoints AS c ON c.exec_id = l.exec_id AND c.name = l.call
WHERE ($offset IS NOT NULL) AND ($flow IS NULL OR e.flow = $flow) AND ($since IS NULL OR epoch(l.at) >= $since)
GROUP BY ALL ORDER BY key
"""


@dataclass(frozen=True, slots=True)
class Share:
    """What one day, flow, checkpoint or model took.

    Parameters
    ----------
    key
        Which one; a day as ISO text.
    cost
        US dollars; None where no price is known.
    tokens, calls
        Tokens in and out, and model calls.
    """

    key: str
    cost: float | None
    tokens: int
    calls: int


class CostExplorer(StoreWidget):
    """Costs, tokens and calls of language models, as a plot and a table.

    Parameters
    ----------
    client
        Whose store is shown; what this process works with if not given.
    **choices
        First values of the traits: ``by``, ``measure``, ``since``, ``flow``.

    Examples
    --------
    >>> from kitaru.widgets import CostExplorer
    >>> costs = CostExplorer(by="model")
    >>> costs.refresh()
    >>> costs.shares
    ()
    >>> costs.close()
    """

    by = traitlets.Enum([*GROUPS], "day", help="What the costs are split by.").tag(sync=False)
    measure = traitlets.Enum([*MEASURES], "cost", help="What the plot shows.").tag(sync=False)
    since = traitlets.Unicode("30d", help="Calls since: a date, or how long ago; empty for all.").tag(sync=False)
    flow = traitlets.Unicode("", help="Name of a flow; empty for all.").tag(sync=False)
    shares = traitlets.Tuple(read_only=True, help="What is shown, a `Share` for each.").tag(sync=False)

    def __init__(self, client: KitaruClient | None = None, **choices: Any) -> None:
        super().__init__(client)
        for name, value in choices.items():
            setattr(self, name, value)
        self._choices = {
            "by": _dropdown("By", {name: name.capitalize() for name in GROUPS}),
            "measure": _dropdown("Show", MEASURES),
            "since": _dropdown("Since", SINCE),
        }
        for name, control in self._choices.items():
            self._show_choice(name, getattr(self, name))
            control.observe(lambda change, name=name: self._set(name, change["new"]), "value")
        controls = ipywidgets.HBox([*self._choices.values()])
        controls.add_class("kitaru-controls")
        self._total = html("", "kitaru-title")
        self._plot, self._table, self._empty = html(""), html(""), html("", "kitaru-empty")
        self.observe(lambda _: self.refresh_soon(), ["by", "measure", "since", "flow"])
        self._listener.kinds |= {LLM_CALLED}
        self._begin([controls, self._total, self._plot, self._table, self._empty])

    def _show_choice(self, name: str, value: str) -> None:
        control = self._choices[name]
        if value not in dict(control.options).values():
            control.options = (*control.options, (value, value))  # a point in time of the user's own
        control.value = value

    def _set(self, name: str, value: Any) -> None:
        with LOCK:
            setattr(self, name, value)

    def _read(self) -> Any:
        by, measure, since = self.by, self.measure, self.since
        asked = {"flow": self.flow or None, "since": point(since or None), "offset": _offset()}
        query = _QUERY.format(group=GROUPS[by])
        rows = self.client.sql(query, asked, as_="arrow").to_pylist()
        shares = [Share(_key(by, row["key"]), row["cost"], row["tokens"] or 0, row["calls"]) for row in rows]
        if by != "day":
            shares.sort(key=lambda share: (-_value(share, measure), share.key))
        unpriced = sum(row["unpriced"] for row in rows)
        return by, measure, since, shares, unpriced, _picture(by, measure, shares) if shares else ""

    def _show(self, found: Any) -> None:
        by, measure, since, shares, unpriced, picture = found
        self.set_trait("shares", tuple(shares))
        for name, value in (("by", by), ("measure", measure), ("since", since)):
            if self._choices[name].value != value and getattr(self, name) == value:
                self._show_choice(name, value)
        put(self._total, _totals(shares, unpriced) if shares else "")
        put(self._plot, picture)
        put(self._table, _table(by, shares) if shares else "")
        told = "No call of a language model is recorded in this time. Calls through kitaru.llm are:"
        put(self._empty, "" if shares else empty_state(told, EXAMPLE))


def _dropdown(label: str, options: dict[str, str]) -> ipywidgets.Dropdown:
    pairs = [(shown, value) for value, shown in options.items()]
    style, layout = {"description_width": "auto"}, {"width": "auto"}
    return ipywidgets.Dropdown(options=pairs, description=label, style=style, layout=layout)


def _offset() -> int:
    away = datetime.now().astimezone().utcoffset()
    return int(away.total_seconds()) if away else 0


def _key(by: str, key: Any) -> str:
    return f"{datetime.fromtimestamp(key * DAY, UTC):%Y-%m-%d}" if by == "day" else str(key or "(unknown)")


def _value(share: Share, measure: str) -> float:
    return float(getattr(share, measure) or 0)


def _written(measure: str) -> Callable[[float], str]:
    return cost if measure == "cost" else lambda value: f"{value:,.0f}"


def _picture(by: str, measure: str, shares: list[Share]) -> str:
    title = f"{MEASURES[measure]} by {by}"
    if by == "day":
        days = _every_day(shares)
        labels = [f"{datetime.fromisoformat(day.key):%b %d}" for day in days]
        return columns(labels, [_value(day, measure) for day in days], _written(measure), title)
    shown, others = shares[:MOST_BARS], shares[MOST_BARS:]
    rest = [sum(_value(share, measure) for share in others)] if others else []
    labels = [share.key for share in shown] + [f"{len(others)} others"] * bool(others)
    return bars(labels, [*(_value(share, measure) for share in shown), *rest], _written(measure), title)


def _every_day(shares: list[Share]) -> list[Share]:
    """Put in the days on which there was nothing, or a plot would tell that time had stood still."""
    by_day = {share.key: share for share in shares}
    first, last = datetime.fromisoformat(min(by_day)), datetime.fromisoformat(max(by_day))
    count = min((last - first).days, 366)
    keys = [f"{last - timedelta(days=back):%Y-%m-%d}" for back in range(count, -1, -1)]
    return [by_day.get(key, Share(key, 0.0, 0, 0)) for key in keys]


def _totals(shares: list[Share], unpriced: int) -> str:
    priced = [share.cost for share in shares if share.cost is not None]
    parts = [
        cost(sum(priced)) if priced else "No price known",
        f"{sum(share.tokens for share in shares):,} tokens",
        f"{sum(share.calls for share in shares):,} model calls",
    ]
    missing = f" · {unpriced:,} of them without a known price" if unpriced and priced else ""
    return span(" · ".join(parts)) + (span(missing, "kitaru-muted") if missing else "")


def _table(by: str, shares: list[Share]) -> str:
    shown = shares[:-51:-1] if by == "day" else shares[:50]
    rows = "".join(
        f"<tr><td>{span(share.key, title=share.key)}</td><td>{share.calls:,}</td>"
        f"<td>{share.tokens:,}</td><td>{cost(share.cost)}</td></tr>"
        for share in shown
    )
    head = f"<tr><th>{by.capitalize()}</th><th>Calls</th><th>Tokens</th><th>Cost</th></tr>"
    table = f'<table class="kitaru-grid"><thead>{head}</thead><tbody>{rows}</tbody></table>'
    return f'<div class="kitaru-scroll" tabindex="0" role="region" aria-label="Figures">{table}</div>'
