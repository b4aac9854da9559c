from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import PYTHON, server_environment

if TYPE_CHECKING:
    from tests.browser.jupyter import Jupyter, Server


def test_the_front_end_is_loaded_and_a_cell_runs(either: Jupyter) -> None:
    either.open(either.server.write_notebook("plain.ipynb", "print(6 * 7)"))
    assert either.page.evaluate("() => jupyterapp.hasPlugin('kitaru:renderer')")
    assert either.page.evaluate("() => jupyterapp.isPluginActivated('kitaru:model')")
    expect(either.run(0)).to_have_text("42")


@pytest.mark.parametrize("command", ["labextension", "server extension"])
def test_jupyter_lists_the_extension_as_enabled_and_sound(server: Server, command: str) -> None:
    environment = server_environment(server.root.parent, server.home)
    listing = [PYTHON, "-m", "jupyter", *command.split(), "list"]
    done = subprocess.run(listing, env=environment, capture_output=True, text=True, timeout=300, check=True)
    told = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)
    expected = r"kitaru v\S+ enabled\s+OK" if command == "labextension" else r"kitaru enabled[\s\S]*kitaru \S+\s+OK"
    assert re.search(expected, told), told
