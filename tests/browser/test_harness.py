from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.jupyter import Jupyter


def test_a_cell_runs_and_its_output_is_shown(either: Jupyter) -> None:
    either.open(either.server.write_notebook("plain.ipynb", "print(6 * 7)"))
    expect(either.run(0)).to_have_text("42")


def test_the_front_end_is_loaded(either: Jupyter) -> None:
    either.open(either.server.write_notebook("loaded.ipynb", "1"))
    assert either.page.evaluate("() => jupyterapp.hasPlugin('kitaru:renderer')")
    assert either.page.evaluate("() => jupyterapp.isPluginActivated('kitaru:model')")
