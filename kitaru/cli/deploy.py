"""``kitaru deploy`` and ``kitaru build``: a notebook's or a script's flows as versions that can be invoked."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, note, say, show_items

Target = Annotated[
    str,
    typer.Argument(
        metavar="NOTEBOOK|SCRIPT[:FLOW]", help="The file, and perhaps one of its flows; all of them if none is named."
    ),
]
Stack = Annotated[str | None, typer.Option(help="Stack that its executions run on.")]


@command("deploy")
def deploy(
    target: Target,
    tag: Annotated[list[str] | None, typer.Option("--tag", "-t", help="A tag; may be given several times.")] = None,
    exclusive: Annotated[
        bool, typer.Option("--exclusive", help="Take the tags from all other versions; default always is taken.")
    ] = False,
    stack: Stack = None,
    output: Output = Format.TEXT,
) -> None:
    """Make the next version of a flow. Workers run it without the notebook.

    A notebook is exported first. The script is imported in a process of its own, and its flows are not run.
    """
    from kitaru.client.deployments import tags_of
    from kitaru.export.deploying import deploy_file

    tags = tags_of(dict.fromkeys(tag or (), exclusive))
    file, flows = split_target(target)
    deployed = deploy_file(file, flows, tags=tags, stack=stack)

    def text() -> None:
        for one in deployed:
            _notes(one)
            tagged = f", tagged {', '.join(one['tags'])}" if one["tags"] else ""
            say(f"{one['flow']}: version {one['version']}{tagged}. Run it: {_invocation(one)}")

    show_items("deploy", output, deployed, text)


@command("build")
def build(target: Target, stack: Stack = None, output: Output = Format.TEXT) -> None:
    """Show what a deployment would contain, without making one."""
    from kitaru.export.deploying import deploy_file

    file, flows = split_target(target)
    made = deploy_file(file, flows, stack=stack, dry_run=True)

    def text() -> None:
        for place, one in enumerate(made):
            if place:
                say()
            _notes(one)
            show_deployment(one)

    show_items("build", output, made, text)


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


def _invocation(one: dict[str, Any]) -> str:
    needed = "".join(f" --param {name}=..." for name in one["schema"].get("required", ()))
    which = "" if "default" in one["tags"] else f" --version {one['version']}"
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
