"""Events of deployments: versions of flows, and the tags that point to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kitaru.store import events as kinds
from kitaru.store.database.rows import DEPLOYMENT
from kitaru.store.database.state import Changes, strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.store.events import Event

_DROP_TAG: Final = "DELETE FROM internal.deployment_tags WHERE flow = ? AND tag = ?"
_OF_VERSION: Final = " AND version = ?"


def _deployed(event: Event, changes: Changes) -> None:
    body = event["body"]
    row = {name: body.get(name) for name in DEPLOYMENT}
    row.update(
        flow=body["flow"],
        version=int(body["version"]),
        requirements=strings(body.get("requirements")),
        notes=strings(body.get("notes")),
        created_by=body.get("by"),
        created_at=event["at"],
        deleted_at=None,
        position=event["position"],
    )
    changes.add("deployments", row)


def _tagged(event: Event, changes: Changes) -> None:
    body = event["body"]
    flow, version, tag, exclusive = body["flow"], int(body["version"]), body["tag"], bool(body.get("exclusive"))
    # An exclusive tag is taken from all versions, a shared one is only written anew.
    changes.updates.append((_DROP_TAG, [flow, tag]) if exclusive else (_DROP_TAG + _OF_VERSION, [flow, tag, version]))
    insert = "INSERT INTO internal.deployment_tags VALUES (?, ?, ?, ?)"
    changes.updates.append((insert, [flow, version, tag, exclusive]))


def _untagged(event: Event, changes: Changes) -> None:
    body = event["body"]
    changes.updates.append((_DROP_TAG + _OF_VERSION, [body["flow"], body["tag"], int(body["version"])]))


def _deleted(event: Event, changes: Changes) -> None:
    key = [event["body"]["flow"], int(event["body"]["version"])]
    for statement, values in (
        # What it was stays on record: executions came of it. Its text need not.
        ("UPDATE internal.deployments SET deleted_at = ?, script = NULL WHERE flow = ? AND version = ?", [event["at"]]),
        ("DELETE FROM internal.deployment_tags WHERE flow = ? AND version = ?", []),
    ):
        changes.updates.append((statement, [*values, *key]))


DEPLOYMENT_RECORDS: Final[dict[str, Callable[[Event, Changes], None]]] = {
    kinds.DEPLOYED: _deployed,
    kinds.DEPLOYMENT_TAGGED: _tagged,
    kinds.DEPLOYMENT_UNTAGGED: _untagged,
    kinds.DEPLOYMENT_DELETED: _deleted,
}
