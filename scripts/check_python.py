"""Stop with a clear message when this interpreter cannot run the project or make a virtual environment."""

from __future__ import annotations

import importlib.util
import sys

LOWEST = (3, 11)


def problem() -> str | None:
    if sys.version_info < LOWEST:
        found = ".".join(map(str, sys.version_info[:3]))
        return f"Kitaru needs Python 3.11 or newer and this is {found}; run `make PYTHON=python3.11` or install one."
    if importlib.util.find_spec("ensurepip") is None:
        return "This Python cannot make virtual environments; run `scripts/system-packages python3-venv`."
    return None


if __name__ == "__main__":
    if message := problem():
        sys.exit(message)
