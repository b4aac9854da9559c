from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

import kitaru
from kitaru.client.artifacts import ArtifactsAPI
from kitaru.client.executions import ExecutionsAPI

NAMES = sorted(getattr(kitaru, "__all__", ()))


def documented(name: str) -> list[tuple[str, Any]]:
    """The objects that a public name stands for: itself, or the public functions of a public module."""
    value = getattr(kitaru, name)
    if not isinstance(value, ModuleType):
        return [(name, value)]
    public = getattr(value, "__all__", [key for key in vars(value) if not key.startswith("_")])
    members = [(f"{name}.{key}", getattr(value, key)) for key in public]
    return [(key, member) for key, member in members if inspect.isroutine(member) or inspect.isclass(member)]


def test_the_package_says_what_is_public() -> None:
    assert {"flow", "checkpoint", "wait", "llm", "log", "progress", "KitaruClient", "FlowHandle"} <= set(NAMES)


def test_the_public_names_are_sorted_and_all_exist() -> None:
    assert [name for name in kitaru.__all__ if not hasattr(kitaru, name)] == []
    assert set(kitaru.__all__) <= set(dir(kitaru))


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("__")])
def test_a_public_name_is_documented_with_an_example(name: str) -> None:
    for label, value in documented(name):
        text = inspect.getdoc(value) or ""
        assert "Examples\n--------" in text, f"the docstring of kitaru.{label} has no Examples section"
        assert ">>> " in text, f"the Examples of kitaru.{label} show no line that can be run"


CLASSES = [value for name in NAMES if inspect.isclass(value := getattr(kitaru, name))] + [ExecutionsAPI, ArtifactsAPI]
NOT_SHOWN = {"Flow.export": "it needs a notebook", "KitaruClient.close": "it returns nothing and shows nothing"}


def methods(kind: type) -> list[str]:
    return [name for name, value in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_methods_of_a_public_class_are_documented_with_an_example(kind: type) -> None:
    for name in methods(kind):
        if f"{kind.__name__}.{name}" not in NOT_SHOWN:
            text = inspect.getdoc(getattr(kind, name)) or ""
            assert ">>> " in text, f"the docstring of {kind.__name__}.{name} shows no line that can be run"
