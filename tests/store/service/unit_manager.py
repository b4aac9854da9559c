"""Stands in for ``systemctl`` and ``loginctl``: writes down what it is told, and starts what a unit describes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path


def words(text: str) -> list[str]:
    """Split a line at blanks; a quoted word may have blanks and escapes."""
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', text)
    return [re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in parts]


def start(name: str) -> None:
    lines = (Path(os.environ["XDG_CONFIG_HOME"]) / "systemd" / "user" / name).read_text().splitlines()
    pairs = [
        (key, value.replace("%%", "%")) for key, equals, value in (line.partition("=") for line in lines) if equals
    ]
    facts, environment = dict(pairs), {"HOME": os.environ["HOME"]}
    given = [words(value)[0] for key, value in pairs if key == "Environment"]
    file = Path(facts["EnvironmentFile"].removeprefix("-"))
    if file.exists():
        given += file.read_text().splitlines()
    for variable in given:
        variable_name, _, text = variable.partition("=")
        environment[variable_name] = text
    subprocess.Popen(
        [word.replace("$$", "$") for word in words(facts["ExecStart"])],
        cwd=facts["WorkingDirectory"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def main(folder: str, *told: str) -> None:
    with (Path(folder) / "told.jsonl").open("a") as file:
        file.write(json.dumps(told) + "\n")
    verb, *rest = [word for word in told if not word.startswith("--")]
    if verb == "show-environment" and os.environ.get("NOBODY_MANAGES"):
        sys.exit("Failed to connect to bus: No medium found")
    if verb in ("start", "restart"):
        start(*rest)


if __name__ == "__main__":
    main(*sys.argv[1:])
