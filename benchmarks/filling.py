"""A database of many executions, made inside DuckDB by a few statements over ``range()``."""

from __future__ import annotations

from hashlib import md5, sha256
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from pathlib import Path

VALUE: Final = (
    """'{"codec":"json","type":"builtins.str","size":40,"digest":"' || sha256(n::VARCHAR) || '","inline":"' """
    """|| repeat('word ', 8) || '","preview":{"kind":"text","text":"' || repeat('word ', 8) || '"}}'"""
)
ROWS: Final[dict[str, dict[str, str]]] = {
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
    """Make a database of `executions` with `calls` each, all of them in the cache."""
    import duckdb
    import pyarrow as pa

    from kitaru.store.database import Database

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


def exec_id_of(execution: int) -> str:
    """Return the id of an execution that `fill` made, by its number."""
    return "kr-" + md5(str(execution).encode(), usedforsecurity=False).hexdigest()[:12]


def cache_key_of(call: int) -> str:
    """Return the cache key of a call that `fill` made, by its number among all calls."""
    return sha256(f"k{call}".encode()).hexdigest()
