"""What a deployment is made of: frozen code, script, parameters, requirements, and where it came from."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitaru.client.provenance import Source, commit_of
from kitaru.errors import KitaruRuntimeError
from kitaru.runtime.parameter_schema import parameter_schema, with_given
from kitaru.runtime.settings import KitaruConfig, Settings, resolve
from kitaru.runtime.snapshot import Frozen, freeze_whole
from kitaru.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kitaru.runtime.flow import Flow


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a version that is not made yet.

    Parameters
    ----------
    facts
        What is recorded of it; see `kitaru.store.events.DEPLOYED`.
    frozen
        The code that its executions run.
    """

    facts: dict[str, Any]
    frozen: Frozen


def content_of(
    flow: Flow[..., Any], asked: KitaruConfig, inputs: Mapping[str, Any], source: Source | None = None
) -> Content:
    """Gather what a deployment of a flow consists of; nothing of the flow is run.

    Parameters
    ----------
    flow
        The flow.
    asked
        Settings of the executions.
    inputs
        Arguments that become defaults.
    source
        Where the flow comes from; found out if None.

    Raises
    ------
    KitaruRuntimeError
        If the code cannot be frozen, so that no other process could run it.
    KitaruUsageError
        If an input cannot be a default.
    """
    frozen = freeze_whole(flow)
    if frozen.code is None:
        raise KitaruRuntimeError(
            f"Flow {flow.name} cannot be deployed: {'; '.join(frozen.notes)}. Make what cannot be frozen inside the "
            "flow or a checkpoint, so that every process makes its own."
        )
    # The export is a surface, above the client, and is not known here but by its name.
    found: Source = source or import_module("kitaru.export.deploying").source_of_flow(flow)
    commit_sha, commit_dirty = commit_of(found.path)
    settings = _settings(flow, asked)
    facts = {
        "flow": flow.name,
        "script": found.script,
        "script_note": found.script_note,
        "parameters": with_given(parameter_schema(flow), flow, inputs),
        "requirements": [*found.requirements],
        "source": found.path,
        "source_digest": found.digest(),
        "commit_sha": commit_sha,
        "commit_dirty": commit_dirty,
        "python": platform.python_version(),
        "kitaru": __version__,
        "interpreter": sys.executable,
        "cwd": str(Path.cwd()),
        "import_path": sys.path[0],
        "stack": settings.stack,
        "settings": settings.record(),
        "notes": [*found.notes, *frozen.notes],
    }
    return Content(facts, frozen)


def _settings(flow: Flow[..., Any], asked: KitaruConfig) -> Settings:
    # Who invokes a version wants it to run; only where its author says so does it take what another run recorded.
    declared = asked.cache if asked.cache is not None else flow.config.cache
    return resolve(KitaruConfig(asked.stack, bool(declared), asked.retries), flow.config)
