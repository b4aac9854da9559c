"""From a notebook, a script or a flow of this process to what a deployment is made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from kitaru.client.provenance import Source
from kitaru.errors import KitaruExportError, KitaruRuntimeError, KitaruStateError, KitaruUsageError
from kitaru.export.export import Export, render_notebook
from kitaru.export.live import check_saved, notebook_of, variable_of
from kitaru.export.locking import distributions_of, locked, required_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kitaru.runtime.flow import Flow


def deploy_file(
    path: str | Path,
    flows: Sequence[str] = (),
    *,
    inputs: Mapping[str, Any] | None = None,
    tags: Mapping[str, bool] | None = None,
    stack: str | None = None,
    cache: bool | None = None,
    retries: int | None = None,
    dry_run: bool = False,
) -> list[dict[str, Any]]:
    """Deploy flows of a saved notebook or of a script; nothing of it is run or imported in this process.

    A notebook is exported first. The script is then imported by a process of its own, as its flows cannot be frozen
    otherwise; its flows are not run.

    Parameters
    ----------
    path
        The notebook or script.
    flows
        Names of flows; all of them if not given.
    inputs
        Arguments that the versions have as defaults, as plain JSON data.
    tags
        Tags of the new versions, and whether each is exclusive.
    stack, cache, retries
        Settings of their executions.
    dry_run
        Only say what would be deployed.

    Returns
    -------
    list of dict
        What was, or would be, deployed: the fields of `kitaru.client.deployment.Deployment`.

    Raises
    ------
    KitaruExportError
        If something keeps the notebook from becoming a script.
    KitaruNotFoundError
        If there is no such notebook, script or flow.
    KitaruUsageError
        If the script cannot be imported, or an input cannot be a default.
    KitaruRuntimeError
        If the code of a flow cannot be frozen.
    """
    file = Path(path)
    if file.suffix == ".ipynb":
        made = render_notebook(file, list(flows) or None)
        source, name, wanted = source_of_export(made, file), made.path.name, list(made.flows)
    else:
        source, name, wanted = source_of_script(file), file.name, list(flows)
    order = {
        "script": source.script,
        "name": f"<{name}>",
        "folder": str(file.resolve().parent),
        "flows": wanted,
        "source": {"path": source.path, "requirements": source.requirements, "notes": source.notes},
        "inputs": dict(inputs or {}),
        "tags": dict(tags or {}),
        "stack": stack,
        "cache": cache,
        "retries": retries,
        "dry_run": dry_run,
    }
    return _frozen_apart(orjson.dumps(order), name)


def _frozen_apart(order: bytes, name: str) -> list[dict[str, Any]]:
    from kitaru.client import KitaruClient
    from kitaru.client.continuation import environment_of
    from kitaru.store.connect import close_store
    from kitaru.store.service.spawning import with_package
    from kitaru.store.service.wire import decode_error

    environment = with_package(environment_of(KitaruClient()))
    close_store()  # where the database is open in this process, the new one needs it
    command = [sys.executable, "-m", "kitaru.client.freezing"]
    ended = subprocess.run(command, input=order, capture_output=True, check=False, env=environment)
    if not ended.stdout:
        said = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "it said nothing"
        raise KitaruRuntimeError(f"The process that imported {name} ended with status {ended.returncode}: {said}.")
    told = orjson.loads(ended.stdout)
    if "error" in told:
        raise decode_error(500, ended.stdout, "the process")
    deployed: list[dict[str, Any]] = told["deployed"]
    return deployed


def source_of_flow(flow: Flow[..., Any]) -> Source:
    """Find out where a flow of this process comes from.

    Parameters
    ----------
    flow
        The flow.

    Returns
    -------
    Source
        With the script: that of the notebook's export, or the file that defines the flow. Where there is none, with the
        reason.
    """
    file = Path(flow.function.__code__.co_filename)
    if file.suffix == ".py" and file.is_file():
        return source_of_script(file)
    try:
        notebook = notebook_of(flow)
    except KitaruUsageError:
        return Source(None, "Nothing tells which notebook the flow was defined in.", requirements=_used_by(flow))
    try:
        made = render_notebook(notebook, [variable_of(flow)])
        check_saved(flow, made)
    except (KitaruExportError, KitaruStateError) as error:
        return Source(None, str(error), str(notebook.resolve()), _used_by(flow))
    return source_of_export(made, notebook)


def source_of_export(made: Export, notebook: Path) -> Source:
    """Describe what the export of a notebook gave.

    Parameters
    ----------
    made
        The script.
    notebook
        The notebook.
    """
    needed = locked(made.dependencies.requirements.values())
    return Source(made.text, None, str(notebook.resolve()), needed, made.notes)


def source_of_script(file: Path) -> Source:
    """Describe a script or module.

    Parameters
    ----------
    file
        The file.

    Raises
    ------
    KitaruUsageError
        If it cannot be read, or is no Python.
    """
    try:
        text = file.read_text(encoding="utf-8")
        return Source(text, None, str(file.resolve()), locked(required_by(text, file.parent)))
    except OSError as error:
        raise KitaruUsageError(f"{file} cannot be read: {error.strerror or error}. Check the path.") from None
    except UnicodeDecodeError:
        raise KitaruUsageError(f"{file} is not UTF-8 text. Give a notebook or a Python script.") from None
    except SyntaxError as error:
        raise KitaruUsageError(f"{file}, line {error.lineno}: {error.msg}. Correct the script.") from None


def _used_by(flow: Flow[..., Any]) -> tuple[str, ...]:
    from kitaru.code import explain_identity

    parts = explain_identity(flow.function).parts
    return locked(distributions_of(part.name for part in parts if part.kind == "library"))
