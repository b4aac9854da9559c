from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import Any

import pytest

import kitaru.client
import kitaru.client.models as models_of_client
from tests.project.source_tree import PACKAGE

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
    assert [name for name in kitaru.client.__all__ if not hasattr(kitaru.client, name)] == []


def test_what_the_client_answers_with_is_importable_beside_it() -> None:
    models = {value.__name__ for value in of_client() if issubclass(value, models_of_client.BoundModel)}
    assert models <= set(kitaru.client.__all__)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("__")])
def test_a_public_name_is_documented_with_an_example(name: str) -> None:
    for label, value in documented(name):
        text = inspect.getdoc(value) or ""
        assert "Examples\n--------" in text, f"the docstring of kitaru.{label} has no Examples section"
        assert ">>> " in text, f"the Examples of kitaru.{label} show no line that can be run"


INSIDE = {
    "Answers", "BoundModel", "Content", "Finding", "Following", "Listing", "Live", "Model", "Order", "Questions",
    "Steering",
}  # fmt: skip
"""Classes of the client that no user meets: parts and bases of others."""
NOT_SHOWN = {
    "Flow.export": "it needs a notebook",
    "KitaruClient.close": "it returns nothing and shows nothing",
    "Deployment.of_row": "the client makes them",
    "bound": "the client does it",
}


def of_client() -> list[type]:
    """What the client gives: its APIs, its models, and whatever else its modules define."""
    found = []
    for path in sorted((PACKAGE / "client").glob("[!_]*.py")):
        module = importlib.import_module(f"kitaru.client.{path.stem}")
        own = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
        found += [value for value in own if inspect.isclass(value) and not value.__name__.startswith("_")]
    return [value for value in found if value.__name__ not in INSIDE]


CLASSES = list(
    dict.fromkeys([*(value for name in NAMES if inspect.isclass(value := getattr(kitaru, name))), *of_client()])
)


def methods(kind: type) -> list[str]:
    """The public methods that the package itself gives a class."""
    return [
        name
        for name, value in inspect.getmembers(
            kind, lambda member: inspect.isfunction(member) or inspect.ismethod(member)
        )
        if not name.startswith("_") and value.__module__.startswith("kitaru.")
    ]


def shows(text: str, method: str = "") -> bool:
    return any(method in line for line in text.splitlines() if line.lstrip().startswith((">>> ", "... ")))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_public_class_and_its_methods_are_documented_with_examples(kind: type) -> None:
    """A method may be shown by the example of its class."""
    whole = inspect.getdoc(kind) or ""
    assert shows(whole), f"the docstring of {kind.__name__} shows no line that can be run"
    for name in methods(kind):
        if not {name, f"{kind.__name__}.{name}"} & set(NOT_SHOWN):
            own = inspect.getdoc(getattr(kind, name)) or ""
            assert shows(own) or shows(whole, f".{name}"), f"neither {kind.__name__}.{name} nor its class shows how"
