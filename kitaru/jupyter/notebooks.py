"""Routes about saved notebooks: their flows, as scripts and as deployments.

A notebook is exported and deployed by the Python of its kernel, which has the libraries that it uses. That is a process
of its own: nothing of the notebook is imported here, and the kernel may be busy or away.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from jupyter_client.kernelspec import NoSuchKernel

from kitaru.errors import KitaruError, KitaruRuntimeError, KitaruTimeoutError
from kitaru.jupyter.deployment_models import Exported, NotebookFlows
from kitaru.jupyter.deployments import summary
from kitaru.jupyter.failures import RequestError, of_kitaru

if TYPE_CHECKING:
    from kitaru.jupyter.deployment_models import DeployBody, DeploymentSummary, ExportBody
    from kitaru.jupyter.endpoints import Request
    from kitaru.jupyter.models import NotebookQuery

_SECONDS: Final = 600.0
"""After which a process that imports a notebook's libraries is given up."""


def flows(request: Request[NotebookQuery, None]) -> NotebookFlows:
    """Name the flows of a saved notebook."""
    from kitaru.export.notebook import read_notebook
    from kitaru.export.program import read_program

    file = request.homes.file(request.query.path)
    return NotebookFlows(flows=[*read_program(read_notebook(file)).flows], interpreter=_interpreter(request, file))


def export(request: Request[NotebookQuery, ExportBody]) -> Exported:
    """Write flows of a saved notebook as a script beside it."""
    file, asked = request.homes.file(request.query.path), request.body
    made = _kitaru(request, file, "export", str(file), *asked.flows, *(["--force"] if asked.force else []))["item"]
    beside = Path(request.query.path).parent / Path(made["path"]).name
    return Exported(path=beside.as_posix(), flows=made["flows"], notes=made["notes"])


def deploy(request: Request[NotebookQuery, DeployBody]) -> list[DeploymentSummary]:
    """Make the next version of a flow of a saved notebook."""
    file, asked = request.homes.file(request.query.path), request.body
    options = [f"--tag={tag}" for tag in asked.tags] + (["--exclusive"] if asked.exclusive else [])
    made = _kitaru(request, file, "deploy", f"{file}:{asked.flow}", *options)["items"]
    return [summary(request.home.require().deployments.get(one["flow"], version=one["version"])) for one in made]


def _kitaru(request: Request[Any, Any], file: Path, *arguments: str) -> dict[str, Any]:
    """Run the command line with the Python of a notebook's kernel; return its envelope."""
    from kitaru.client.continuation import environment_of
    from kitaru.export.notebook import read_notebook
    from kitaru.store.service.spawning import with_package
    from kitaru.store.service.wire import status_of

    read_notebook(file)  # what is none is told at once
    interpreter = _interpreter(request, file)
    ended = _ended(
        [interpreter, "-P", "-m", "kitaru", *arguments, "--output=json"],
        cwd=file.parent,
        env=with_package(environment_of(request.home.client)),
    )
    if ended.returncode == 0:
        told: dict[str, Any] = orjson.loads(ended.stdout.strip().rpartition(b"\n")[2])
        return told
    error = _failure(interpreter, ended)
    status = status_of(error)
    # What cannot be imported, frozen or exported is no fault of this server's.
    raise RequestError(422 if status == 500 else status, of_kitaru(error, listing=None))


def _ended(command: list[str], **how: Any) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS, **how
        )
    except subprocess.TimeoutExpired:
        raise KitaruTimeoutError(
            f"{command[0]} imported the notebook's code for {_SECONDS:.0f} s and was stopped. Leave out of the flow "
            "what takes so long, or deploy on a terminal: kitaru deploy NOTEBOOK"
        ) from None
    except OSError as error:
        raise KitaruRuntimeError(
            f"{command[0]}, the Python of the notebook's kernel, cannot be run: {error}."
        ) from None


def _failure(interpreter: str, ended: subprocess.CompletedProcess[bytes]) -> KitaruError:
    from kitaru.store.service.wire import decode_error

    said = ended.stderr.decode(errors="replace").strip()
    last = said.rpartition("\n")[2]
    if last.startswith("{"):
        return decode_error(500, last.encode(), interpreter)
    if "No module named kitaru" in last:
        return KitaruRuntimeError(
            f"{interpreter}, the Python of the notebook's kernel, has no Kitaru. Install it there: "
            f"{interpreter} -m pip install kitaru-jupyter"
        )
    return KitaruRuntimeError(f"{interpreter} ended with status {ended.returncode}: {last or 'it said nothing'}.")


def _interpreter(request: Request[Any, Any], file: Path) -> str:
    """Return the Python of a notebook's kernel; this server's own where it is not a Python that one can run here."""
    try:
        name = json.loads(file.read_bytes())["metadata"]["kernelspec"]["name"]
        spec = request.kernel_specs.get_kernel_spec(name)
    except (OSError, ValueError, KeyError, TypeError, NoSuchKernel):
        return sys.executable
    if inspect.iscoroutine(spec):  # of a gateway, whose kernels are on another machine
        spec.close()
        return sys.executable
    program = Path(spec.argv[0]) if spec.argv else Path()
    is_python = program.is_absolute() and program.is_file() and program.name.startswith("python")
    return str(program) if is_python and "ipykernel_launcher" in spec.argv else sys.executable
