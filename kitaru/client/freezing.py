"""``python -m kitaru.client.freezing``: import a script in a process of its own, and deploy its flows.

What to do comes as JSON on the standard input. One line of JSON on the standard output is the answer: a list of what
was deployed, or the error. What the script prints goes to the standard error.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
import traceback
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypedDict

import orjson

from kitaru.errors import KitaruError, KitaruNotFoundError, KitaruUsageError

if TYPE_CHECKING:
    from kitaru.client.deployment import Deployment
    from kitaru.runtime.flow import Flow


class Order(TypedDict):
    """What such a process is asked to do."""

    script: str
    """Text of the script."""
    name: str
    """What it is called in tracebacks."""
    folder: str
    """Where it works, and imports from."""
    flows: list[str]
    """Names of flows, or of the variables that they are bound to; empty for all that the script defines."""
    source: dict[str, Any]
    """The other fields of `kitaru.client.provenance.Source`."""
    inputs: dict[str, Any]
    """Arguments that become defaults."""
    tags: dict[str, bool]
    stack: str | None
    cache: bool | None
    retries: int | None
    dry_run: bool
    """Only say what would be deployed."""


def main() -> int:
    """Do what is asked; return the exit status."""
    sys.stdout.flush()
    answer = os.dup(1)
    os.dup2(2, 1)
    order: Order = orjson.loads(sys.stdin.buffer.read())
    try:
        told: dict[str, Any] = {"deployed": _deploy_all(order)}
        status = 0
    except KitaruError as error:
        from kitaru.store.service.wire import error_body

        told, status = orjson.loads(error_body(error)), 1
    os.write(answer, orjson.dumps(told) + b"\n")
    os.close(answer)
    return status


def _deploy_all(order: Order) -> list[dict[str, Any]]:
    from kitaru.client import KitaruClient
    from kitaru.client.provenance import Source
    from kitaru.store.connect import close_store

    os.chdir(order["folder"])
    sys.path[0] = order["folder"]
    flows = _chosen(_imported(order), order)
    facts = order["source"]
    source = Source(order["script"], None, facts["path"], tuple(facts["requirements"]), tuple(facts["notes"]))
    deployments = KitaruClient().deployments
    asked: dict[str, Any] = {name: order[name] for name in ("inputs", "stack", "cache", "retries")}
    asked["source"] = source
    try:
        made = [deployments.preview(flow, **asked) for flow in flows]
        if not order["dry_run"]:
            made = [deployments.deploy(flow, tags=order["tags"], **asked) for flow in flows]
    finally:
        close_store()
    return [_plain(deployment) for deployment in made]


def _imported(order: Order) -> dict[str, Any]:
    """Run the script's definitions as a program's own, so that all of it is frozen; its main part is left out."""
    name, text = order["name"], order["script"]
    module = sys.modules["__main__"] = ModuleType("__main__")
    # The text is that of this version: a file of this name may change, and what is frozen must not change with it.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    tree = ast.parse(text, name)
    tree.body = [statement for statement in tree.body if not _is_main_part(statement)]
    try:
        exec(compile(tree, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 -- what this process is for
    except (Exception, SystemExit) as error:
        where = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
        line = f", line {where[-1].lineno}" if where else ""
        raise KitaruUsageError(
            f"{name}{line}: {type(error).__name__}: {error}. The script cannot be imported here. Run it with "
            f"{sys.executable} to see more."
        ) from error
    return module.__dict__


def _is_main_part(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in (
        "__name__ == '__main__'",
        "'__main__' == __name__",
    )


def _chosen(names: dict[str, Any], order: Order) -> list[Flow[..., Any]]:
    from kitaru.runtime.flow import Flow

    bound = {name: value for name, value in names.items() if isinstance(value, Flow)}
    own = {id(flow): flow for flow in bound.values() if flow.function.__module__ == "__main__"}
    by_name = {flow.name: flow for flow in bound.values()} | bound
    unknown = [name for name in order["flows"] if name not in by_name]
    if unknown or not own:
        there = ", ".join(sorted({flow.name for flow in bound.values()}))
        lacking = f"no flow {unknown[0]}" if unknown else "no flow"
        raise KitaruNotFoundError(
            f"{order['name']} defines {lacking}. {f'Its flows are {there}.' if there else 'Decorate one with @flow.'}"
        )
    return [by_name[name] for name in order["flows"]] or list(own.values())


def _plain(deployment: Deployment) -> dict[str, Any]:
    return deployment.model_dump(mode="json", by_alias=True)


if __name__ == "__main__":
    sys.exit(main())
