"""Recorded values as plain JSON for other programs: what needs no unpickling, and no class of the user's."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru.store.payloads import PayloadStore

_MOST: Final = 8 << 20
_TAG: Final = "$kitaru"


def plain_result(record: Mapping[str, Any] | None, payloads: PayloadStore) -> tuple[Any, bool]:
    """Return a recorded value as JSON data, and whether it could be.

    Values that are pickled, arrays, frames and what is larger than 8 MiB are not; their previews tell what they are.

    Examples
    --------
    >>> import tempfile
    >>> from kitaru.store.payloads import FilePayloads
    >>> payloads = FilePayloads(tempfile.mkdtemp())
    >>> plain_result({"codec": "json", "size": 1, "inline": 7}, payloads)
    (7, True)
    >>> plain_result({"codec": "cloudpickle", "size": 1, "inline": "gA=="}, payloads)
    (None, False)
    """
    if record is None or record["codec"] not in ("json", "json-tagged") or record["size"] > _MOST:
        return None, False
    digest = record.get("payload")
    tree = orjson.loads(payloads.get(digest)) if digest else record["inline"]
    try:
        return (tree if record["codec"] == "json" else without_tags(tree)), True
    except KeyError:  # a type of which only its own codec knows what it is
        return None, False


def without_tags(tree: Any) -> Any:
    """Turn tagged JSON into plain JSON: models and dataclasses become objects, tuples and sets lists, times ISO texts.

    Raises
    ------
    KeyError
        If a part of it has no plain form.

    Examples
    --------
    >>> without_tags({"$kitaru": "tuple", "v": [1, {"$kitaru": "pydantic", "v": ["m:Report", {"topic": "cats"}]}]})
    [1, {'topic': 'cats'}]
    """
    if isinstance(tree, list):
        return [without_tags(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if _TAG not in tree:
        return {key: without_tags(item) for key, item in tree.items()}
    return _PLAIN[tree[_TAG]](tree["v"])


def _object(pairs: list[list[Any]]) -> Any:
    """An object where the keys are texts; JSON has no other keys."""
    plain = [[without_tags(key), without_tags(item)] for key, item in pairs]
    return dict(plain) if all(isinstance(key, str) for key, _ in plain) else plain


def _moment(of: Any) -> Callable[[list[Any]], str]:
    def text(parts: list[Any]) -> str:
        moment: datetime | time = of.fromisoformat(parts[0]).replace(tzinfo=_zone(parts[1]), fold=parts[2])
        return moment.isoformat()

    return text


def _zone(tagged: dict[str, Any] | None) -> timezone | ZoneInfo | None:
    if tagged is None:
        return None
    if tagged[_TAG] == "zoneinfo":
        return ZoneInfo(tagged["v"])
    days, seconds, microseconds = tagged["v"][0]["v"]
    return timezone(timedelta(days, seconds, microseconds))


_PLAIN: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("tuple", "set", "frozenset", "complex", "fraction", "range", "timedelta"), without_tags),
    **dict.fromkeys(("dict", "ordered", "counter"), _object),
    **dict.fromkeys(("bytes", "bytearray", "decimal", "date", "zoneinfo"), str),
    **dict.fromkeys(("namedtuple", "dataclass", "pydantic", "enum", "path"), lambda held: without_tags(held[1])),
    "defaultdict": lambda held: _object(held[1]),
    "deque": lambda held: without_tags(held[0]),
    "datetime": _moment(datetime),
    "time": _moment(time),
    "int": lambda text: int(text, 16),
    "float": str,
    "uuid": lambda held: str(UUID(held[0])),
}
