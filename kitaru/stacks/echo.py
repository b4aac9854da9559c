"""Shows in this process what an isolated call prints and logs in its own."""

from __future__ import annotations

import logging
from typing import Any

from kitaru.stacks import capture


def echo(lines: list[dict[str, Any]]) -> None:
    """Print lines where the process' own output goes, and log records as this process is set to."""
    for line in lines:
        if line["stream"] == "logging":
            _log(line)
        else:
            _print(line["stream"], line["text"])


def _print(stream: str, text: str) -> None:
    target = capture.original(stream)
    if target is not None:
        target.write(text + "\n")


def _log(line: dict[str, Any]) -> None:
    level = logging.getLevelName(line["level"])
    logger = logging.getLogger(line["logger"])
    if isinstance(level, int) and logger.isEnabledFor(level):
        name, file, number = line["logger"], line.get("file", ""), line.get("line", 0)
        logger.handle(logging.LogRecord(name, level, file, number, line["text"], None, None))
