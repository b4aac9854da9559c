"""Verbs of ``%kitaru`` that make versions of this notebook's flows, and run them in workers."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from kitaru.errors import KitaruUsageError
from kitaru.notebook.arguments import value_of
from kitaru.notebook.say import say

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from kitaru.runtime.flow import Flow


def deploy(shell: InteractiveShell, options: Namespace) -> Any:
    """Make the next version of a flow of this notebook; return it."""
    from kitaru.client.deployments import tags_of

    flow = _flow_of(shell, options.flow)
    given = {name: value_of(text, shell.user_ns) for name, text in _pairs("deploy", options.param)}
    deployed = flow.deploy(
        tags=tags_of(dict.fromkeys(options.tag, options.exclusive)), stack=options.stack, cache=options.cache, **given
    )
    for sentence in deployed.notes:
        say(f"Note: {sentence}")
    if deployed.script is None:
        say(f"Note: it has no script. {deployed.script_note}")
    which = "" if "default" in deployed.tags else f" -v {deployed.version}"
    needed = "".join(f" -p {name}=..." for name in deployed.schema.get("required", ()))
    say(f"Run it in a worker: %kitaru invoke {deployed.flow}{which}{needed}")
    return deployed


def invoke(shell: InteractiveShell, options: Namespace) -> None:
    """Run a deployed version in a worker, and follow it."""
    from kitaru.client import KitaruClient
    from kitaru.notebook.following import follow

    client = KitaruClient()
    bound = flows_in(shell.user_ns).get(options.flow)
    name = options.flow if bound is None else bound.name
    deployment = client.deployments.get(name, version=options.version, tag=options.tag)
    properties = deployment.schema.get("properties", {})
    given = {}
    for parameter, text in _pairs("invoke", options.param):
        # Where a text is asked for, what was typed is meant as text.
        is_text = properties.get(parameter, {}).get("type") == "string" and text not in shell.user_ns
        given[parameter] = text if is_text else value_of(text, shell.user_ns)
    handle = client.deployments.invoke(name, version=deployment.version, inputs=given, idempotency_key=options.key)
    follow(shell, handle, detach=options.detach, output=options.output)


def flows_in(namespace: dict[str, Any]) -> dict[str, Flow[..., Any]]:
    """Return the flows of a notebook by the variables that they are bound to."""
    from kitaru.runtime.flow import Flow

    return {name: value for name, value in namespace.items() if isinstance(value, Flow) and not name.startswith("_")}


def _flow_of(shell: InteractiveShell, word: str) -> Flow[..., Any]:
    here = flows_in(shell.user_ns)
    flow = here.get(word) or next((flow for flow in here.values() if flow.name == word), None)
    if flow is None:
        near = get_close_matches(word, here, 1)
        known = f"Its flows are {', '.join(here)}." if here else "Run the cell that defines it first."
        raise KitaruUsageError(
            f"%kitaru deploy: this notebook has no flow {word}. {f'Did you mean {near[0]}?' if near else known}"
        )
    return flow


def _pairs(verb: str, texts: list[str]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not equals or not name.isidentifier():
            raise KitaruUsageError(f"%kitaru {verb} -p {name}: write -p NAME=VALUE, for example -p topic=cats")
    return [(name, value) for name, _, value in pairs]
