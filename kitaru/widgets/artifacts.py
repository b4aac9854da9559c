"""`ArtifactInspector`: stored values, shown by their previews, and read when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import traitlets

from kitaru.errors import KitaruError
from kitaru.store.events import ARTIFACT_SAVED, CALL_COMPLETED
from kitaru.widgets.base import LOCK, StoreWidget
from kitaru.widgets.previews import is_markdown, preview_html, value_html
from kitaru.widgets.style import button, clock, empty_state, html, put, span
from kitaru.widgets.worker import ACTIONS

if TYPE_CHECKING:
    from kitaru.client import KitaruClient
    from kitaru.client.models import ArtifactRef

MOST: Final = 200
EXAMPLE: Final = """from kitaru import checkpoint, save

@checkpoint
def measure() -> float:
    save("readings", [1.5, 2.5])
    return 2.0"""


class ArtifactInspector(StoreWidget):
    """The values of an execution, or the newest of all: tables, images, trees, text and Markdown.

    Parameters
    ----------
    exec_id
        First value of the trait.
    client
        Whose store is shown; what this process works with if not given.

    Notes
    -----
    What is shown at first is the preview that was made when the value was saved. *Load the value* reads the value
    itself into this process, which runs the code of pickled ones; it is then in ``value``.

    Examples
    --------
    >>> from kitaru.widgets import ArtifactInspector
    >>> inspector = ArtifactInspector()
    >>> inspector.refresh()
    >>> inspector.artifacts
    ()
    >>> inspector.close()
    """

    exec_id = traitlets.Unicode("", help="Execution whose values are listed; empty for the newest of all.").tag(
        sync=False
    )
    selected = traitlets.Unicode("", help="Id of the artifact that is shown.").tag(sync=False)
    artifacts = traitlets.Tuple(read_only=True, help="The artifacts that are listed.").tag(sync=False)
    value = traitlets.Any(None, read_only=True, help="The value, after it was loaded.").tag(sync=False)

    def __init__(self, exec_id: str = "", client: KitaruClient | None = None) -> None:
        super().__init__(client)
        self.exec_id = exec_id
        self._list = ipywidgets.Select(options=[], rows=10, description="Values")
        self._list.style = {"description_width": "auto"}
        self._list.add_class("kitaru-select")
        self._facts, self._preview, self._message = html(""), html("", "kitaru-grow"), html("", "kitaru-error")
        self._load = button("Load the value", self.load, title="Read the value into this process and show it whole")
        self._empty = html("", "kitaru-empty")
        shown = ipywidgets.VBox([self._facts, self._preview, self._load, self._message])
        shown.add_class("kitaru-grow")
        self._both = ipywidgets.HBox([self._list, shown])
        self._both.add_class("kitaru-split")
        self._list.observe(lambda change: self._pick(change["new"]), "value")
        self.observe(lambda _: self._changed(), "exec_id")
        self.observe(lambda _: self._draw(), "selected")
        self._changed()
        self._listener.kinds |= {ARTIFACT_SAVED, CALL_COMPLETED}
        self._begin([self._both, self._empty])

    @property
    def artifact(self) -> ArtifactRef | None:
        """The artifact that is shown."""
        return next((one for one in self.artifacts if one.artifact_id == self.selected), None)

    def load(self) -> None:
        """Read the selected value and show it; what a click on *Load the value* does."""
        with LOCK:
            artifact = self.artifact
            if artifact is None:
                return
            self._load.disabled = True
            self._load.description = "Loading…"
        ACTIONS.submit(lambda: self._load_now(artifact))

    def _load_now(self, artifact: ArtifactRef) -> None:
        try:
            value = artifact.load()
            shown, problem = value_html(value, markdown=is_markdown(artifact)), ""
        except KitaruError as error:
            value, shown, problem = None, "", str(error)
        with LOCK:
            if self.selected != artifact.artifact_id:
                return  # somebody has gone on to another one
            self._load.disabled, self._load.description = False, "Load the value"
            put(self._message, f'<span role="alert">{span(problem)}</span>' if problem else "")
            if not problem:
                put(self._preview, shown)
                self._load.layout.display = "none"
                self.set_trait("value", value)

    def _changed(self) -> None:
        self._listener.execution = self.exec_id or None
        self.refresh_soon()

    def _pick(self, artifact_id: str | None) -> None:
        with LOCK:
            if artifact_id is not None:
                self.selected = artifact_id

    def _read(self) -> Any:
        return self.client.artifacts.list(self.exec_id or None, limit=MOST)

    def _show(self, found: list[ArtifactRef]) -> None:
        self.set_trait("artifacts", tuple(found))
        ids = [one.artifact_id for one in found]
        options = [(_line(one, own=bool(self.exec_id)), one.artifact_id) for one in found]
        if tuple(options) != tuple(self._list.options):
            kept = self.selected if self.selected in ids else ids[0] if ids else None
            with self.hold_trait_notifications():
                self._list.options = options
                self._list.value = kept
                self.selected = kept or ""
        self._both.layout.display = None if found else "none"
        told = "This execution has no values yet." if self.exec_id else "No value is stored yet."
        put(self._empty, "" if found else empty_state(f"{told} They come from checkpoints and from save():", EXAMPLE))

    def _draw(self) -> None:
        with LOCK:
            artifact = self.artifact
            self.set_trait("value", None)
            put(self._message, "")
            self._load.disabled, self._load.description = False, "Load the value"
            self._load.layout.display = None if artifact else "none"
            if artifact is None:
                put(self._facts, "")
                put(self._preview, "")
                return
            if self._list.value != self.selected and self.selected in dict(self._list.options).values():
                self._list.value = self.selected
            put(self._facts, _facts(artifact))
            shown = preview_html(artifact.value.preview, artifact.value.text, markdown=is_markdown(artifact))
            put(self._preview, shown)


def _line(artifact: ArtifactRef, *, own: bool) -> str:
    name = artifact.producing_call if artifact.name == "output" else artifact.name
    text = f"{name or 'output'}: {artifact.value.text}"
    line = text if len(text) <= 60 else f"{text[:59]}…"
    return line if own else f"{line} ({artifact.exec_id})"


def _facts(artifact: ArtifactRef) -> str:
    value = artifact.value
    kind = (value.type or "").removeprefix("builtins.")
    made = f"returned by {artifact.producing_call}" if artifact.save_type == "output" else f"saved as {artifact.name}"
    if artifact.save_type != "output" and artifact.producing_call:
        made += f" in {artifact.producing_call}"
    facts = [span(kind, "kitaru-code"), span(_size(value.size)), span(made), clock(artifact.created_at)]
    ident = span(artifact.artifact_id, "kitaru-code", "kitaru-cut", title=artifact.artifact_id)
    return f'<div class="kitaru-help">{" · ".join(fact for fact in facts if fact)}<br>{ident}</div>'


def _size(size: int | None) -> str:
    if size is None:
        return ""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"
