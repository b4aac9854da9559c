from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from kitaru.runtime.values.previews import preview
from kitaru.widgets import ArtifactInspector
from kitaru.widgets.previews import preview_html, tree_html, value_html
from tests.widgets.conftest import click, texts, until
from tests.widgets.flows import measuring, report

if TYPE_CHECKING:
    from kitaru.client import KitaruClient


def inspector_of(exec_id: str) -> ArtifactInspector:
    inspector = ArtifactInspector(exec_id)
    until(inspector, lambda: inspector.artifacts)
    return inspector


def select(inspector: ArtifactInspector, name: str) -> str:
    inspector.selected = next(one.artifact_id for one in inspector.artifacts if name in (one.name, one.producing_call))
    return texts(inspector)


def test_without_a_value_it_says_where_values_come_from(client: KitaruClient) -> None:
    inspector = ArtifactInspector()
    until(inspector, lambda: inspector.updates)
    assert "No value is stored yet." in texts(inspector)


def test_values_are_shown_by_their_kind_without_being_read(finished: Any) -> None:
    inspector = inspector_of(finished(measuring))
    assert "<td>&lt;b&gt;</td>" in select(inspector, "table")
    assert "2 rows, 2 columns" in texts(inspector)
    assert '<img class="kitaru-image"' in select(inspector, "picture")
    assert "<em>works</em>" in select(inspector, "notes")
    assert "&lt;script&gt;" in texts(inspector)
    assert "deepest" in select(inspector, "output")
    assert "<i>" not in texts(inspector)
    assert inspector.value is None


def test_a_value_is_loaded_when_somebody_asks_for_it(finished: Any) -> None:
    inspector = inspector_of(finished(measuring))
    select(inspector, "table")
    click(inspector, "Load the value")
    until(inspector, lambda: inspector.value is not None)
    assert isinstance(inspector.value, pd.DataFrame)
    assert "dataframe" in texts(inspector)
    select(inspector, "notes")
    assert inspector.value is None, "another one is shown now"


def test_it_follows_the_execution_that_it_is_given(client: KitaruClient, finished: Any) -> None:
    inspector = inspector_of(finished(measuring))
    inspector.exec_id = finished(report)
    until(inspector, lambda: [one.producing_call for one in inspector.artifacts] == ["research"])
    assert "notes about cats" in texts(inspector)
    inspector.exec_id = ""
    until(inspector, lambda: len(inspector.artifacts) == 5)


class Hostile:
    def __repr__(self) -> str:
        return "<script>alert(1)</script>"


class Broken:
    def _repr_html_(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value", ["<script>", b"\x00<script>", ["<script>"], {"<script>": {"a": "<script>"}}, Hostile(), 2**90, None]
)
def test_nothing_in_a_preview_is_taken_for_markup(value: Any) -> None:
    described = preview(value)
    assert "<script>" not in preview_html(described, described["text"])


def test_a_value_that_cannot_show_itself_says_so() -> None:
    assert "Broken._repr_html_: no" in value_html(Broken())


def test_a_huge_tree_is_cut() -> None:
    assert tree_html([[number] * 50 for number in range(500)]).count("<li>") == 2000
