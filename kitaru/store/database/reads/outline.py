"""Many calls as a few rows: neighbours of one checkpoint folded, the middle of a long list left out.

What is counted is read by columns: that takes a tenth of the time of rows, and of what windows in SQL take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.store.database.reads.executions import besides_calls, execution, in_full
from kitaru.store.database.reads.registry import find_execution, named, positive, reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

    Columns = dict[str, np.ndarray[Any, Any]]

STATUSES: Final = ("pending", "running", "completed", "failed", "reused", "interrupted", "cancelled")
_FAILED, _RUNNING = STATUSES.index("failed"), STATUSES.index("running")
MOST_CHILDREN: Final = 20

_COLUMNS: Final = (
    "SELECT sequence, first_position, hash(checkpoint) AS checkpoint, concurrent, "
    "list_position(?::VARCHAR[], status) - 1 AS status, list_contains(?::VARCHAR[], name) AS alone, "
    "coalesce(started_at, 'nan') AS started_at, coalesce(ended_at, 'nan') AS ended_at, "
    "coalesce(total_tokens, 'nan'::DOUBLE) AS total_tokens, coalesce(cost_usd, 'nan'::DOUBLE) AS cost_usd "
    "FROM internal.all_calls WHERE position BETWEEN ? AND ? AND exec_id = ?"
)


@named("outline")
def outline(
    query: Query, exec_id: str, most_whole: int, most: int, sample: int, folded_alike: int, folded_concurrent: int
) -> dict[str, Any]:
    """Return an execution as `execution` does; of one with more than `most_whole` calls, rows in their place.

    A row is one call, or neighbours of one checkpoint if they are more than `folded_alike`, or more than
    `folded_concurrent` of them ran beside others. It says how many calls it stands for, in which states, and has
    `sample` of them in full: those that failed or run, then the newest. If there are more than `most` rows, those in
    the middle are `hidden`. A question, and a call that started one of the newest children, are not folded over;
    `places` tells how many calls began before each question.
    """
    row = find_execution(query, exec_id)
    if row["calls"] <= positive("most_whole", most_whole, least=0):
        whole: dict[str, Any] = execution(query, exec_id)
        return whole
    told = besides_calls(query, row)
    alone = [child["parent_call"] for child in told["children"][-MOST_CHILDREN:]]
    columns = _columns(query, row, alone)
    places = _places(columns, told["waits"])
    units = _units(columns, places, folded_alike, folded_concurrent)
    hidden = max(0, len(units) - positive("most", most))
    chosen = [*units[: most // 4], *units[len(units) - (most - most // 4) :]] if hidden else units
    rows = [_row(columns, start, end, sample) for start, end in chosen]
    _complete(query, row, rows, columns["first_position"])
    return told | {
        "calls": [],
        "rows": rows,
        "hidden": hidden,
        "counts": _counted(columns["status"]),
        "places": places,
    }


def _columns(query: Query, row: Row, alone: Sequence[str]) -> Columns:
    import numpy as np

    found = query.arrays(_COLUMNS, [list(STATUSES), list(alone), *reach(row), row["exec_id"]])
    order = np.lexsort((found["first_position"], found["sequence"]))
    return {name: column[order] for name, column in found.items()}


def _places(columns: Columns, waits: list[Row]) -> list[int]:
    import numpy as np

    return [int(np.count_nonzero(columns["first_position"] < wait["first_position"])) for wait in waits]


def _units(columns: Columns, cuts: Sequence[int], alike: int, concurrent: int) -> list[tuple[int, int]]:
    """Part the calls into rows, each from one place to another."""
    import numpy as np

    size = len(columns["sequence"])
    begins = columns["alone"].copy()
    begins[1:] |= (columns["checkpoint"][1:] != columns["checkpoint"][:-1]) | columns["alone"][:-1]
    begins[[0, *(place for place in cuts if place < size)]] = True
    starts = np.flatnonzero(begins)
    sizes = np.diff(starts, append=size)
    folded = (sizes > alike) | (np.add.reduceat(columns["concurrent"].astype(int), starts) > concurrent)
    units = np.flatnonzero(begins | ~np.repeat(folded, sizes))
    return list(zip(units.tolist(), [*units[1:].tolist(), size], strict=True))


def _row(columns: Columns, start: int, end: int, sample: int) -> dict[str, Any]:
    part = {name: column[start:end] for name, column in columns.items()}
    begun, ended, tokens, cost = (_known(part[name]) for name in ("started_at", "ended_at", "total_tokens", "cost_usd"))
    return {
        "start": start,
        "total": end - start,
        "counts": _counted(part["status"]),
        "started_at": min(begun, default=None),
        "ended_at": max(ended, default=None),
        "total_tokens": int(sum(tokens)) if tokens else None,
        "cost_usd": sum(cost) if cost else None,
        # The first one tells the row's sequence and type; it need not be among those that are shown.
        "calls": [start, *(start + place for place in _sample(part["status"], sample))],
    }


def _sample(status: np.ndarray[Any, Any], most: int) -> list[int]:
    """Places of those that failed or run, then of the newest."""
    import numpy as np

    marked = [place for one in (_FAILED, _RUNNING) for place in np.flatnonzero(status == one)[:most].tolist()][:most]
    newest = [place for place in range(len(status) - 1, max(-1, len(status) - 1 - most), -1) if place not in marked]
    return sorted([*marked, *newest[: most - len(marked)]])


def _complete(query: Query, row: Row, rows: list[dict[str, Any]], positions: np.ndarray[Any, Any]) -> None:
    """Put calls in the place of their places."""
    wanted = {place: int(positions[place]) for one in rows for place in one["calls"]}
    calls = {call["first_position"]: call for call in in_full(query, row, list(wanted.values()))}
    for one in rows:
        first, *shown = [calls[wanted[place]] for place in one["calls"]]
        one |= {"checkpoint": first["checkpoint"], "type": first["type"], "sequence": first["sequence"], "calls": shown}


def _counted(status: np.ndarray[Any, Any]) -> dict[str, int]:
    import numpy as np

    counts = np.bincount(status, minlength=len(STATUSES)).tolist()
    return {name: count for name, count in zip(STATUSES, counts, strict=True) if count}


def _known(values: np.ndarray[Any, Any]) -> list[float]:
    """Return the numbers among values: what is unknown is no number."""
    import numpy as np

    known: list[float] = values[~np.isnan(values)].tolist()
    return known
