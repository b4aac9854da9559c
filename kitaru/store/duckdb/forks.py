"""Keeping forked children away from the files of a store that their parent has open."""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import Protocol


class Forsaken(Protocol):
    """Something that must not be used in a forked child."""

    def forsake(self) -> None:
        """Let go of files without writing to them."""
        ...


_open: weakref.WeakSet[Forsaken] = weakref.WeakSet()


def watch_forks(store: Forsaken) -> None:
    """Have `store` forsaken in every child that is forked while it lives."""
    _open.add(store)


def never_destroy(resource: object) -> None:
    """Keep a native object from being taken down when this process ends.

    A copy of a database that a fork made would write to the file that the parent owns, with threads that
    the child does not have.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(resource))


def _forsake_all() -> None:
    for store in tuple(_open):
        store.forsake()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake_all)
