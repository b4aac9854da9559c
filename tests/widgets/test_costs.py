from __future__ import annotations

import re
import threading
import time
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kitaru.store.events import LLM_CALLED
from kitaru.widgets import CostExplorer
from kitaru.widgets.plots import bars, columns
from tests.widgets.conftest import texts, until
from tests.widgets.flows import report

if TYPE_CHECKING:
    from kitaru.client import KitaruClient

DAY = 86_400


def spend(client: KitaruClient, exec_id: str, cost: float | None, *, days_ago: int = 0, model: str = "small") -> None:
    """Record a model call of the checkpoint `research`."""
    usage = {
        "name": "ask", "requested_model": model, "resolved_model": model, "alias": None, "provider": "offline",
        "credential_source": None, "input_tokens": 60, "output_tokens": 40, "total_tokens": 100,
        "cached_input_tokens": None, "reasoning_tokens": None, "cost_usd": cost, "cost_source": "litellm",
        "latency_ms": 5.0, "status": "completed", "prompt": {"text": "?"}, "response": {"text": "!"}, "warnings": [],
    }  # fmt: skip
    event: Any = {
        "kind": LLM_CALLED,
        "at": time.time() - days_ago * DAY,
        "exec_id": exec_id,
        "call": "research",
        "body": usage,
    }
    client.store.append([{"events": [event]}])


def test_without_any_call_it_says_how_to_make_one(client: KitaruClient) -> None:
    costs = CostExplorer()
    until(costs, lambda: costs.updates)
    assert "No call of a language model is recorded" in texts(costs)


@pytest.fixture
def spent(client: KitaruClient, finished: Any) -> str:
    exec_id = finished(report)
    spend(client, exec_id, 0.5)
    spend(client, exec_id, 0.25, days_ago=2, model="large")
    spend(client, exec_id, None, model="own")
    spend(client, exec_id, 8.0, days_ago=60)
    return str(exec_id)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("flow", [("report", 0.75, 300, 3)]),
        ("checkpoint", [("research", 0.75, 300, 3)]),
        ("model", [("small", 0.5, 100, 1), ("large", 0.25, 100, 1), ("own", None, 100, 1)]),
    ],
)
def test_costs_are_split(spent: str, by: str, expected: list[Any]) -> None:
    costs = CostExplorer(by=by)
    costs.refresh()
    assert [(one.key, one.cost, one.tokens, one.calls) for one in costs.shares] == expected
    shown = texts(costs)
    assert "$0.75 · 300 tokens · 3 model calls" in shown
    assert "1 of them without a known price" in shown
    assert "<svg role=" in shown


def test_days_are_those_of_the_calendar_on_the_wall(spent: str) -> None:
    costs = CostExplorer()
    costs.refresh()
    today = datetime.now().astimezone().date()
    assert [(one.key, one.cost) for one in costs.shares] == [
        (str(today - timedelta(days=2)), 0.25),
        (str(today), 0.5),
    ]


def test_choices_are_traits_and_controls_alike(spent: str) -> None:
    costs = CostExplorer()
    until(costs, lambda: costs.updates)
    costs._choices["by"].value = "model"
    until(costs, lambda: len(costs.shares) == 3)
    assert costs.by == "model"
    costs.since = ""
    until(costs, lambda: costs.shares[0].cost == 8.5 and costs._choices["since"].value == "")
    costs.since = "45d"
    until(costs, lambda: costs._choices["since"].label == "45d")
    costs.measure = "tokens"
    until(costs, lambda: costs._choices["measure"].value == "tokens")
    costs.flow = "other"
    until(costs, lambda: not costs.shares)


def test_a_call_that_is_made_now_is_counted_at_once(client: KitaruClient, spent: str) -> None:
    costs = CostExplorer(by="flow")
    until(costs, lambda: costs.shares and costs.shares[0].calls == 3)
    spend(client, spent, 1.0)
    until(costs, lambda: costs.shares[0].calls == 4)


def test_plots_take_the_colours_of_the_page() -> None:
    picture = columns(["a", "b"], [1.0, 2.0], str, "cost by <day>")
    ElementTree.fromstring(picture.replace("xlink:", ""))
    assert 'aria-label="cost by &lt;day&gt;"' in picture
    assert "currentColor" in picture
    assert set(re.findall(r"(?:fill|stroke): (#[0-9a-f]+)", picture)) == set()


def test_plots_are_drawn_by_several_threads_at_once() -> None:
    drawn: list[str] = []
    threads = [
        threading.Thread(target=lambda: drawn.append(bars(["one", "a" * 80], [3.0, 1.0], str, "calls")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 4
    assert len(set(drawn)) == 1, "the same figures give the same picture"
