"""``kitaru deploy``, ``build`` and ``invoke``: a notebook's or a script's flows as versions that workers run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kitaru.cli import completion
from kitaru.cli.options import Output, json_object, json_value
from kitaru.cli.output import Format, command, note, say, show_item, show_items
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.client.client import KitaruClient
    from kitaru.client.models import Execution
    from kitaru.runtime.handle import FlowHandle

Target = Annotated[
    str,
    typer.Argument(
        metavar="NOTEBOOK|SCRIPT[:FLOW]", help="The file, and perhaps one of its flows; all of them if none is named."
    ),
]
Stack = Annotated[str | None, typer.Option(help="Stack that its executions run on.")]
Cache = Annotated[
    bool | None, typer.Option("--cache/--no-cache", help="Whether its executions reuse results of others.")
]
Retries = Annotated[int | None, typer.Option(min=0, help="How often a failed flow's body runs again.")]
Param = Annotated[
    list[str] | None, typer.Option("--param", "-p", metavar="NAME=JSON", help="An input; may be given several times.")
]
Default = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=JSON", help="A default of the version; may be given several times."),
]
Inputs = Annotated[str | None, typer.Option(help="Inputs as a JSON object, or @FILE that has one.")]
Defaults = Annotated[str | None, typer.Option(help="Defaults as a JSON object, or @FILE that has one.")]


@command("deploy")
def deploy(
    target: Target,
    tag: Annotated[list[str] | None, typer.Option("--tag", "-t", help="A tag; may be given several times.")] = None,
    exclusive: Annotated[
        bool, typer.Option("--exclusive", help="Take the tags from all other versions; default always is taken.")
    ] = False,
    param: Default = None,
    inputs: Defaults = None,
    stack: Stack = None,
    cache: Cache = None,
    retries: Retries = None,
    output: Output = Format.TEXT,
) -> None:
    """Make the next version of a flow. Workers run it without the notebook.

    A notebook is exported first. The script is imported in a process of its own, and its flows are not run.
    """
    from kitaru.client.deployments import tags_of
    from kitaru.export.deploying import deploy_file

    tags = tags_of(dict.fromkeys(tag or (), exclusive))
    file, flows = split_target(target)
    given = inputs_of({}, param, inputs)
    deployed = deploy_file(file, flows, inputs=given, tags=tags, stack=stack, cache=cache, retries=retries)

    def text() -> None:
        for one in deployed:
            _notes(one)
            tagged = f", tagged {', '.join(one['tags'])}" if one["tags"] else ""
            say(f"{one['flow']}: version {one['version']}{tagged}. Run it: {_invocation(one)}")

    show_items("deploy", output, deployed, text)


@command("build")
def build(
    target: Target,
    param: Default = None,
    inputs: Defaults = None,
    stack: Stack = None,
    cache: Cache = None,
    retries: Retries = None,
    output: Output = Format.TEXT,
) -> None:
    """Show what a deployment would contain, without making one."""
    from kitaru.export.deploying import deploy_file

    file, flows = split_target(target)
    given = inputs_of({}, param, inputs)
    made = deploy_file(file, flows, inputs=given, stack=stack, cache=cache, retries=retries, dry_run=True)

    def text() -> None:
        for place, one in enumerate(made):
            if place:
                say()
            _notes(one)
            show_deployment(one)

    show_items("build", output, made, text)


@command("invoke")
def invoke(
    flow: Annotated[str, typer.Argument(help="Name of a deployed flow.", autocompletion=completion.flows)],
    version: Annotated[int | None, typer.Option("--version", "-v", min=1, help="Number of the version.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", "-t", help="A tag; default if neither is given.")] = None,
    param: Param = None,
    inputs: Inputs = None,
    key: Annotated[
        str | None, typer.Option("--idempotency-key", help="The same key again gives the same execution.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until its end, and print the result.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Run a deployed version in a worker process."""
    from kitaru.client import KitaruClient

    client = KitaruClient()
    deployment = client.deployments.get(flow, version=version, tag=tag)
    given = inputs_of(deployment.schema, param, inputs)
    handle = client.deployments.invoke(flow, version=deployment.version, inputs=given, idempotency_key=key, via="cli")
    if wait:
        _stay(client, handle)
    found = client.executions.get(handle.exec_id)
    show_item("invoke", output, found, lambda: say(_standing(found)))


def _stay(client: KitaruClient, handle: FlowHandle[Any]) -> None:
    """Wait for the end, or until it asks something."""
    ends = ("execution.completed", "execution.failed", "execution.cancelled")
    for event in client.executions.events(handle.exec_id, since=0, kinds=("wait.created", *ends)):
        if event.kind in ends:
            handle.wait()
        elif not client.executions.pending_waits(handle.exec_id):
            continue
        return


def _standing(found: Execution) -> str:
    if found.pending_waits:
        asked = found.pending_waits[0].question or "Go on?"
        return f"{found.exec_id} asks: {asked} Answer it: kitaru executions input {found.exec_id} --value JSON"
    if found.status.is_finished:
        return f"{found.exec_id} is {found.status.value}: {found.output}"
    return (
        f"{found.exec_id} is {found.status.value}, version {found.deployment_version}. How it stands: "
        f"kitaru executions get {found.exec_id}"
    )


def show_deployment(one: dict[str, Any]) -> None:
    """Print what a version is."""
    from kitaru.cli.tables import show_pairs

    script = one["script"]
    lines = f"{len(script.splitlines())} lines" if script else f"none: {one['script_note']}"
    commit = f"{one['commit_sha'][:12]}{', with changes' if one['commit_dirty'] else ''}" if one["commit_sha"] else ""
    show_pairs(
        [
            ("Flow", one["flow"]),
            ("Version", one["version"]),
            ("Tags", [f"{tag}{'' if exclusive else ' (shared)'}" for tag, exclusive in one["tags"].items()]),
            ("Deployed", _when(one)),
            ("By", one["created_by"]),
            ("Parameters", parameters_of(one["schema"])),
            ("From", one["source"]),
            ("Commit", commit),
            ("Script", lines),
            ("Python", f"{one['python']}, Kitaru {one['kitaru']}"),
            ("Needs", f"{len(one['requirements'])} distributions in the versions installed here"),
            ("Stack", one["stack"]),
            ("Snapshot", one["snapshot_id"]),
        ]
    )


def parameters_of(schema: dict[str, Any]) -> list[str]:
    """Describe parameters for people.

    Examples
    --------
    >>> parameters_of({"properties": {"topic": {"type": "string"}, "depth": {"type": "integer", "default": 2}}})
    ['topic: string', 'depth: integer = 2']
    """
    from kitaru.cli.output import encoded

    told = []
    for name, about in schema.get("properties", {}).items():
        kind = about.get("type") or about.get("$ref", "").rpartition("/")[2] or "JSON"
        default = f" = {encoded(about['default'])}" if "default" in about else ""
        told.append(f"{name}: {kind}{default}")
    return told


def split_target(target: str) -> tuple[str, list[str]]:
    """Take the flow off the file.

    Examples
    --------
    >>> split_target("work.ipynb:research"), split_target("C:/work.py")
    (('work.ipynb', ['research']), ('C:/work.py', []))
    """
    file, colon, flow = target.rpartition(":")
    return (file, [flow]) if colon and file.endswith((".py", ".ipynb")) else (target, [])


def inputs_of(schema: dict[str, Any], pairs: Iterable[str] | None, text: str | None) -> dict[str, Any]:
    """Read inputs as options give them.

    Examples
    --------
    >>> inputs_of({"properties": {"name": {"type": "string"}}}, ["name=42"], '{"n": 1}')
    {'n': 1, 'name': '42'}
    """
    return json_object(_text_of(text), "--inputs") | _params(schema, pairs or ())


def _text_of(given: str | None) -> str | None:
    if given is None or not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KitaruUsageError(f"--inputs {given}: the file cannot be read: {error}.") from None


def _params(schema: dict[str, Any], pairs: Iterable[str]) -> dict[str, Any]:
    given = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise KitaruUsageError(f"--param {pair}: write NAME=JSON, for example --param topic=cats")
        value = json_value(text)
        kind = schema.get("properties", {}).get(name, {}).get("type")
        # 42 and true are JSON, but where a text is asked for they are meant as text.
        given[name] = text if kind == "string" and not isinstance(value, str) else value
    return given


def _invocation(one: dict[str, Any]) -> str:
    needed = "".join(f" --param {name}=..." for name in one["schema"].get("required", ()))
    alone = [tag for tag, exclusive in one["tags"].items() if exclusive]
    named = f" --tag {alone[0]}" if alone else f" --version {one['version']}"
    which = "" if "default" in one["tags"] else named
    return f"kitaru invoke {one['flow']}{which}{needed}"


def _when(one: dict[str, Any]) -> str:
    from datetime import datetime

    from kitaru.cli.tables import when

    return when(datetime.fromisoformat(one["created_at"])) if one["created_at"] else ""


def _notes(one: dict[str, Any]) -> None:
    for sentence in one["notes"]:
        note(f"Note: {sentence}")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command("deploy")(deploy)
    app.command("build")(build)
    app.command("invoke")(invoke)
