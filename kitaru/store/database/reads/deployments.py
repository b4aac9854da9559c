"""Reads of deployments: one by its version or tag, and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError, KitaruStateError, KitaruUsageError
from kitaru.store.database.reads.registry import named, positive
from kitaru.store.events import DEFAULT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

_SUMMARY: Final = "* EXCLUDE (script, position), script IS NOT NULL AS has_script"


@named("deployments")
def deployments(query: Query, flow: str | None = None) -> list[Row]:
    """Return the versions that exist, without their scripts: flows by name, the newest version first."""
    where, values = ("AND flow = ?", [flow]) if flow is not None else ("", [])
    rows = query.rows(
        f"SELECT {_SUMMARY} FROM internal.deployments WHERE deleted_at IS NULL {where} ORDER BY flow, version DESC",  # noqa: S608
        values,
    )
    return _with_tags(query, rows)


@named("deployment")
def deployment(query: Query, flow: str, version: int | None = None, tag: str | None = None) -> Row:
    """Return one version with its script: that of a number, or the one that has a tag.

    Raises
    ------
    KitaruNotFoundError
        If there is no such flow, version or tag.
    KitaruStateError
        If several versions share the tag.
    """
    if version is not None and tag is not None:
        raise KitaruUsageError(f"Flow {flow}: give a version or a tag, and not both.")
    known = query.rows("SELECT version, deleted_at FROM internal.deployments WHERE flow = ? ORDER BY version", [flow])
    there = [row["version"] for row in known if row["deleted_at"] is None]
    wanted = _tagged(query, flow, tag or DEFAULT_TAG, there) if version is None else positive("version", version)
    if wanted not in there:
        raise KitaruNotFoundError(missing(flow, wanted, there, len(known)))
    row = query.first(
        "SELECT * EXCLUDE (position), script IS NOT NULL AS has_script FROM internal.deployments "
        "WHERE flow = ? AND version = ?",
        [flow, wanted],
    )
    assert row is not None
    return _with_tags(query, [row])[0]


@named("newest_deployment")
def newest_deployment(query: Query, flow: str) -> int:
    """Return the number of a flow's newest version, deleted ones counted; 0 if there was none."""
    row = query.first("SELECT coalesce(max(version), 0) AS newest FROM internal.deployments WHERE flow = ?", [flow])
    return int(row["newest"]) if row else 0


@named("deployment_state")
def deployment_state(query: Query) -> list[Row]:
    """Return every version that was ever made, with its tags."""
    rows = query.rows(
        "SELECT flow, version, deleted_at IS NOT NULL AS deleted FROM internal.deployments ORDER BY flow, version"
    )
    return _with_tags(query, rows)


def missing(flow: str, version: int, existing: Iterable[int], newest: int) -> str:
    """Say that a flow has no such version, and which it has.

    Examples
    --------
    >>> missing("research", 4, [1, 2], 2)
    'Flow research has no deployment of version 4; it has version 1, 2.'
    >>> missing("research", 1, [2], 2)
    'Version 1 of flow research was deleted; it has version 2.'
    """
    if not newest:
        return (
            f"Flow {flow} has no deployment. Make one: kitaru deploy NOTEBOOK, or {flow}.deploy() where it is defined."
        )
    told = f"Version {version} of flow {flow} was deleted"
    if not 1 <= version <= newest:
        told = f"Flow {flow} has no deployment of version {version}"
    there = ", ".join(map(str, sorted(existing)))
    return f"{told}; it has {f'version {there}' if there else 'no version that is left'}."


def _tagged(query: Query, flow: str, tag: str, there: list[int]) -> int:
    rows = query.rows("SELECT version, tag FROM internal.deployment_tags WHERE flow = ? ORDER BY version", [flow])
    holders = [row["version"] for row in rows if row["tag"] == tag]
    if len(holders) == 1:
        return int(holders[0])
    if holders:
        raise KitaruStateError(
            f"Several versions of flow {flow} share the tag {tag}: {', '.join(map(str, holders))}. Give a version, or "
            f"make the tag exclusive: kitaru flow tag {flow} {tag} --version {holders[-1]} --exclusive"
        )
    if not there:
        raise KitaruNotFoundError(missing(flow, 0, there, 0))
    tags = ", ".join(sorted({row["tag"] for row in rows})) or "none"
    raise KitaruNotFoundError(
        f"No version of flow {flow} has the tag {tag}. Its tags are {tags}, its versions {', '.join(map(str, there))}."
    )


def _with_tags(query: Query, rows: list[Row]) -> list[Row]:
    found: dict[tuple[str, int], dict[str, bool]] = {}
    for row in query.rows("SELECT flow, version, tag, exclusive FROM internal.deployment_tags ORDER BY tag"):
        found.setdefault((row["flow"], row["version"]), {})[row["tag"]] = row["exclusive"]
    none: Mapping[str, Any] = {}
    return [{**row, "tags": found.get((row["flow"], row["version"]), none)} for row in rows]
