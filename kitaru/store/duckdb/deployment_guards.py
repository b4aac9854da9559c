"""What the writer knows of deployments: which versions there are, and who holds which tag.

Deployers race like runners do. One of two gets a version's number, one of two gets an exclusive tag, and nobody deletes
what another one has just put a tag on: it is decided here, on the state of what was accepted. A home has few
deployments, so all of them are in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kitaru.store import events as kinds
from kitaru.store.database.reads.deployments import missing
from kitaru.store.duckdb.refused import RefusedError
from kitaru.store.events import DEFAULT_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kitaru.store.events import Event

    Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one flow. `tags` has those that exist, with their tags and whether each is exclusive."""

    flow: str
    newest: int = 0
    """Number of the newest one, deleted ones counted: no number is given twice."""
    tags: Mapping[int, Mapping[str, bool]] = field(default_factory=dict)

    def with_tags(self, version: int, tags: Mapping[str, bool]) -> Versions:
        """Return the state in which a version has these tags."""
        return replace(self, tags={**self.tags, version: tags})

    def require(self, version: int) -> Mapping[str, bool]:
        """Return the tags of a version that must exist."""
        if version in self.tags:
            return self.tags[version]
        raise RefusedError("missing", missing(self.flow, version, self.tags, self.newest))


class DeploymentGuards:
    """The deployments of a home; used by one thread at a time."""

    def __init__(self) -> None:
        self._flows: dict[str, Versions] = {}
        self._undo: dict[str, Versions | None] = {}

    def restore(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over what the database has: a row for each version that was ever made, with ``deleted`` and ``tags``."""
        for row in rows:
            known = self.of(row["flow"])
            known = replace(known, newest=max(known.newest, row["version"]))
            self._flows[known.flow] = known if row["deleted"] else known.with_tags(row["version"], row["tags"])

    def of(self, flow: str) -> Versions:
        """Return the versions of a flow."""
        return self._flows.get(flow) or Versions(flow)

    def draft(self) -> Draft:
        """Begin with the events of one batch."""
        return Draft(self)

    def put(self, versions: Versions) -> None:
        """Make a state the current one, until `roll_back`."""
        self._undo.setdefault(versions.flow, self._flows.get(versions.flow))
        self._flows[versions.flow] = versions

    def settle(self) -> None:
        """Keep what was accepted: it is in the journal."""
        self._undo.clear()

    def roll_back(self) -> None:
        """Forget what was accepted since the last `settle`."""
        for flow, former in self._undo.items():
            if former is None:
                del self._flows[flow]
            else:
                self._flows[flow] = former
        self._undo.clear()


class Draft:
    """What the events of one batch come to; nothing of it counts before `keep`."""

    __slots__ = ("_changed", "_guards")

    def __init__(self, guards: DeploymentGuards) -> None:
        self._guards = guards
        self._changed: dict[str, Versions] = {}

    def accept(self, event: Event) -> None:
        """Take an event; `RefusedError` if the state forbids it."""
        body = event["body"]
        flow = body["flow"]
        versions = self._changed.get(flow) or self._guards.of(flow)
        self._changed[flow] = _TRANSITIONS[event["kind"]](versions, body)

    def keep(self) -> None:
        """Let it count."""
        for versions in self._changed.values():
            self._guards.put(versions)


def _deployed(versions: Versions, body: Body) -> Versions:
    version = body["version"]
    if version != versions.newest + 1:
        raise RefusedError(
            "conflict",
            f"The next version of flow {versions.flow} is {versions.newest + 1}, not {version}: somebody else deployed "
            "it meanwhile.",
        )
    return replace(versions, newest=version, tags={**versions.tags, version: {}})


def _tagged(versions: Versions, body: Body) -> Versions:
    version, tag, exclusive = body["version"], body["tag"], bool(body.get("exclusive"))
    own = versions.require(version)
    if tag == DEFAULT_TAG and not exclusive:
        raise RefusedError("conflict", f"The tag {DEFAULT_TAG} is always exclusive: one version of a flow has it.")
    if exclusive:
        rest = {other: _without(tags, tag) for other, tags in versions.tags.items()}
        return replace(versions, tags={**rest, version: {**own, tag: True}})
    holder = next((other for other, tags in versions.tags.items() if tags.get(tag) and other != version), None)
    if holder is not None:
        raise RefusedError(
            "conflict",
            f"Version {holder} of flow {versions.flow} has the tag {tag} exclusively, so no other can share it. "
            "Move it with exclusive=True (--exclusive), or remove it there first.",
        )
    return versions.with_tags(version, {**own, tag: False})


def _untagged(versions: Versions, body: Body) -> Versions:
    version, tag = body["version"], body["tag"]
    own = versions.require(version)
    if tag == DEFAULT_TAG and tag in own:
        raise RefusedError(
            "conflict",
            f"The tag {DEFAULT_TAG} cannot be removed, only moved: give it to another version of flow {versions.flow}.",
        )
    if tag not in own:
        has = f"it has {', '.join(sorted(own))}" if own else "it has none"
        raise RefusedError("missing", f"Version {version} of flow {versions.flow} has no tag {tag}; {has}.")
    return versions.with_tags(version, _without(own, tag))


def _deleted(versions: Versions, body: Body) -> Versions:
    version = body["version"]
    held = sorted(tag for tag, exclusive in versions.require(version).items() if exclusive)
    if held:
        raise RefusedError(
            "conflict",
            f"Version {version} of flow {versions.flow} is not deleted while it has the exclusive tag "
            f"{', '.join(held)}. Move the tag to another version first.",
        )
    return replace(versions, tags={other: tags for other, tags in versions.tags.items() if other != version})


def _without(tags: Mapping[str, bool], tag: str) -> Mapping[str, bool]:
    return {name: exclusive for name, exclusive in tags.items() if name != tag}


_TRANSITIONS: dict[str, Callable[[Versions, Body], Versions]] = {
    kinds.DEPLOYED: _deployed,
    kinds.DEPLOYMENT_TAGGED: _tagged,
    kinds.DEPLOYMENT_UNTAGGED: _untagged,
    kinds.DEPLOYMENT_DELETED: _deleted,
}
