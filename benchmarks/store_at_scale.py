"""Medians of the store's reads on a home of many executions.

The rows are generated inside DuckDB, in a temporary folder, by a few statements over ``range()``::

    python benchmarks/store_at_scale.py [executions] [calls of each]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import duckdb
import pyarrow as pa

from kitaru.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = (
    """'{"codec":"json","type":"builtins.str","size":40,"digest":"' || sha256(n::VARCHAR) || '","inline":"' """
    """|| repeat('word ', 8) || '","preview":{"kind":"text","text":"' || repeat('word ', 8) || '"}}'"""
)
ROWS: dict[str, dict[str, str]] = {
    "executions": {
        "exec_id": "'kr-' || left(md5(e::VARCHAR), 12)",
        "flow": "'flow_' || e % 20",
        "status": "CASE e % 10 WHEN 0 THEN 'failed' ELSE 'completed' END",
        "epoch": "1",
        "snapshot_id": "'s' || e % 50",
        "inputs": "'{\"topic\":' || VALUE || '}'",
        "output": "VALUE",
        "stack": "'local'",
        "notebook": "'notebooks/' || e % 7 || '.ipynb'",
        "tags": "['nightly']",
        "metadata": "'{\"team\":\"' || e % 5 || '\"}'",
        "created_at": "1.7e9 + e * 60",
        "started_at": "1.7e9 + e * 60",
        "ended_at": "1.7e9 + e * 60 + e % 97",
        "waits_pending": "[]",
        "calls": "CALLS",
        "reused": "0",
        "failed": "0",
        "llm_calls": "CALLS",
        "total_tokens": "e * 10",
        "cost_usd": "e / 1000",
        "first_position": "e * (2 * CALLS + 3) + 1",
        "last_position": "(e + 1) * (2 * CALLS + 3)",
    },
    "calls": {
        "exec_id": "'kr-' || left(md5(e::VARCHAR), 12)",
        "name": "'research_' || c",
        "checkpoint": "'research'",
        "type": "'tool_call'",
        "runtime": "'inline'",
        "sequence": "c",
        "status": "'completed'",
        "attempts": "1",
        "concurrent": "false",
        "input_digest": "sha256('i' || n)",
        "inputs": '\'{"topic":{"digest":"\' || sha256(\'t\' || n) || \'","preview":{"text":"some words"}}}\'',
        "parents": "['research_' || c - 1]",
        "code_id": "sha256('code' || c % 20)",
        "cache_key": "sha256('k' || n)",
        "opaque": "[]",
        "output": "VALUE",
        "started_at": "1.7e9 + e * 60 + c",
        "attempt_started_at": "1.7e9 + e * 60 + c",
        "ended_at": "1.7e9 + e * 60 + c + 1",
        "duration": "(n % 1000) / 100",
        "llm_calls": "1",
        "total_tokens": "n % 5000",
        "cost_usd": "n % 100 / 1000",
        "first_position": "e * (2 * CALLS + 3) + 2 * c + 3",
        "position": "e * (2 * CALLS + 3) + 2 * c + 4",
    },
    "logs": {
        "position": "e * (2 * CALLS + 3) + 2 * c + 4",
        "line": "0",
        "exec_id": "'kr-' || left(md5(e::VARCHAR), 12)",
        "call": "'research_' || c",
        "at": "1.7e9 + e * 60 + c",
        "stream": "'stdout'",
        "text": "'line ' || n",
    },
}


def fill(path: Path, executions: int, calls: int) -> None:
    """Generate the rows."""
    Database(path).close()
    with duckdb.connect(str(path)) as connection:
        for table, columns in ROWS.items():
            source = f"range({executions}) AS x(e)"
            if table != "executions":
                source += f", range({calls}) AS y(c)"
            number = "e" if table == "executions" else f"e * {calls} + c"
            picked = ", ".join(columns.values()).replace("VALUE", VALUE).replace("CALLS", str(calls))
            names = ", ".join(f'"{name}"' for name in columns)
            connection.execute(
                f"INSERT INTO internal.{table} ({names}) SELECT {picked} FROM (SELECT *, {number} AS n FROM {source}) "
                "ORDER BY n"
            )
        hashes = connection.execute("SELECT cache_key FROM internal.calls ORDER BY position").fetchall()
        table = pa.table({"key": [key for (key,) in hashes], "hash": [crc32(key.encode()) for (key,) in hashes]})
        connection.register("hashed", table)
        connection.execute(
            "INSERT INTO internal.cache_entries SELECT hash, code_id, cache_key, checkpoint, exec_id, name, ended_at, "
            "output, position FROM internal.calls JOIN hashed ON key = cache_key ORDER BY position"
        )
        connection.execute(f"UPDATE internal.applied SET position = {executions * (2 * calls + 3)}")


def median(name: str, call: Callable[[], Any], times: int = 31) -> None:
    """Print the median, the best and the ninth decile of the time that a call takes: the best is least disturbed."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    best, middle, ninth = (1e3 * value for value in (seconds[0], statistics.median(seconds), seconds[int(times * 0.9)]))
    print(f"{name:34} median {middle:8.2f} ms   best {best:8.2f} ms   p90 {ninth:8.2f} ms")


def event(kind: str, exec_id: str, call: str | None = None, **body: Any) -> dict[str, Any]:
    return {"kind": kind, "at": time.time(), "exec_id": exec_id, "call": call, "attempt": 1, "epoch": 1, "body": body}


def one_call(exec_id: str, number: int) -> list[dict[str, Any]]:
    output = {"codec": "json", "type": "builtins.str", "size": 12, "digest": "d" * 64, "inline": "hello",
              "preview": {"kind": "text", "text": "hello"}}  # fmt: skip
    name = f"research_{number}"
    described = {
        "checkpoint": "research", "type": "tool_call", "runtime": "inline", "sequence": number, "concurrent": False,
        "input_digest": "a" * 64, "inputs": {"topic": {"digest": "b" * 64, "preview": {"text": "x"}}}, "parents": [],
        "code_id": "c" * 64, "cache_key": f"{exec_id}{number:052}", "opaque": [],
    }  # fmt: skip
    return [
        event("call.started", exec_id, name, **described),
        event("call.completed", exec_id, name, output=output, started_at=1.0, duration=0.5),
    ]


def writes(database: Database) -> None:
    """Measure `Database.apply`."""

    def append(*events: dict[str, Any]) -> None:
        database.apply(
            [
                {
                    "position": database.position + 1,
                    "client": "bench",
                    "sequence": database.position + 1,
                    "time": time.time(),
                    "results": [],
                    "events": list(events),
                }
            ]
        )

    def begin(exec_id: str) -> None:
        created = event("execution.created", exec_id, flow="bench", snapshot_id="s", inputs={}, tags=[], metadata={})
        append(created, event("execution.claimed", exec_id, runner={"runner_id": "r"}, code="live"))

    begin("kr-sequential")
    numbers = iter(range(10**6))
    median("apply, one call", lambda: append(*one_call("kr-sequential", next(numbers))), 101)
    begin("kr-batch")
    batch = [item for number in range(10_000) for item in one_call("kr-batch", number)]
    median("apply, 10 000 calls at once", lambda: append(*batch), 1)


def main(executions: int = 20_000, calls: int = 100) -> None:
    """Generate a home and print what its reads and writes take."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kitaru.duckdb"
        start = time.perf_counter()
        fill(path, executions, calls)
        print(f"{executions} executions of {calls} calls, {path.stat().st_size / 2**20:.0f} MiB, "
              f"generated in {time.perf_counter() - start:.1f} s")  # fmt: skip
        start = time.perf_counter()
        database = Database(path)
        print(f"opened in {(time.perf_counter() - start) * 1e3:.0f} ms")
        reads(database, executions)
        writes(database)
        database.close()


def reads(database: Database, executions: int) -> None:
    """Measure the named reads."""
    middle = executions // 2
    exec_id, key, code_id = duckdb_row(
        database,
        "SELECT exec_id, cache_key, code_id FROM internal.calls WHERE position >= (SELECT first_position FROM "
        f"internal.executions LIMIT 1 OFFSET {middle}) LIMIT 1",
    )
    median("execution", lambda: database.read("execution", exec_id=exec_id))
    median("history", lambda: database.read("history", exec_id=exec_id))
    median("executions, newest 50", lambda: database.read("executions"))
    median("executions, one flow", lambda: database.read("executions", flow="flow_3"))
    median("executions, text", lambda: database.read("executions", text="flow_3"))
    median("cache_entry", lambda: database.read("cache_entry", cache_key=key))
    median("cache_entry, a miss", lambda: database.read("cache_entry", cache_key="0" * 64))
    median("cache, 1000 of a code", lambda: database.read("cache", code_id=code_id))
    median("cache, unknown code", lambda: database.read("cache", code_id="0" * 64))
    median("call_output", lambda: database.read("call_output", exec_id=exec_id, call="research_7"))
    median("resolve", lambda: database.read("resolve", prefix=exec_id[:8]))
    median("artifact", lambda: database.read("artifact", artifact_id=f"{exec_id}/research_7/output"))
    median("artifacts of an execution", lambda: database.read("artifacts", exec_id=exec_id))
    median("artifacts, newest 50", lambda: database.read("artifacts", limit=50))
    median("events", lambda: database.read("events", exec_id=exec_id))
    median("logs, tail", lambda: database.read("logs", exec_id=exec_id, tail=True, limit=50))
    median("waits", lambda: database.read("waits"))
    median("guard_state", lambda: database.guard_state(exec_id))
    median("info", lambda: database.read("info"))
    median("statistics by flow", lambda: database.read("statistics", group_by=["flow"]))
    median("statistics by checkpoint", lambda: database.read("statistics", group_by=["checkpoint"]), 5)
    median("sql: count of checkpoints", lambda: database.sql("SELECT status, count(*) FROM checkpoints GROUP BY 1"))


def duckdb_row(database: Database, query: str) -> tuple[Any, ...]:
    row = database._connection.cursor().execute(query).fetchone()
    assert row is not None
    return row


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
