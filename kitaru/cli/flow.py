"""``kitaru flow``: flows, their versions and tags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from kitaru.cli import completion
from kitaru.cli.deploy import parameters_of, show_deployment
from kitaru.cli.options import Output
from kitaru.cli.output import Format, command, encoded, say, show_item, show_items

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient
    from kitaru.client.deployment import Deployment

app = typer.Typer(name="flow", help="Flows, and their deployed versions.", no_args_is_help=True)
deployments = typer.Typer(name="deployments", help="Versions of a flow that can be invoked.", no_args_is_help=True)
app.add_typer(deployments)

Flow = Annotated[str, typer.Argument(help="Name of a flow.", autocompletion=completion.flows)]
Version = Annotated[int, typer.Option("--version", "-v", min=1, help="Number of the version.")]
MaybeVersion = Annotated[int | None, typer.Option("--version", "-v", min=1, help="Number of the version.")]
MaybeTag = Annotated[str | None, typer.Option("--tag", "-t", help="A tag; default if neither is given.")]
Tag = Annotated[str, typer.Argument(help="The tag.")]


@app.command("list")
@command("flow.list")
def list_(output: Output = Format.TEXT) -> None:
    """List the flows that ran or were deployed."""
    from kitaru.cli.tables import show_table
    from kitaru.client import KitaruClient

    items = _flows(KitaruClient())

    def text() -> None:
        if not items:
            say("No flow ran here yet, and none was deployed.")
            return
        rows = [(one["flow"], one["executions"], one["failed"] or "", one["versions"], one["tags"]) for one in items]
        show_table(("FLOW", "RUNS", "FAILED", "VERSIONS", "TAGS"), rows, whole=("FLOW",))

    show_items("flow.list", output, items, text)


@app.command("show")
@command("flow.show")
def show(flow: Flow, output: Output = Format.TEXT) -> None:
    """Show a flow: its versions, its parameters, its last runs."""
    from kitaru.cli.executions import show_list
    from kitaru.cli.tables import show_pairs, title
    from kitaru.client import KitaruClient
    from kitaru.errors import KitaruNotFoundError

    client = KitaruClient()
    versions = client.deployments.list(flow)
    runs = client.executions.list(flow=flow, limit=5)
    if not versions and not runs:
        raise KitaruNotFoundError(f"No flow {flow} ran here, and none was deployed. See: kitaru flow list")
    item = {"flow": flow, "deployments": versions, "executions": list(runs), "execution_count": runs.total}

    def text() -> None:
        schema = versions[0].schema if versions else {}
        show_pairs([("Flow", flow), ("About", schema.get("description")), ("Parameters", parameters_of(schema))])
        if versions:
            title("Versions")
            _show_versions(versions)
        if runs:
            title(f"Last runs, of {runs.total}")
            show_list(list(runs))

    show_item("flow.show", output, item, text)


@app.command("tag")
@command("flow.tag")
def tag_(
    flow: Flow,
    tag: Tag,
    version: Version,
    exclusive: Annotated[bool, typer.Option("--exclusive", help="Take it from all other versions.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Give a version a tag. An exclusive one moves; default always is."""
    from kitaru.client import KitaruClient

    tagged = KitaruClient().deployments.tag(flow, version, tag, exclusive=exclusive)
    show_item("flow.tag", output, tagged, lambda: say(f"{flow}: version {version} has {', '.join(tagged.tags)}."))


@app.command("untag")
@command("flow.untag")
def untag(flow: Flow, tag: Tag, version: Version, output: Output = Format.TEXT) -> None:
    """Take a tag from a version; default can only be moved."""
    from kitaru.client import KitaruClient

    left = KitaruClient().deployments.untag(flow, version, tag)
    show_item("flow.untag", output, left, lambda: say(f"{flow}: version {version} has {_tags(left) or 'no tag'}."))


@deployments.command("list")
@command("flow.deployments.list")
def list_deployments(
    flow: Annotated[str | None, typer.Argument(help="Name of a flow.", autocompletion=completion.flows)] = None,
    output: Output = Format.TEXT,
) -> None:
    """List the versions of a flow, or of all flows."""
    from kitaru.client import KitaruClient

    found = KitaruClient().deployments.list(flow)

    def text() -> None:
        if found:
            _show_versions(found)
        else:
            say(f"{f'Flow {flow}' if flow else 'No flow'} has no deployment. Make one: kitaru deploy NOTEBOOK")

    show_items("flow.deployments.list", output, found, text)


@deployments.command("show")
@command("flow.deployments.show")
def show_one(
    flow: Flow,
    version: MaybeVersion = None,
    tag: MaybeTag = None,
    script: Annotated[bool, typer.Option("--script", help="Print its script instead.")] = False,
    requirements: Annotated[bool, typer.Option("--requirements", help="Print its requirements instead.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Show what a version is made of."""
    from kitaru.client import KitaruClient

    client = KitaruClient()
    found = client.deployments.get(flow, version=version, tag=tag)

    def text() -> None:
        if requirements:
            say("\n".join(found.requirements))
        elif script:
            say((found.script or found.script_note or "").rstrip("\n"))
        else:
            show_deployment(found.model_dump(mode="json", by_alias=True))
            _show_runs(client, found)

    show_item("flow.deployments.show", output, found, text)


@deployments.command("logs")
@command("flow.deployments.logs")
def logs(
    flow: Flow,
    version: MaybeVersion = None,
    tag: MaybeTag = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new lines until the end.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The most lines of the past.")] = 1000,
    output: Output = Format.TEXT,
) -> None:
    """Show what the newest execution of a version printed and logged."""
    from kitaru.cli import executions
    from kitaru.client import KitaruClient
    from kitaru.errors import KitaruNotFoundError

    client = KitaruClient()
    found = client.deployments.get(flow, version=version, tag=tag)
    newest = client.executions.list(flow=flow, deployment_version=found.version, order="-created_at", limit=1)
    if not newest:
        raise KitaruNotFoundError(f"Version {found.version} of flow {flow} was not invoked yet.")
    executions.logs(newest[0].exec_id, follow=follow, limit=limit, output=output)


@deployments.command("curl")
@command("flow.deployments.curl")
def curl(flow: Flow, version: MaybeVersion = None, tag: MaybeTag = None, output: Output = Format.TEXT) -> None:
    """Print the command that invokes a version over HTTP. It looks the token up when it runs."""
    from kitaru.client import KitaruClient
    from kitaru.client.invoking import example_inputs, service_address, shell_token

    client = KitaruClient()
    found = client.deployments.get(flow, version=version, tag=tag)
    which = f"version={version}" if version is not None else f"tag={quote(tag or 'default', safe='')}"
    url = f"{service_address(client)}/deployments/{quote(flow, safe='')}/invoke?{which}"
    body = example_inputs(found.schema)
    token = shell_token(client)
    item = {"url": url, "body": body, "token": token}
    show_item("flow.deployments.curl", output, item, lambda: say(_curl(url, body, token)))


@deployments.command("delete")
@command("flow.deployments.delete")
def delete(flow: Flow, version: Version, output: Output = Format.TEXT) -> None:
    """Let nobody invoke a version any more; what it ran stays."""
    from kitaru.client import KitaruClient

    KitaruClient().deployments.delete(flow, version)
    item = {"flow": flow, "version": version}
    show_item("flow.deployments.delete", output, item, lambda: say(f"{flow}: version {version} is deleted."))


def _curl(url: str, body: dict[str, Any], token: str) -> str:
    from shlex import quote as quoted

    data = quoted(encoded(body))
    return (
        f"curl -X POST {quoted(url)} \\\n"
        f'  -H "Authorization: Bearer {token}" \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d {data}"
    )


def _flows(client: KitaruClient) -> list[dict[str, Any]]:
    groups = client.executions.statistics(group_by="flow").groups
    ran = {str(group.keys["flow"]): (group.execution_count, group.failed) for group in groups}
    deployed: dict[str, list[Deployment]] = {}
    for one in client.deployments.list():
        deployed.setdefault(one.flow, []).append(one)
    return [
        {
            "flow": name,
            "executions": ran.get(name, (0, 0))[0],
            "failed": ran.get(name, (0, 0))[1],
            "versions": len(deployed.get(name, ())),
            "tags": sorted({tag for one in deployed.get(name, ()) for tag in one.tags}),
        }
        for name in sorted(ran.keys() | deployed.keys())
    ]


def _show_versions(found: list[Deployment]) -> None:
    from kitaru.cli.tables import show_table
    from kitaru.client.times import ago

    rows = [
        (
            one.flow,
            one.version,
            _tags(one),
            ago(one.created_at) if one.created_at else "",
            Path(one.source).name if one.source else "",
            f"{one.commit_sha[:8]}{'+' if one.commit_dirty else ''}" if one.commit_sha else "",
        )
        for one in found
    ]
    show_table(("FLOW", "VERSION", "TAGS", "DEPLOYED", "FROM", "COMMIT"), rows, whole=("FLOW", "VERSION"))


def _show_runs(client: KitaruClient, one: Deployment) -> None:
    from kitaru.cli.executions import show_list
    from kitaru.cli.tables import title

    runs = client.executions.list(flow=one.flow, deployment_version=one.version, order="-created_at", limit=5)
    if runs:
        title(f"Last runs, of {runs.total}")
        show_list(list(runs))


def _tags(one: Deployment) -> str:
    return ", ".join(f"{tag}{'' if exclusive else ' (shared)'}" for tag, exclusive in one.tags.items())
