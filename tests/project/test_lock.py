from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.source_tree import ROOT

LOCK = (ROOT / "requirements" / "dev.lock").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins() -> dict[str, list[Requirement]]:
    """The lock's requirements by name; a name has several where the versions of Python need different releases."""
    lines = re.findall(r"^([A-Za-z0-9].*?)(?: \\)?$", LOCK, flags=re.MULTILINE)
    by_name: dict[str, list[Requirement]] = {}
    for requirement in map(Requirement, lines):
        by_name.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return by_name


def wanted() -> list[Requirement]:
    groups = [entry for group in PROJECT["dependency-groups"].values() for entry in group if isinstance(entry, str)]
    extras = [entry for extra in PROJECT["project"]["optional-dependencies"].values() for entry in extra]
    return [
        Requirement(text)
        for text in [*PROJECT["project"]["dependencies"], *extras, *groups, *PROJECT["build-system"]["requires"]]
    ]


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_the_lock_pins_a_release_that_the_project_asks_for(requirement: Requirement) -> None:
    found = pins().get(canonicalize_name(requirement.name))
    assert found, f"{requirement.name} is not in the lock; run `make lock`"
    for pin in found:
        (version,) = [specifier.version for specifier in pin.specifier]
        assert requirement.specifier.contains(version, prereleases=True), f"{pin} is not {requirement}; run `make lock`"


def test_every_pin_of_the_lock_has_hashes() -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)
    assert [block.split()[0] for block in blocks if block.strip() and "--hash=sha256:" not in block] == []


def test_the_lock_brings_no_deep_learning_framework() -> None:
    assert {"torch", "tensorflow", "jax", "triton"} & set(pins()) == set()
