"""Widgets for dashboards and forms, in JupyterLab, Notebook, VS Code, Colab and Voilà.

They are made of ipywidgets alone. Each shows what the store holds, follows it by itself, and can be
put together with others: ``traitlets.link((browser, "selected"), (view, "exec_id"))``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kitaru.widgets.artifacts import ArtifactInspector as ArtifactInspector
    from kitaru.widgets.browser import ExecutionBrowser as ExecutionBrowser
    from kitaru.widgets.costs import CostExplorer as CostExplorer
    from kitaru.widgets.execution import ExecutionView as ExecutionView
    from kitaru.widgets.inbox import WaitInbox as WaitInbox
    from kitaru.widgets.unfinished import Offers as Offers
    from kitaru.widgets.unfinished import offers as offers
    from kitaru.widgets.waits import WaitForm as WaitForm
    from kitaru.widgets.waits import wait_form as wait_form

_HOMES = {
    "ArtifactInspector": "artifacts",
    "CostExplorer": "costs",
    "ExecutionBrowser": "browser",
    "ExecutionView": "execution",
    "Offers": "unfinished",
    "WaitForm": "waits",
    "WaitInbox": "inbox",
    "offers": "unfinished",
    "wait_form": "waits",
}

__all__ = [
    "ArtifactInspector",
    "CostExplorer",
    "ExecutionBrowser",
    "ExecutionView",
    "Offers",
    "WaitForm",
    "WaitInbox",
    "offers",
    "wait_form",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kitaru.widgets' has no attribute {name!r}")
    value = getattr(import_module(f"kitaru.widgets.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
