"""Durable flows for notebooks: checkpoint what your functions return, go on where they stopped.

>>> import kitaru
>>> @kitaru.checkpoint
... def shout(text: str) -> str:
...     return text.upper()
>>> @kitaru.flow
... def greet(name: str) -> str:
...     return shout(f"hello, {name}")
>>> greet.run("Ada").wait()
'HELLO, ADA'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kitaru.version import __version__ as __version__

if TYPE_CHECKING:
    from kitaru import events as events
    from kitaru.client import Deployment as Deployment
    from kitaru.client import KitaruClient as KitaruClient
    from kitaru.client.diff import diff as diff
    from kitaru.errors import FailureOrigin as FailureOrigin
    from kitaru.runtime.artifacts import load as load
    from kitaru.runtime.artifacts import save as save
    from kitaru.runtime.chance import now as now
    from kitaru.runtime.chance import random as random
    from kitaru.runtime.chance import sleep as sleep
    from kitaru.runtime.chance import uuid4 as uuid4
    from kitaru.runtime.checkpoint import Checkpoint as Checkpoint
    from kitaru.runtime.checkpoint import checkpoint as checkpoint
    from kitaru.runtime.flow import Flow as Flow
    from kitaru.runtime.flow import flow as flow
    from kitaru.runtime.futures import CallFuture as CallFuture
    from kitaru.runtime.futures import MapFuture as MapFuture
    from kitaru.runtime.handle import FlowHandle as FlowHandle
    from kitaru.runtime.language import llm as llm
    from kitaru.runtime.reporting import current_execution_id as current_execution_id
    from kitaru.runtime.reporting import idempotency_key as idempotency_key
    from kitaru.runtime.reporting import is_replay as is_replay
    from kitaru.runtime.reporting import log as log
    from kitaru.runtime.reporting import progress as progress
    from kitaru.runtime.retry import Retry as Retry
    from kitaru.runtime.settings import KitaruConfig as KitaruConfig
    from kitaru.runtime.settings import configure as configure
    from kitaru.runtime.values.codec import register_codec as register_codec
    from kitaru.runtime.waiting import wait as wait
    from kitaru.stacks.registry import StackInfo as StackInfo
    from kitaru.stacks.registry import create_stack as create_stack
    from kitaru.stacks.registry import current_stack as current_stack
    from kitaru.stacks.registry import delete_stack as delete_stack
    from kitaru.stacks.registry import list_stacks as list_stacks
    from kitaru.stacks.registry import use_stack as use_stack
    from kitaru.store.connect import connect as connect

_HOMES = {
    "CallFuture": "runtime.futures",
    "Checkpoint": "runtime.checkpoint",
    "Deployment": "client",
    "FailureOrigin": "errors",
    "Flow": "runtime.flow",
    "FlowHandle": "runtime.handle",
    "KitaruClient": "client",
    "KitaruConfig": "runtime.settings",
    "MapFuture": "runtime.futures",
    "Retry": "runtime.retry",
    "StackInfo": "stacks.registry",
    "checkpoint": "runtime.checkpoint",
    "configure": "runtime.settings",
    "connect": "store.connect",
    "create_stack": "stacks.registry",
    "current_execution_id": "runtime.reporting",
    "current_stack": "stacks.registry",
    "delete_stack": "stacks.registry",
    "diff": "client.diff",
    "events": "",
    "flow": "runtime.flow",
    "idempotency_key": "runtime.reporting",
    "is_replay": "runtime.reporting",
    "list_stacks": "stacks.registry",
    "llm": "runtime.language",
    "load": "runtime.artifacts",
    "log": "runtime.reporting",
    "now": "runtime.chance",
    "progress": "runtime.reporting",
    "random": "runtime.chance",
    "register_codec": "runtime.values.codec",
    "save": "runtime.artifacts",
    "sleep": "runtime.chance",
    "use_stack": "stacks.registry",
    "uuid4": "runtime.chance",
    "wait": "runtime.waiting",
}
"""Public names and the modules that define them; a module is imported when one of its names is first used."""

__all__ = [
    "CallFuture",
    "Checkpoint",
    "Deployment",
    "FailureOrigin",
    "Flow",
    "FlowHandle",
    "KitaruClient",
    "KitaruConfig",
    "MapFuture",
    "Retry",
    "StackInfo",
    "checkpoint",
    "configure",
    "connect",
    "create_stack",
    "current_execution_id",
    "current_stack",
    "delete_stack",
    "diff",
    "events",
    "flow",
    "idempotency_key",
    "is_replay",
    "list_stacks",
    "llm",
    "load",
    "log",
    "now",
    "progress",
    "random",
    "register_codec",
    "save",
    "sleep",
    "use_stack",
    "uuid4",
    "wait",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kitaru' has no attribute {name!r}")
    home = _HOMES[name]
    value = getattr(import_module(f"kitaru.{home}"), name) if home else import_module(f"kitaru.{name}")
    globals()[name] = value
    return value


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from kitaru.jupyter.application import KitaruExtension

    return [{"module": "kitaru.jupyter.application", "app": KitaruExtension}]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the built front end is, for development installs."""
    return [{"src": "labextension", "dest": "kitaru"}]


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext kitaru``: register the magics, say where executions are recorded and which ones can go on."""
    from kitaru.notebook import load

    load(shell)


def _register_magics() -> None:
    """In a notebook ``import kitaru`` alone gives the magics; elsewhere IPython is not even looked for."""
    import sys

    if "IPython" in sys.modules:
        from kitaru.notebook import register_if_running

        register_if_running()


_register_magics()
