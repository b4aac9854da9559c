"""Comparing executions call by call, from what is recorded; values are read only on request."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from kitaru.client.differences import CallDiff, ComparedExecution, ExecutionDiff, ValueChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kitaru.client.client import KitaruClient

    Row = dict[str, Any]
    Text = Callable[[Any], str]

MOST_LINES: Final = 60
MOST_REPLAYS: Final = 100
_LONGEST_TEXT: Final = 100_000
_LARGEST_DATA: Final = 1 << 20


def diff(original: str, *others: str, values: bool = False, client: KitaruClient | None = None) -> ExecutionDiff:
    """Compare executions with an original, call by call.

    Parameters
    ----------
    original
        An execution's id, or the beginning of it.
    *others
        What to compare it with; its replays (the newest 100) if none is given.
    values
        Read the values of outputs that differ and compare their text. Else plain data up to a megabyte is read, and of
        everything else the previews are compared.
    client
        Where to look; a new `KitaruClient` if not given.

    Returns
    -------
    ExecutionDiff
        Prints as a readable report.

    Raises
    ------
    KitaruNotFoundError
        If an execution does not exist.

    Notes
    -----
    Calls are lined up by where a reused output was taken from, then by name, then by checkpoint in their order.

    Examples
    --------
    >>> import kitaru
    >>> @kitaru.checkpoint
    ... def double(n: int) -> int:
    ...     return 2 * n
    >>> @kitaru.flow
    ... def doubling(n: int) -> int:
    ...     return double(n)
    >>> first, second = doubling.run(1), doubling.run(2)
    >>> first.wait(), second.wait()
    (2, 4)
    >>> (compared,) = diff(first.exec_id, second.exec_id).compared
    >>> print(compared.calls[0].inputs[0])
    n: 1 → 2
    """
    from kitaru.client.client import KitaruClient

    client = client or KitaruClient()
    source = client.executions.resolve(original)
    if not others:
        listed = client.store.read("executions", original=source, limit=MOST_REPLAYS)
        others = tuple(row["exec_id"] for row in reversed(listed["items"]))
    before = client.store.read("execution", exec_id=source)
    text = _by_value(client) if values else _by_plain_data(client)
    compared = [
        _compare(before, client.store.read("execution", exec_id=client.executions.resolve(other)), text)
        for other in others
    ]
    return ExecutionDiff(original_exec_id=source, flow_name=before["execution"]["flow"], compared=compared)


def _compare(before: Mapping[str, Any], after: Mapping[str, Any], text: Text) -> ComparedExecution:
    old, new = before["execution"], after["execution"]
    return ComparedExecution(
        exec_id=new["exec_id"],
        status=new["status"],
        calls=[_call(one, other, text) for one, other in aligned(before["calls"], after["calls"])],
        inputs=_inputs(old["inputs"] or {}, new["inputs"] or {}),
        output=_output(old["output"], new["output"], "result", text),
        **_deltas(old, new),
    )


def aligned(before: list[Row], after: list[Row]) -> list[tuple[Row | None, Row | None]]:
    """Line the calls of two executions up; calls that only one has stand alone.

    Examples
    --------
    >>> calls = lambda *names: [{"name": name, "checkpoint": name[0], "exec_id": "kr-1"} for name in names]
    >>> [(a and a["name"], b and b["name"]) for a, b in aligned(calls("a", "b"), calls("b", "c"))]
    [('a', None), ('b', 'b'), (None, 'c')]
    """
    partner: dict[int, Row] = {}
    left = {id(row): row for row in before}

    def pair(fits: Callable[[Row, Row], bool]) -> None:
        for row in after:
            if id(row) not in partner:
                found = next((one for one in left.values() if fits(one, row)), None)
                if found is not None:
                    partner[id(row)] = left.pop(id(found))

    pair(lambda one, row: (row.get("source_exec_id"), row.get("source_call")) == (one["exec_id"], one["name"]))
    pair(lambda one, row: one["name"] == row["name"])
    pair(lambda one, row: one["checkpoint"] == row["checkpoint"])
    return _in_order(before, [(partner.get(id(row)), row) for row in after], left)


def _in_order(before: list[Row], pairs: list[tuple[Row | None, Row]], left: dict[int, Row]) -> list[Any]:
    """Put the calls that only the original has where they were in it."""
    ordered: list[tuple[Row | None, Row | None]] = list(pairs)
    for place, row in enumerate(before):
        if id(row) in left:
            earlier = {id(one) for one in before[:place]}
            spots = [index for index, (one, _) in enumerate(ordered) if one is not None and id(one) in earlier]
            ordered.insert(spots[-1] + 1 if spots else 0, (row, None))
    return ordered


def _call(one: Row | None, other: Row | None, text: Text) -> CallDiff:
    shown = one or other
    assert shown is not None
    diff = CallDiff(
        name=shown["name"],
        checkpoint=shown["checkpoint"],
        original_call_id=f"{one['exec_id']}/{one['name']}" if one else None,
        other_call_id=f"{other['exec_id']}/{other['name']}" if other else None,
        original_status=one["status"] if one else None,
        other_status=other["status"] if other else None,
        ran=other is not None and other["status"] != "reused",
        why=other["why"] if other else None,
    )
    if one is None or other is None:
        return diff
    return diff.model_copy(
        update={
            "inputs": _inputs(one["inputs"] or {}, other["inputs"] or {}),
            "output": _output(one["output"], other["output"], "output", text),
            **_deltas(one, other),
        }
    )


def _inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ValueChange]:
    changes = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is None or new is None or _differ(old, new):
            changes.append(ValueChange(name=name, before=_line(old), after=_line(new)))
    return changes


def _differ(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if old.get("digest") is None or new.get("digest") is None:
        return bool(_line(old) != _line(new))  # opaque values have no digest
    return bool(old["digest"] != new["digest"])


def _output(before: Any, after: Any, name: str, text: Text) -> ValueChange | None:
    if before is None or after is None:
        return None if before is after else ValueChange(name=name, before=_line(before), after=_line(after))
    if before["digest"] == after["digest"]:
        return None
    return ValueChange(
        name=name, before=_line(before), after=_line(after), text_diff=text_diff(text(before), text(after))
    )


def text_diff(before: str, after: str) -> list[str]:
    r"""Compare texts line by line; at most 60 lines of difference.

    Examples
    --------
    >>> text_diff("a\nb", "a\nc")
    [' a', '-b', '+c']
    """
    if before == after:
        return []
    old, new = before[:_LONGEST_TEXT].splitlines(), after[:_LONGEST_TEXT].splitlines()
    lines = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
    lines = [line for line in lines if not line.startswith("@@")]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"… {len(lines) - MOST_LINES} more lines"]
    return lines


def _line(record: Mapping[str, Any] | None) -> str | None:
    return None if record is None else str((record.get("preview") or {}).get("text", "?"))


def _by_plain_data(client: KitaruClient) -> Text:
    def text(record: Mapping[str, Any]) -> str:
        if record.get("codec") != "json" or record.get("size", 0) > _LARGEST_DATA:
            return _by_preview(record)
        value = client.decode(record)
        return value if isinstance(value, str) else _pretty(value)

    return text


def _by_preview(record: Mapping[str, Any]) -> str:
    preview = record.get("preview") or {}
    if "data" in preview:
        return _pretty(preview["data"])
    return str(preview.get("value", preview.get("text", "")))


def _by_value(client: KitaruClient) -> Text:
    def text(record: Mapping[str, Any]) -> str:
        value = client.decode(record)
        return value if isinstance(value, str) else _pretty(value)

    return text


def _pretty(value: Any) -> str:
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(value, option=options, default=str).decode()
    except TypeError:  # sets and other things that JSON does not have, very deep trees
        return str(value)


def _deltas(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    def minus(name: str) -> Any:
        return None if old.get(name) is None or new.get(name) is None else new[name] - old[name]

    return {
        "duration_delta": minus("duration"),
        "token_delta": minus("total_tokens"),
        "cost_delta": minus("cost_usd"),
    }
