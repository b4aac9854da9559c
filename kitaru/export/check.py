"""Whether a script is up to date, and would find the work that the notebook recorded."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kitaru.errors import KitaruStateError

if TYPE_CHECKING:
    from kitaru.export.export import Export
    from kitaru.runtime.flow import Flow

_PROGRAM: Final = """\
import json, runpy, sys
sys.path.insert(0, {folder!r})
names = runpy.run_path({file!r}, run_name="kitaru_export_check")
from kitaru.export.check import code_ids
keys = {{name: [names[name].name, code_ids(names[name])] for name in {flows!r}}}
with open({answer!r}, "w") as file:
    json.dump(keys, file)
"""


def check_export(made: Export) -> list[str]:
    """Compare a script with the file that is there, and its keys with those of the newest recorded executions.

    The script is imported in a process of its own to know its keys; its flows are not run.

    Parameters
    ----------
    made
        What an export would write.

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
    told, changed = [f"{made.path} is up to date."], []
    for flow, keys in _keys(made).values():
        found = _recorded(flow)
        if found is None:
            told.append(f"{flow}: no execution is recorded here, so there are no keys to compare.")
            continue
        for checkpoint, code_id in keys.items():
            if code_id in found.code_ids.get(checkpoint, ()):
                told.append(f"{flow}: {checkpoint} finds what execution {found.exec_id} recorded.")
            elif checkpoint in found.code_ids:
                changed.append(f"{checkpoint} of execution {found.exec_id}")
    if changed:
        raise KitaruStateError(
            f"{made.path} has other code than what was recorded, and would run it anew: {', '.join(changed)}. If the "
            "notebook was changed after it was run, run it again; if not, save it as it was run and export it again."
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


class _Recorded(NamedTuple):
    exec_id: str
    code_ids: dict[str, set[str]]


def _recorded(flow: str) -> _Recorded | None:
    """Find the newest execution of a flow, and by which code its checkpoints ran."""
    from kitaru.client import KitaruClient

    client = KitaruClient()
    newest = list(client.executions.list(flow=flow, limit=1))
    if not newest:
        return None
    found = _Recorded(newest[0].exec_id, {})
    for row in client.store.read("execution", exec_id=found.exec_id)["calls"]:
        if row["code_id"]:
            found.code_ids.setdefault(row["checkpoint"], set()).add(row["code_id"])
    return found


def _keys(made: Export) -> dict[str, tuple[str, dict[str, str]]]:
    """Import the script in a process of its own; tell for each of its flows the name and the checkpoints' keys."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "keys.json"
        facts = {"folder": str(made.path.parent.resolve()), "file": str(made.path), "answer": str(answer)}
        program = _PROGRAM.format(**facts, flows=list(made.flows))
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            last = ended.stderr.strip().rpartition("\n")[2]
            raise KitaruStateError(f"{made.path} cannot be imported here: {last}. Run it to see more.")
        keys: dict[str, tuple[str, dict[str, str]]] = json.loads(answer.read_text(encoding="utf-8"))
        return keys
