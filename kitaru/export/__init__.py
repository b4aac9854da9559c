"""From a notebook to a flow script: static, without a kernel and without importing what the notebook imports.

>>> import kitaru.export
>>> kitaru.export.export_notebook.__name__
'export_notebook'
"""

from __future__ import annotations

from typing import Any

__all__ = ["Export", "FlowExporter", "export_notebook"]


def __getattr__(name: str) -> Any:
    if name == "FlowExporter":
        from kitaru.export.exporter import FlowExporter

        return FlowExporter
    if name in ("Export", "export_notebook"):
        from kitaru.export import export

        return getattr(export, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
