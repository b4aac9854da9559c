"""The front end as a package: which JupyterLab it takes, and what its style sheet does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "labextension"
PACKAGE = json.loads((SOURCE / "package.json").read_text())
STYLE = (SOURCE / "style" / "base.css").read_text()
STILL = re.compile(r"@media \(prefers-reduced-motion: reduce\) \{(.*?)\n\}", re.DOTALL)


def rules(text: str) -> dict[str, str]:
    """Declarations by selectors, those of rules within others too."""
    return {selector.strip(): body for selector, body in re.findall(r"([^{};/]+)\{([^{}]*)\}", text)}


def test_all_that_moves_stands_still_where_that_is_wanted() -> None:
    moves = re.compile(r"\b(animation|transition|scroll-behavior)\b")
    moving = {selector for selector, body in rules(STILL.sub("", STYLE)).items() if moves.search(body)}
    still = {selector for inner in STILL.findall(STYLE) for selector in rules(inner)}
    assert moving
    assert moving == still


def test_colours_are_those_of_the_theme() -> None:
    own = re.compile(r"#[0-9a-f]{3}|\b(rgba?|hsla?)\(", re.IGNORECASE)
    assert [selector for selector, body in rules(STYLE).items() if own.search(body)] == []


def test_without_node_an_editable_install_goes_on_and_says_that_it_has_no_front_end(tmp_path: Path) -> None:
    for part in ("kitaru", "labextension", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"):
        source, target = ROOT / part, tmp_path / "source" / part
        target.parent.mkdir(exist_ok=True)
        built = shutil.ignore_patterns("node_modules", ".yarn", "lib", "labextension" if part == "kitaru" else "")
        shutil.copytree(source, target, ignore=built) if source.is_dir() else shutil.copy(source, target)
    build = "from hatchling.build import build_editable as build; print(build('.'))"
    done = subprocess.run(
        [sys.executable, "-c", build],
        cwd=tmp_path / "source", env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (tmp_path / "source" / done.stdout.split()[-1]).exists()
    assert "UserWarning" in done.stderr
    assert "Could not find cmd (jlpm)" in done.stderr
    assert not (tmp_path / "source" / "kitaru" / "labextension").exists()


def test_every_jupyterlab_that_is_supported_fits_what_the_bundle_asks_for() -> None:
    # Left to itself the builder asks for the JupyterLab that it came out with, and older ones complain on the console.
    supported = {name: asked for name, asked in PACKAGE["dependencies"].items() if name.startswith("@jupyterlab/")}
    shared = PACKAGE["jupyterlab"]["sharedPackages"]
    assert {name: one["requiredVersion"] for name, one in shared.items()} == supported
    assert supported["@jupyterlab/application"] == "^4.4.0"
