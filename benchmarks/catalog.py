"""All measurements, with the bars that the project sets itself."""

from __future__ import annotations

from typing import Final

from benchmarks.rows import APPEND, COMMIT, Measurement, Row

MS: Final = 1e-3

CATALOG: Final = (
    Measurement(
        "sequential",
        "sequential",
        (Row("step", "sequential durable checkpoint, local service", at_most=0.8 * MS, yardstick=COMMIT, slack=0.0),),
    ),
    Measurement(
        "embedded",
        "sequential",
        (Row("step", "the same, embedded", at_most=0.4 * MS, yardstick=APPEND, slack=0.25 * MS),),
        embedded=True,
    ),
    Measurement(
        "fan-out",
        "fan_out",
        (Row("all", "fan-out of 100 trivial checkpoints", at_most=40 * MS, yardstick=COMMIT),),
    ),
    Measurement(
        "map",
        "big_map",
        (
            Row("rate", ".map over 10,000: checkpoints per second", "/s", at_least=4000),
            Row("memory", ".map over 10,000: more resident memory, at its peak", "MB", at_most=50),
            Row("behind", ".map over 10,000: DuckDB caught up after the end", at_most=1.0),
        ),
    ),
    Measurement(
        "cache",
        "cache_hits",
        (
            Row("hit", "cache hit", yardstick="durable", slack=0.0),
            Row("durable", "durable checkpoint in the same run", yardstick=COMMIT),
            Row("first", "first cache hit of an execution"),
        ),
    ),
    Measurement(
        "import",
        "imports",
        (
            Row("package", "import kitaru", at_most=120 * MS, yardstick="bare"),
            Row("names", "import kitaru, with flow, checkpoint and KitaruClient", yardstick="bare"),
            Row("bare", "start and end of a bare interpreter"),
        ),
    ),
    Measurement(
        "start",
        "first_result",
        (
            Row("cold", "process start to first result, service not running", at_most=1.0, yardstick="bare"),
            Row("warm", "process start to first result, service running", at_most=0.5, yardstick="bare"),
            Row("embedded", "process start to first result, embedded", yardstick="bare"),
            Row("ending", "first result to end of process, service running"),
            Row("bare", "start of a bare interpreter to its first output"),
        ),
    ),
    Measurement(
        "answer",
        "answers",
        (
            Row("lag", "answer from another process until the flow goes on", at_most=100 * MS),
            Row("call", "the answering call itself"),
        ),
    ),
    Measurement(
        "invoke",
        "invoking",
        (
            Row("cold", "invoke to first checkpoint, new worker process", at_most=1.5),
            Row("warm", "invoke to first checkpoint, worker process ready", at_most=150 * MS),
            Row("rate", "invocations accepted, while a worker does them", "/s", at_least=50),
        ),
    ),
    Measurement(
        "live-view",
        "live_view",
        (
            Row("loop", "10,000 checkpoints in a loop: CPU time that a live view adds", "%", at_most=5),
            Row("map", ".map over 10,000: CPU time that a live view adds", "%", at_most=5),
        ),
    ),
    Measurement(
        "first-paint",
        "first_paint",
        (
            Row("first", "start of a flow's cell until it shows something, new kernel, no service", at_most=300 * MS),
            Row("again", "the same, run again", at_most=300 * MS),
        ),
    ),
    Measurement(
        "view",
        "views",
        (
            Row("folded embedded", "view of .map over 10,000, embedded", at_most=500 * MS),
            Row("folded service", "the same, local service", at_most=500 * MS),
            Row("folded size", "the same: size of the MIME bundle", "KB", at_most=200),
            Row("windowed embedded", "view of 10,000 calls that take turns, embedded", at_most=500 * MS),
            Row("windowed service", "the same, local service", at_most=500 * MS),
            Row("windowed size", "the same: size of the MIME bundle", "KB", at_most=200),
        ),
    ),
    Measurement(
        "jupyter",
        "jupyter_server",
        (
            Row("change", "a change in the store until the page has it, through a Jupyter server", at_most=200 * MS),
            Row("busy", "the same for a change of status, while the execution writes 50 events/s", at_most=200 * MS),
            Row("rate", "the same: further messages about that execution", "/s", at_most=4.5),
            Row("grown", "the same: more resident memory of the Jupyter server", "MB", at_most=5),
            Row("document", "an execution of 1,000 calls, as the page asks for it", at_most=250 * MS),
            Row("list", "the list of executions, as the page asks for it", at_most=100 * MS),
        ),
    ),
    Measurement(
        "jupyter-store",
        "jupyter_at_scale",
        (
            Row("sidebar", "20,000 x 100, through a Jupyter server: state, flows, newest 50", at_most=300 * MS),
            Row("further", "the same: 50 of the oldest", at_most=200 * MS),
            Row("text", "the same: 50 by text", at_most=200 * MS),
            Row("one", "the same: one execution", at_most=100 * MS),
            Row("call", "the same: one call, with why it ran"),
        ),
        optional=True,
    ),
    Measurement(
        "lab",
        "lab_views",
        (
            Row("sidebar", "JupyterLab, 20,000 executions: the list's first rows, once it is opened", at_most=300 * MS),
            Row("document", "the same: the document of 1,000 calls, opened for the first time", at_most=500 * MS),
            Row("again", "the same: opened once more", at_most=500 * MS),
        ),
    ),
    Measurement(
        "lab-bundle",
        "lab_bundle",
        (
            Row("all", "JupyterLab extension: all of it, gzipped", "KB", at_most=300),
        ),
    ),
    Measurement(
        "lab-scroll",
        "lab_scrolling",
        (
            Row("frame", "JupyterLab, list of 100,000 scrolls: 19 of 20 frames within", at_most=34 * MS),
            Row("longest", "the same: its longest frame", at_most=100 * MS),
            Row("jump", "the same: from a jump anywhere to its rows", at_most=300 * MS),
            Row("rows", "the same: rows in the page", "", at_most=80),
        ),
    ),
    Measurement(
        "lab-stream",
        "lab_streaming",
        (
            Row("longest", "JupyterLab while a flow writes 50 events/s: longest task", at_most=100 * MS),
            Row("tasks", "the same: tasks of more than 50 ms, in 20 s", ""),
            Row("rate", "the same: events", "/s", at_least=50),
            Row("arrived", "a change in the store until the browser has it", at_most=200 * MS),
            Row("document", "the same: until the document shows it", at_most=200 * MS),
            Row("list", "the same: until the list shows it", at_most=200 * MS),
        ),
    ),
    Measurement(
        "lab-hour",
        "lab_hour",
        (
            Row("grown", "JupyterLab after 180,000 events: more memory than after a quarter", "MB", at_most=1),
            Row("nodes", "the same: more elements in memory", ""),
            Row("heap", "the same: memory of its scripts", "MB"),
            Row("rate", "the same: events that the page takes", "/s", at_least=50),
        ),
        optional=True,
        once=True,
    ),
    Measurement(
        "export",
        "exporting",
        (
            Row("export", "export of a notebook of 200 cells", at_most=1.0),
            Row("command", "the same by the command, with the start of its process"),
        ),
    ),
    Measurement(
        "resume",
        "resuming",
        (
            Row("kept", "kill -9 at step 25 of 50: steps not redone", "", at_least=24),
            Row("resume", "the same: resume until the end, without the steps", at_most=1.0),
            Row("process", "the same, with the start of the resuming process"),
        ),
    ),
    Measurement(
        "store",
        "at_scale",
        (
            Row("get", "20,000 executions x 100 calls: get", at_most=10 * MS),
            Row("list", "20,000 executions x 100 calls: list newest 50", at_most=10 * MS),
            Row("lookup", "20,000 executions x 100 calls: cache lookup", at_most=10 * MS),
        ),
    ),
    Measurement(
        "reads",
        "reads_at_scale",
        tuple(
            Row(name, f"20,000 x 100, read: {name}")
            for name in (
                "execution", "head", "history", "executions", "executions of a flow", "executions by text",
                "cache_entry", "cache_entry, a miss", "cache, 1000 of a code", "cache_keys, few", "cache_keys, all",
                "cache_keys, unknown code", "call_output", "resolve",
                "artifact", "artifacts of an execution", "artifacts", "events", "logs, tail", "waits", "info",
                "statistics by flow", "statistics by checkpoint", "sql: count of checkpoints",
            )
        ),
        optional=True,
    ),
    Measurement(
        "ingest",
        "ingest",
        (
            Row("one", "DuckDB takes in one call", yardstick=COMMIT),
            Row("batch", "DuckDB takes in 10,000 calls at once"),
        ),
        optional=True,
    ),
)  # fmt: skip

BY_NAME: Final = {measurement.name: measurement for measurement in CATALOG}
