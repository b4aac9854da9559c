"""Notebooks for the tests, written as text: each line ``# --- ID [markdown|raw] [tag ...]`` begins a cell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from kitaru.export.environment import Environment

GOLDEN = Path(__file__).parent / "golden"
_HEAD = re.compile(r"^# --- (\S+)(.*)\n", re.MULTILINE)

ENVIRONMENT = Environment(
    python="3.11",
    modules={
        "kitaru": ("kitaru-jupyter",),
        "pandas": ("pandas",),
        "numpy": ("numpy",),
        "matplotlib": ("matplotlib",),
        "yaml": ("PyYAML",),
        "pydantic": ("pydantic",),
        "httpx": ("httpx",),
        "google": ("google-auth", "google-cloud-storage"),
        "IPython": ("ipython",),
        "ipywidgets": ("ipywidgets",),
        "inhouse": ("in-house",),
    },
    versions={
        "kitaru-jupyter": "1.0",
        "pandas": "2.2.3",
        "numpy": "2.1.0",
        "matplotlib": "3.9.2",
        "pyyaml": "6.0.2",
        "pydantic": "2.10.0",
        "httpx": "0.28.1",
        "google-auth": "2.0",
        "google-cloud-storage": "3.0",
        "ipython": "9.0",
        "ipywidgets": "8.1.5",
        "in-house": "0.3+local",
    },
    sources={"in-house": {"path": "/srv/in-house", "editable": True}},
)


def cells_of(text: str) -> list[dict[str, Any]]:
    parts = _HEAD.split(text)[1:]
    return [cell(*parts[index : index + 3]) for index in range(0, len(parts), 3)]


def cell(label: str, words: str, source: str) -> dict[str, Any]:
    given = words.split()
    kind = given.pop(0) if given[:1] in (["markdown"], ["raw"]) else "code"
    made = {"cell_type": kind, "id": label, "metadata": {"tags": given}, "source": source.strip("\n")}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def notebook(text: str) -> dict[str, Any]:
    kernel = {"kernelspec": {"language": "python", "name": "python3"}, "language_info": {"name": "python"}}
    return {"cells": cells_of(text), "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


def write(folder: Path, text: str, name: str = "work.ipynb") -> Path:
    path = folder / name
    path.write_text(json.dumps(notebook(text), indent=1), encoding="utf-8")
    return path
