"""The live view: painted at once, kept up to date from a thread, final when the flow ends."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.code.notebook import is_in_vs_code
from kitaru.errors import KitaruBackendError, KitaruError, KitaruStoreError, KitaruTimeoutError
from kitaru.notebook.output import CellOutput, kernel_shell
from kitaru.stacks.capture import shown_in_views
from kitaru.views.bundle import mime_bundle
from kitaru.views.model import MIME_TYPE
from kitaru.views.pending import pending_view
from kitaru.views.record import MOST_WHOLE
from kitaru.views.text import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.client.client import KitaruClient
    from kitaru.runtime.handle import FlowHandle
    from kitaru.views.model import ExecutionView

TICK_SECONDS: Final = 2.0
"""A running view whose figures do not change still shows that time passes."""
LOOK_SECONDS: Final = 0.2
"""How often a terminal, which has no live view, looks whether a question is open."""
_AT_REST: Final = frozenset({"waiting", "completed", "failed", "cancelled", "interrupted"})
_OVER: Final = _AT_REST - {"waiting"}


@contextlib.contextmanager
def announced(flow: str) -> Iterator[CellOutput | None]:
    """Show in this cell that a flow starts, before anybody asks the store for anything.

    Parameters
    ----------
    flow
        Its name.

    Yields
    ------
    CellOutput or None
        Where its view goes; None outside of a kernel. It says so if the flow does not start.
    """
    shell = kernel_shell()
    if shell is None:
        yield None
        return
    output = CellOutput(shell)
    # Without the document: there is no execution yet that a front end could ask for.
    output.show({kind: shown for kind, shown in mime_bundle(pending_view("", flow)).items() if kind != MIME_TYPE})
    try:
        yield output
    except BaseException:
        output.show({"text/plain": f"{flow} did not start."})
        raise


def watch(handle: FlowHandle[Any], *, detach: bool = False, output: CellOutput | None = None) -> LiveView | None:
    """Show an execution in this cell, live, until it has ended or waits for a human.

    Parameters
    ----------
    handle
        What ``.run()`` returned.
    detach
        Return at once; the view goes on.
    output
        Where it was announced; a new output of this cell if not given.

    Returns
    -------
    LiveView or None
        None in a terminal.

    Notes
    -----
    An interrupt of the cell comes through; the execution goes on, and the view with it. When the flow ends, be it long
    after the cell, its final state is written into the output.
    """
    shell = kernel_shell()
    if shell is None:
        _in_terminal(handle, detach)
        return None
    live = LiveView(output or CellOutput(shell), handle.exec_id, handle.flow_name)
    live.start()
    if not detach:
        live.rested.wait()
        for wait in live.questions():
            offer_form(wait.exec_id, wait.name)
    return live


def display_view(exec_id: str, client: KitaruClient | None = None) -> None:
    """Show an execution in this cell; one that has not ended is kept up to date.

    Parameters
    ----------
    exec_id
        Its id, or the beginning of it.
    client
        Where it is; a new `KitaruClient` if not given.

    Raises
    ------
    KitaruNotFoundError
        If there is none.
    """
    from kitaru.client import KitaruClient
    from kitaru.views.build import execution_view

    client = client or KitaruClient()
    view = execution_view(client, exec_id)
    shell = kernel_shell()
    if shell is None:
        _print(view)
        return
    live = LiveView(CellOutput(shell), view.exec_id, view.flow, client, view)
    if view.status not in _OVER:
        live.start()


class LiveView:
    """One execution in one output.

    Parameters
    ----------
    output
        Where it is shown.
    exec_id, flow
        The execution and its flow's name: enough to paint before the store has answered.
    client
        Where it is recorded.
    view
        What is painted first, if it is known already.
    """

    def __init__(
        self,
        output: CellOutput,
        exec_id: str,
        flow: str,
        client: KitaruClient | None = None,
        view: ExecutionView | None = None,
    ) -> None:
        self._exec_id = exec_id
        self._client = client
        self._output = output
        self._view = view or pending_view(exec_id, flow)
        self.rested = threading.Event()
        """Set once the view shows that the execution has ended or waits."""
        self._output.show(mime_bundle(self._view))
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._follow,), name=f"kitaru-view-{exec_id}", daemon=True
        )

    def start(self) -> None:
        """Keep the output up to date, from a thread; captured output is shown in the view alone."""
        shown_in_views.add(self._exec_id)
        self._thread.start()

    def questions(self) -> list[Any]:
        """Return the open questions that are shown now."""
        return list(self._view.waits)

    def leave_traceback_to_cell(self) -> None:
        """Show a failure without its traceback: the cell ends with the same error, which has it."""
        self._output.show(mime_bundle(_without_traceback(self._view)))

    def _follow(self) -> None:
        try:
            self._keep_painting()
        except (KitaruBackendError, KitaruStoreError) as error:
            sys.stderr.write(f"The view of {self._exec_id} stands still: {error}\n")
        finally:
            shown_in_views.discard(self._exec_id)
            self.rested.set()

    def _keep_painting(self) -> None:
        from kitaru.client import KitaruClient
        from kitaru.notebook.feed import Feed
        from kitaru.notebook.pace import KEPT, SHORTEST, Pace

        client = self._client or KitaruClient()
        feed, pace = Feed(client, self._exec_id), Pace(KEPT if has_own_forms() else SHORTEST)
        painted = 0.0
        try:
            while True:
                began = time.thread_time()
                view = feed.view()
                if view is None and self._view.status == "running" and time.monotonic() - painted > TICK_SECONDS:
                    view = self._view.model_copy(update={"at": time.time()})
                if view is not None:
                    self._paint(view)
                    painted = time.monotonic()
                if self._view.status in _OVER or feed.gone:
                    return
                feed.rest(pace.rest(time.thread_time() - began, large=self._view.totals.calls > MOST_WHOLE))
        finally:
            feed.close()

    def _paint(self, view: ExecutionView) -> None:
        self._output.show(mime_bundle(view))
        self._view = view
        if view.status in _AT_REST:
            self.rested.set()


def offer_form(exec_id: str, name: str) -> None:
    """Show a form below the view, unless the front end draws one in the view itself."""
    if has_own_forms():
        return
    from IPython.display import display

    from kitaru.widgets import wait_form

    try:
        form = wait_form(exec_id, name)
    except KitaruError:
        return  # answered meanwhile
    display(form)


def has_own_forms() -> bool:
    """Whether the front end is one that has our extension: JupyterLab or Notebook, with it installed and enabled.

    The kernel cannot ask; where it is in doubt a form is shown once more than needed.
    """
    if is_in_vs_code() or "google.colab" in sys.modules:
        return False
    from jupyter_core.paths import jupyter_path

    installed = any((Path(folder) / "kitaru" / "package.json").is_file() for folder in jupyter_path("labextensions"))
    return installed and not _is_disabled()


def _is_disabled() -> bool:
    """Whether `jupyter labextension disable` was used on our extension, or on its part that draws forms."""
    from jupyter_core.paths import jupyter_config_path

    for folder in jupyter_config_path():  # the one that counts most first
        with contextlib.suppress(OSError, ValueError):  # there is none, or it is not JSON: Lab goes by the next one too
            told = json.loads((Path(folder) / "labconfig" / "page_config.json").read_text())["disabledExtensions"]
            for name in ("kitaru", "kitaru:renderer"):
                if name in told:
                    return told[name] is not False if isinstance(told, dict) else True
    return False


def _in_terminal(handle: FlowHandle[Any], detach: bool) -> None:
    if detach:
        print(f"{handle.exec_id} of {handle.flow_name} runs; handle.wait() waits for its end.")
        return
    while not _rests(handle):
        pass
    from kitaru.client import KitaruClient
    from kitaru.views.build import execution_view

    view = execution_view(KitaruClient(), handle.exec_id)
    # What failed in this process is raised after this, with its traceback.
    _print(view if handle._engine.runs.get(handle.exec_id) is None else _without_traceback(view))  # noqa: SLF001


def _rests(handle: FlowHandle[Any]) -> bool:
    """Wait a little; tell whether the execution has ended, or asks what nobody at this terminal can be asked."""
    try:
        handle.wait(timeout=LOOK_SECONDS)
    except KitaruError:
        if handle.status != "waiting":
            return not isinstance(sys.exception(), KitaruTimeoutError)
        return not _asked_here(handle)
    return True


def _asked_here(handle: FlowHandle[Any]) -> bool:
    from kitaru.client import KitaruClient
    from kitaru.views.terminal import answer_here

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    for wait in KitaruClient().executions.pending_waits(handle.exec_id):
        answer_here(wait)
    return True


def _without_traceback(view: ExecutionView) -> ExecutionView:
    if view.failure is None:
        return view
    return view.model_copy(update={"failure": view.failure.model_copy(update={"traceback": ""})})


def _print(view: ExecutionView) -> None:
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(as_text(view)))
