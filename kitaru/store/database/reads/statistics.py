"""Figures over many executions or calls: counts, durations, tokens, costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruUsageError
from kitaru.store.database.reads.listings import conditions
from kitaru.store.database.reads.records import describe_quarantine
from kitaru.store.database.reads.registry import named, positive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

_COLUMNS: Final = {"status": "e.status", "flow": "e.flow", "stack": "e.stack", "notebook": "e.notebook"}
_SPANS: Final = ("hour", "day", "week", "month")
_SPREAD: Final = (("avg", "avg({})"), ("min", "min({})"), ("max", "max({})"), ("p50", "quantile_cont({}, 0.5)"),
                  ("p90", "quantile_cont({}, 0.9)"), ("p99", "quantile_cont({}, 0.99)"))  # fmt: skip

_OF_EXECUTIONS: Final = {
    "failed": "count(*) FILTER (e.status = 'failed')",
    "calls": "coalesce(sum(e.calls), 0)",
    "reused": "coalesce(sum(e.reused), 0)",
    "tokens": "sum(e.total_tokens)",
    "cost": "sum(e.cost_usd)",
}
_OF_CALLS: Final = {
    "failed": "count(*) FILTER (c.status = 'failed')",
    "calls": "count(*)",
    "reused": "count(*) FILTER (c.status = 'reused')",
    "tokens": "sum(c.total_tokens)",
    "cost": "sum(c.cost_usd)",
}


@named("statistics")
def statistics(
    query: Query,
    flow: str | None = None,
    statuses: Sequence[str] | None = None,
    since: float | None = None,
    until: float | None = None,
    stack: str | None = None,
    tags: Sequence[str] | None = None,
    group_by: Sequence[str] = (),
    max_groups: int = 1000,
) -> dict[str, Any]:
    """Return figures for each group; grouped by checkpoint they count calls, else executions."""
    if isinstance(group_by, str):
        group_by = [group_by]
    keys = [_key(token) for token in group_by]
    of_calls = "checkpoint" in group_by
    where, values = conditions(flow=flow, statuses=statuses, since=since, until=until, tags=tags, stack=stack, of="e.")
    source = "internal.all_executions AS e"
    if of_calls:
        source += " JOIN internal.all_calls AS c USING (exec_id)"
    if "tag" in group_by:
        source += ", UNNEST(e.tags) AS t(tag)"
    names = [f"key_{i}" for i in range(len(keys))]
    picked = [f"{expression} AS {name}" for name, (expression, _) in zip(names, keys, strict=True)]
    rows = query.rows(
        f"SELECT {', '.join([*picked, _figures(of_calls)])} FROM {source} WHERE {' AND '.join(where) or 'true'} "  # noqa: S608
        f"{'GROUP BY ALL' if keys else ''} ORDER BY {', '.join(['count DESC', *names])} LIMIT ?",
        [*(value for _, given in keys for value in given), *values, positive("max_groups", max_groups) + 1],
    )
    groups = [_group(row, group_by) for row in rows[:max_groups]]
    return {"groups": groups, "truncated": len(rows) > max_groups}


@named("info")
def info(query: Query) -> dict[str, Any]:
    """Return what the database knows of itself."""
    row = query.rows(
        "SELECT (SELECT count(*) FROM internal.all_executions) AS executions, "
        "(SELECT count(*) FROM internal.all_calls) AS calls, "
        "(SELECT max(version) FROM internal.migrations) AS schema_version, "
        "(SELECT position FROM internal.applied) AS applied"
    )[0]
    return {**row, "quarantined": describe_quarantine(query)}


def _key(wanted: str) -> tuple[str, list[str]]:
    if wanted == "checkpoint":
        return "c.checkpoint", []
    if wanted in _COLUMNS:
        return _COLUMNS[wanted], []
    kind, _, rest = wanted.partition(":")
    if kind == "time" and rest in _SPANS:
        moment = "make_timestamp((coalesce(e.started_at, e.created_at) * 1e6)::BIGINT)"
        return f"epoch(date_trunc('{rest}', {moment}))", []
    if kind == "metadata" and rest:
        return "json_extract_string(e.metadata, ?)", ["/" + rest.replace("~", "~0").replace("/", "~1")]
    if wanted == "tag":
        return "t.tag", []
    raise KitaruUsageError(
        f"Statistics cannot be grouped by {wanted!r}. Choose from {', '.join(_COLUMNS)}, checkpoint, tag, "
        f"{', '.join(f'time:{span}' for span in _SPANS)} and metadata:<key>."
    )


def _figures(of_calls: bool) -> str:
    duration = "c.duration" if of_calls else "(e.ended_at - e.started_at)"
    figures = _OF_CALLS if of_calls else _OF_EXECUTIONS
    parts = ["count(*) AS count", *(f"{expression} AS {name}" for name, expression in figures.items())]
    parts += [f"{expression.format(duration)} AS duration_{name}" for name, expression in _SPREAD]
    return ", ".join(parts)


def _group(row: Row, group_by: Sequence[str]) -> dict[str, Any]:
    return {
        "keys": {token: row[f"key_{i}"] for i, token in enumerate(group_by)},
        "count": row["count"],
        **{name: _number(row[name]) for name in _OF_EXECUTIONS},
        "duration": {name: row[f"duration_{name}"] for name, _ in _SPREAD},
    }


def _number(value: Any) -> int | float | None:
    return value if value is None or isinstance(value, float) else int(value)
