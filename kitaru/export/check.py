"""Whether a script is up to date, and would find the work that the notebook recorded."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruStateError

if TYPE_CHECKING:
    from kitaru.export.export import Export
    from kitaru.runtime.flow import Flow

_PROGRAM: Final = """\
import json, sys
sys.path[:0] = [{folder!r}, {original!r}]
import runpy
names = runpy.run_path({file!r}, run_name="kitaru_export_check")
from kitaru.export.check import code_ids
out = {{name: code_ids(names[name]) for name in {flows!r}}}
with open({answer!r}, "w") as file:
    json.dump(out, file)
"""


def check_export(made: Export, folder: Path | None = None) -> list[str]:
    """Compare a script with the file that is there, and its keys with those of the newest recorded executions.

    The script is imported in a process of its own to know its keys; its flows are not run.

    Parameters
    ----------
    made
        What an export would write.
    folder
        Folder of the notebook, for the modules beside it.

    Returns
    -------
    list of str
        Sentences about what holds.

    Raises
    ------
    KitaruStateError
        If the file is not what an export would write, or a checkpoint would not find what is recorded for it.
    """
    if not made.path.is_file():
        raise KitaruStateError(f"{made.path} does not exist. Write it: kitaru export without --check.")
    if made.path.read_text(encoding="utf-8") != made.text:
        raise KitaruStateError(
            f"{made.path} is not what the notebook gives now. --diff shows how; export again without --check."
        )
    told = [f"{made.path} is up to date."]
    recorded = {name: _recorded(name) for name in made.flows}
    if not any(recorded.values()):
        return [*told, "No execution is recorded here, so there are no keys to compare."]
    keys = _keys(made, folder)
    changed = []
    for flow, (exec_id, calls) in ((name, found) for name, found in recorded.items() if found):
        for checkpoint, code_ids in sorted(calls.items()):
            ours = keys[flow].get(checkpoint)
            if ours is None:
                told.append(f"{flow}: {checkpoint} is called under a name that only a run tells; it is not compared.")
            elif ours not in code_ids:
                changed.append(f"{checkpoint} (execution {exec_id})")
            else:
                told.append(f"{flow}: {checkpoint} finds what execution {exec_id} recorded.")
    if changed:
        raise KitaruStateError(
            f"The code of {', '.join(changed)} is not the one that was recorded, so the script would run it anew. Run "
            "the flow in the notebook again, or save the notebook as it was run; kitaru executions diff shows more."
        )
    return told


def code_ids(flow: Flow[..., Any]) -> dict[str, str]:
    """Identify the checkpoints that a flow reaches by name.

    Parameters
    ----------
    flow
        The flow.

    Returns
    -------
    dict of str to str
        By the name of the checkpoint, what its recorded results are found by.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def load(): return 1
    >>> @kitaru.flow
    ... def report(): return load()
    >>> list(code_ids(report))
    ['load']
    """
    from kitaru.code import reached_globals
    from kitaru.runtime.caching import code_id
    from kitaru.runtime.checkpoint import Checkpoint

    reached = reached_globals(flow.function).values()
    found = {value.spec.name: value.spec.function for value in reached if isinstance(value, Checkpoint)}
    return {name: code_id(name, function) for name, function in sorted(found.items())}


def _recorded(flow: str) -> tuple[str, dict[str, set[str]]] | None:
    """Code ids by checkpoint of the newest execution of a flow."""
    from kitaru.client import KitaruClient

    client = KitaruClient()
    newest = client.executions.list(flow=flow, limit=1)
    if not newest:
        return None
    exec_id = newest[0].exec_id
    calls: dict[str, set[str]] = {}
    for row in client.store.read("execution", exec_id=exec_id)["calls"]:
        if row.get("code_id"):
            calls.setdefault(row["checkpoint"], set()).add(row["code_id"])
    return exec_id, calls


def _keys(made: Export, folder: Path | None) -> dict[str, dict[str, str]]:
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "keys.json"
        program = _PROGRAM.format(
            folder=str(made.path.parent.resolve()),
            original=str((folder or made.path.parent).resolve()),
            file=str(made.path),
            flows=list(made.flows),
            answer=str(answer),
        )
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            last = ended.stderr.strip().rpartition("\n")[2]
            raise KitaruStateError(f"{made.path} cannot be imported here: {last}. Run it to see more.")
        keys: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return keys
