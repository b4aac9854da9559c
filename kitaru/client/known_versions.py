"""The versions of flows that this process knows, so that nobody runs another one unawares.

Who invokes by a tag follows it wherever others move it. The first time that it leads to a version which this process
has not seen before, although it knows others of the flow, that is told.
"""

from __future__ import annotations

import inspect
import threading
import warnings
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from kitaru.client.times import ago, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.store.protocol import Store

_known: WeakKeyDictionary[Store, dict[str, set[int]]] = WeakKeyDictionary()
_lock = threading.Lock()


def see(store: Store, flow: str, version: int) -> bool:
    """Take note of a version; say whether it is the first one of its flow, or was known before."""
    with _lock:
        versions = _known.setdefault(store, {}).setdefault(flow, set())
        expected = not versions or version in versions
        versions.add(version)
        return expected


def warn_of_new(store: Store, row: Mapping[str, Any], tag: str) -> None:
    """Warn if a tag leads to a version that is seen now for the first time."""
    flow, version = row["flow"], row["version"]
    if see(store, flow, version):
        return
    when = moment(row["created_at"])
    made = " ".join(
        ["deployed", *([ago(when)] if when else []), *([f"by {row['created_by']}"] if row["created_by"] else [])]
    )
    warnings.warn(
        f"The tag {tag} of flow {flow} leads to version {version} now, {made}, which this process has not seen before. "
        f"To stay with a version, give its number: version={version}.",
        UserWarning,
        stacklevel=_outside(),
    )


def _outside() -> int:
    """Return how many frames above the caller the code stands that is not Kitaru's own."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "kitaru":
        frame, level = frame.f_back, level + 1
    return level
