"""One output of one cell: shown once, changed from any thread, always in the cell that it belongs to.

Kernels differ in how a thread's output finds its cell. A thread that runs in a copy of the cell's context is pinned
to it on ipykernel 7; 7.4 can also be told for a thread. On ipykernel 6 there is one parent for the whole process, which
must not be touched from a thread: updates find their output by its display id there.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def kernel_shell() -> Any | None:
    """Return the shell of the kernel that this code runs in; None elsewhere, also in a terminal's IPython."""
    import sys

    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None


class CellOutput:
    """An output of the cell that runs now.

    Parameters
    ----------
    shell
        The kernel's shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._parent = shell.get_parent() if hasattr(shell, "get_parent") else shell.parent_header
        self._display_id = uuid.uuid4().hex
        self._is_shown = False

    def show(self, bundle: dict[str, Any]) -> None:
        """Show it: for the first time from the cell's own thread, then something else from any."""
        if self._is_shown:
            with self._pinned():
                self._publish(bundle, update=True)
        else:
            self._publish(bundle, update=False)
            self._is_shown = True

    def _publish(self, bundle: dict[str, Any], *, update: bool) -> None:
        transient = {"display_id": self._display_id}
        self._shell.display_pub.publish(data=bundle, metadata={}, transient=transient, update=update)

    @contextlib.contextmanager
    def _pinned(self) -> Iterator[None]:
        pin = getattr(self._shell, "set_thread_parent", None)
        if pin is None:
            yield
            return
        tokens = pin(self._parent)
        try:
            yield
        finally:
            self._shell.reset_thread_parent(tokens)
