"""What a deployed version is, as lines that a notebook shows: parameters, origin, and how it is invoked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.views.wording import clean, clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitaru.client.deployment import Deployment

_WORDS: Final = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "object": "dict",
    "array": "list",
}
_FORMATS: Final = {
    "date": "date",
    "date-time": "datetime",
    "time": "time",
    "duration": "timedelta",
    "uuid": "UUID",
    "path": "Path",
    "password": "SecretStr",
    "binary": "bytes",
}
_LONGEST: Final = 80


def deployment_html(deployment: Deployment) -> str:
    """Show a version of a flow: its tags and parameters, where it comes from, and how it is invoked."""
    from kitaru.views.html import render

    return render(
        "deployment.html",
        deployment=deployment,
        tags=tags_of(deployment),
        parameters=parameters_of(deployment),
        facts=facts_of(deployment),
        calls=calls_of(deployment),
    )


def deployment_text(deployment: Deployment) -> str:
    """Say in plain text what `deployment_html` shows."""
    rows = [(name, kind, f"= {default}" if default else "") for name, kind, default, _ in parameters_of(deployment)]
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(3)]
    lines = [f"{deployment.flow} version {deployment.version}  {tags_of(deployment)}".rstrip()]
    lines += ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    lines += [f"{label}: {told}" for label, told, _ in facts_of(deployment)]
    lines += [f"{label}: {call}" for label, call in calls_of(deployment)]
    return clean("\n".join([*lines, *deployment.notes]))


def tags_of(deployment: Deployment) -> str:
    """Name the tags, those last that other versions may share."""
    order = sorted(deployment.tags.items(), key=lambda one: (not one[1], one[0] != "default", one[0]))
    return ", ".join(tag if exclusive else f"{tag} (shared)" for tag, exclusive in order)


def parameters_of(deployment: Deployment) -> list[tuple[str, str, str, str]]:
    """Tell of each parameter its name, its type, its default, which is empty if it must be given, and its meaning."""
    schema = deployment.schema
    return [
        (name, type_words(told), _shown(told["default"]) if "default" in told else "", str(told.get("description", "")))
        for name, told in schema.get("properties", {}).items()
    ]


def facts_of(deployment: Deployment) -> Iterator[tuple[str, str, str]]:
    """Tell when, by whom, of what and with what it was made: a label, a text, and the whole of it."""
    if deployment.created_at is not None:
        by = f" by {deployment.created_by}" if deployment.created_by else ""
        yield "Deployed", f"{clock(deployment.created_at.timestamp())}{by}", ""
    if deployment.source:
        changed = ", with changes" if deployment.commit_dirty else ""
        commit = f", commit {deployment.commit_sha[:12]}{changed}" if deployment.commit_sha else ""
        yield "From", f"{Path(deployment.source).name}{commit}", deployment.source
    if not deployment.has_script and deployment.script_note:
        yield "Script", f"none: {deployment.script_note}", ""
    needs = f", {len(deployment.requirements)} distributions" if deployment.requirements else ""
    yield (
        "Runs with",
        f"Python {deployment.python}, Kitaru {deployment.kitaru}{needs}",
        "\n".join(deployment.requirements),
    )


def calls_of(deployment: Deployment) -> list[tuple[str, str]]:
    """Write how it is invoked, from Python and from a terminal; nothing for what is not made yet."""
    if deployment.created_at is None:
        return []
    flow, version = deployment.flow, deployment.version
    needed = deployment.schema.get("required", [])
    is_default = "default" in deployment.tags
    found = f'deployments.get("{flow}"{"" if is_default else f", version={version}"})'
    given = ", ".join(f"{name}=…" for name in needed)
    options = "".join(f" --param {name}=…" for name in needed)
    return [
        ("In Python", f"kitaru.KitaruClient().{found}.invoke({given})"),
        ("In a terminal", f"kitaru invoke {flow}{'' if is_default else f' --version {version}'}{options}"),
    ]


def type_words(told: dict[str, Any]) -> str:
    """Write what a JSON schema takes as a type of Python.

    Examples
    --------
    >>> type_words({"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}})
    'list[int | None]'
    """
    if "$ref" in told:
        return str(told["$ref"]).rpartition("/")[2]
    if "enum" in told or "const" in told:
        return " | ".join(repr(value) for value in told.get("enum", [told.get("const")]))
    if members := told.get("anyOf") or told.get("oneOf") or told.get("allOf"):
        return " | ".join(dict.fromkeys(type_words(member) for member in members))
    kind = told.get("type", "Any")
    if kind == "array" and isinstance(told.get("items"), dict) and told["items"]:
        return f"list[{type_words(told['items'])}]"
    if kind == "object" and isinstance(told.get("additionalProperties"), dict):
        return f"dict[str, {type_words(told['additionalProperties'])}]"
    return _FORMATS.get(told.get("format", ""), "") or _WORDS.get(str(kind), str(kind))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
