"""The named reads: one function each, found by its name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruNotFoundError, KitaruUsageError
from kitaru.store.events import ENDED

if TYPE_CHECKING:
    from kitaru.store.database.query import Query
    from kitaru.store.database.rows import Row

Read = Callable[..., Any]

READS: Final[dict[str, Read]] = {}


def named(name: str) -> Callable[[Read], Read]:
    """Make a function the answer to the read called `name`."""

    def register(function: Read) -> Read:
        READS[name] = function
        return function

    return register


def answer(query: Query, name: str, parameters: dict[str, Any]) -> Any:
    """Answer the read called `name`.

    Raises
    ------
    KitaruUsageError
        If there is no such read, or it does not take these parameters.
    """
    function = READS.get(name)
    if function is None:
        raise KitaruUsageError(f"There is no read called {name!r}. The reads are: {', '.join(sorted(READS))}.")
    try:
        _signature(function).bind(query, **parameters)
    except TypeError as error:
        known = ", ".join(list(_signature(function).parameters)[1:])
        raise KitaruUsageError(f"The read {name!r} takes the parameters {known}: {error}.") from None
    return function(query, **parameters)


_signature = functools.cache(inspect.signature)


REACH: Final = "exec_id, status, first_position, last_position"
"""Columns of an execution by which its rows in other tables are found."""


def find_execution(query: Query, exec_id: str, columns: str = "*") -> Row:
    """Return the row of an execution, or a part of it.

    Raises
    ------
    KitaruNotFoundError
        If there is none.
    """
    for table in ("executions", "executions_open"):
        # One table after the other takes less time than planning their union.
        row = query.first(f"SELECT {columns} FROM internal.{table} WHERE exec_id = ?", [exec_id])  # noqa: S608
        if row is not None:
            break
    else:
        raise KitaruNotFoundError(
            f"There is no execution {exec_id!r} in this store. "
            "List what there is with `kitaru executions list`, and check that it is the right home."
        )
    return row


def reach(execution: Row) -> list[int]:
    """Return the first and the last journal position that rows of an execution can have.

    Examples
    --------
    >>> reach({"status": "completed", "first_position": 3, "last_position": 9})
    [3, 9]
    """
    return [execution["first_position"], execution["last_position"] if execution["status"] in ENDED else 2**62]


def rows_of(query: Query, execution: Row, table: str, columns: str = "*", name: str | None = None) -> list[Row]:
    """Return the rows of one execution, in the order in which they began; a running one has some that still change."""
    found = []
    values = [*reach(execution), execution["exec_id"], *([] if name is None else [name])]
    where = f"position BETWEEN ? AND ? AND exec_id = ?{'' if name is None else ' AND name = ?'}"
    for part in (table,) if execution["status"] in ENDED else (table, f"{table}_open"):
        found += query.rows(f"SELECT {columns} FROM internal.{part} WHERE {where}", values)  # noqa: S608
    return sorted(found, key=beginning)


def beginning(row: Row) -> int:
    """Return the position at which a row's subject began, to sort by."""
    position: int = row["first_position"]
    return position


def positive(name: str, value: Any, *, least: int = 1) -> int:
    """Check a count that a caller gave.

    Examples
    --------
    >>> positive("limit", 5)
    5
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise KitaruUsageError(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return value
