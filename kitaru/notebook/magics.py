"""The magics by name: what each does is imported when it is first used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _shell() -> Any:
    return sys.modules["IPython"].get_ipython()


def kitaru_flow(line: str, cell: str) -> None:
    """Run the cell as a durable flow.

    ::

        %%kitaru_flow NAME -p topic="cats" -p top:int=3 [options]

    The functions that the cell defines become checkpoints, its other statements are the flow, and its last
    expression is the result. NAME is bound to the flow: NAME.run(topic="dogs") starts it again.

    -p name[:type][=value]   a parameter; its value is a Python expression
    --checkpoint a,b         functions of other cells that become checkpoints
    --retries N              how often the body is run again after a failure
    --no-cache               reuse no results of other executions
    --stack S                the stack that it runs on
    --detach                 return at once
    --new                    start anew instead of attaching to an unfinished execution
    --no-run                 define the flow, and do not run it
    -o VAR                   the variable that takes the result

    Functions whose name begins with an underscore, generators and decorated functions stay as they are. A variable of
    the notebook that the cell reads becomes an input of the execution. Run again with the same code and parameters, the
    cell attaches to its unfinished execution. When the flow asks a question the cell returns; interrupting the
    cell lets the flow go on.
    """
    _do("flow_magic", "run_flow_cell", line, cell)


def kitaru_checkpoint(line: str, cell: str) -> None:
    """Run the cell as one checkpoint: what it computes is recorded, and reused while code and inputs are the same.

    ::

        %%kitaru_checkpoint NAME [--retries N] [--no-cache] [--isolated] [--no-run]

    Variables that the cell reads are its inputs, variables that it sets its outputs. NAME is bound to the checkpoint:
    called in a flow it gives a dict of the outputs.
    """
    _do("checkpoint_magic", "run_checkpoint_cell", line, cell)


def kitaru_sql(line: str, cell: str | None = None) -> Any:
    """Ask the recorded history in SQL; the answer is a DataFrame.

    ::

        %%kitaru_sql [VAR <<] [--polars]
        SELECT flow, count(*) AS runs FROM executions WHERE status = {status} GROUP BY ALL

    ``{name}``, ``{name.attribute}`` or ``{name[0]}`` gives a value of the notebook to the query, whatever is in it; of
    a handle or an execution its id. ``VAR << SELECT …`` keeps the answer in VAR. The views are executions, checkpoints,
    attempts, waits, artifacts, events, logs, llm_calls, snapshots, deployments and jobs.
    """
    return _do("sql", "run_sql", line, cell)


def kitaru(line: str) -> Any:
    """Look at executions and steer them: %kitaru VERB ….

    ::

        %kitaru status                      where executions are recorded, and how many there are
        %kitaru list [--flow F] [--status S] [--text T] [--since 7d] [-n 20]
        %kitaru show [ID]                   the live view; of the newest execution without ID
        %kitaru logs ID [-c CALL] [-n 100]  what it printed
        %kitaru input [ID] [VALUE] [--wait NAME] [--abort] [--detach]
        %kitaru resume ID                   go on with an interrupted execution, in this kernel
        %kitaru retry ID                    run what failed again
        %kitaru cancel ID [REASON]
        %kitaru replay ID [--at CALL] [--set CALL.output=…] [--set ARGUMENT=…] [--answer NAME=…] [--dry-run]
        %kitaru diff ID [ID …]              compare executions call by call
        %kitaru sql SELECT …
        %kitaru export NOTEBOOK [FLOW …] [-o DIR]
        %kitaru deploy FLOW [-t TAG] [--exclusive] [-p NAME=VALUE]
        %kitaru invoke FLOW [-v N | -t TAG] [-p NAME=VALUE] [-o VAR]   run a deployed version in a worker
        %kitaru open [ID]                   a link to the execution in JupyterLab
        %kitaru clean [--dry-run]           remove what nothing refers to any more

    An ID is an execution's id, or four or more characters of it; Tab completes it. ``{name}`` stands for the variable
    of that name, ``{name.attribute}`` for an attribute, ``{name[0]}`` for an item. What runs here is followed until it
    ends or asks; ``--detach`` returns at once.
    """
    return _do("verbs", "run_verb", line)


def _do(module: str, function: str, *arguments: Any) -> Any:
    from kitaru.notebook.errors import told_plainly

    work: Callable[..., Any] = getattr(import_module(f"kitaru.notebook.{module}"), function)
    return told_plainly(_shell(), work, *arguments)


CELL: Final[dict[str, Callable[..., Any]]] = {
    "kitaru_flow": kitaru_flow,
    "kitaru_checkpoint": kitaru_checkpoint,
    "kitaru_sql": kitaru_sql,
}
LINE: Final[dict[str, Callable[..., Any]]] = {"kitaru": kitaru, "kitaru_sql": kitaru_sql}

for _function in (*CELL.values(), *LINE.values()):
    # IPython would paste variables into the line as text; a value in braces is given as a value instead.
    vars(_function)["_ipython_magic_no_var_expand"] = True
