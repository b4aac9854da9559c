"""The text of a script: its header, the statements that its flows need, its command line."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from kitaru.export.environment import OWN, Environment, normal
from kitaru.export.problems import Kind, problem
from kitaru.export.statements import FUNCTIONS, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kitaru.export.dependencies import Dependencies
    from kitaru.export.program import Program
    from kitaru.export.slice import Slice
    from kitaru.export.statements import Statement

_DIGEST = re.compile(r"^# (?:Digest|digest): ([0-9a-f]{16})$", re.MULTILINE)
EMPTY_DIGEST = "0" * 16
SHEBANG = "#!/usr/bin/env -S uv run --script"


class Script:
    """Writes a script.

    Parameters
    ----------
    program
        The notebook.
    part
        The statements that the flows need.
    flows
        Names of the flows, as variables.
    notebook
        Name of the notebook.
    """

    def __init__(self, program: Program, part: Slice, flows: list[str], notebook: str) -> None:
        self._program = program
        self._part = part
        self._flows = flows
        self._notebook = notebook
        self._words: dict[str, str] = {}

    def text(self, dependencies: Dependencies, environment: Environment) -> str:
        """Write the whole script; the same input gives the same text.

        Parameters
        ----------
        dependencies
            What it needs.
        environment
            For the version of Python.

        Returns
        -------
        str
            Python source.
        """
        body = self._body()
        head = [*_metadata(dependencies, environment), "", *self._about()]
        if self._program.text_annotations:
            head += ["", "from __future__ import annotations"]
        if self._words:
            plain = sorted(word for word, written in self._words.items() if written == word)
            dotted = [word for word, written in self._words.items() if written != word]
            head += ["", *(["import kitaru"] if dotted else [])]
            head += [f"from kitaru import {', '.join(plain)}"] if plain else []
        return signed("\n".join([*head, *body, "", "", *self._main(), ""]))

    def _about(self) -> Iterator[str]:
        flows = ", ".join(self._flows)
        yield f"# {'Flow' if len(self._flows) == 1 else 'Flows'} {flows} of {self._notebook}, written by kitaru export."
        yield "# Change the notebook and export it again; the digest tells whether this file was changed by hand."
        yield f"# Digest: {EMPTY_DIGEST}"

    def _main(self) -> Iterator[str]:
        yield 'if __name__ == "__main__":'
        yield "    from kitaru.cli import run_flows"
        yield ""
        yield f"    run_flows({', '.join(self._flows)})"

    def _body(self) -> list[str]:
        lines: list[str] = []
        before: Statement | None = None
        for statement in self._part.statements:
            if before is None or statement.cell is not before.cell:
                lines += ["", "", f"# %% {self._notebook} cell {statement.cell.id or statement.cell.number}"]
            else:
                lines += [""] * _blank_lines(statement, before)
            lines += _text(statement, self._decorator(statement)).split("\n")
            before = statement
        return lines

    def _decorator(self, statement: Statement) -> str | None:
        if not statement.checkpoint and not (statement.is_made and statement.role is Role.FLOW):
            return None
        options = [statement.options] if statement.options else []
        if statement.checkpoint and self._is_called_outside(statement):
            # A function that only a magic made a checkpoint is a plain function to other functions.
            options.append('outside="plain"')
        word = self._word("checkpoint" if statement.checkpoint else "flow", statement)
        return f"@{word}({', '.join(options)})" if options else f"@{word}"

    def _is_called_outside(self, statement: Statement) -> bool:
        name = statement.node.name if isinstance(statement.node, FUNCTIONS) else ""
        return any(
            name in (*user.names.reads, *user.names.conditional) or _is_recursive(user, name)
            for user in self._part.statements
            if user.role is not Role.FLOW
        )

    def _word(self, word: str, statement: Statement) -> str:
        known = self._program.kitaru_names
        if self._is_imported_before(word, statement):
            return word
        if word not in self._words:
            written = word
            if known.get(word) != f"kitaru.{word}" and word in self._program.sites:
                written = f"kitaru.{word}"
                if known.get("kitaru", "kitaru") != "kitaru" or (
                    "kitaru" in self._program.sites and "kitaru" not in known
                ):
                    self._part.problems.append(problem(Kind.NAMES, statement.cell, statement.line, name="kitaru"))
            self._words[word] = written
        return self._words[word]

    def _is_imported_before(self, word: str, user: Statement) -> bool:
        for statement in self._part.statements:
            if statement is user:
                return False
            if statement.role is Role.IMPORT and word in statement.names.writes:
                return self._program.kitaru_names.get(word) == f"kitaru.{word}"
        return False


def signed(text: str) -> str:
    r"""Put the digest of a script into its header.

    Examples
    --------
    >>> was_edited(signed("# Digest: 0000000000000000\nx = 1\n"))
    False
    """
    return _DIGEST.sub(f"# Digest: {_digest(text)}", text, count=1)


def was_edited(text: str) -> bool | None:
    """Whether a script was changed since it was written.

    Parameters
    ----------
    text
        Its text.

    Returns
    -------
    bool or None
        None if no export wrote it.

    Examples
    --------
    >>> was_edited("print()") is None
    True
    """
    found = _DIGEST.search(text)
    if found is None:
        return None
    return found[1] != _digest(text)


def _digest(text: str) -> str:
    plain = _DIGEST.sub(f"# Digest: {EMPTY_DIGEST}", text.replace("\r\n", "\n"), count=1)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _metadata(dependencies: Dependencies, environment: Environment) -> Iterator[str]:
    """The PEP 723 block, behind the line that makes the file a program."""
    yield SHEBANG
    yield "# /// script"
    yield f'# requires-python = ">={environment.python}"'
    yield "# dependencies = ["
    own = normal(OWN)
    for name in sorted(dependencies.requirements, key=lambda name: (name != own, name)):
        yield f"#   {json.dumps(dependencies.requirements[name], ensure_ascii=False)},"
    yield "# ]"
    if dependencies.sources:
        yield "#"
        yield "# [tool.uv.sources]"
        for name, source in sorted(dependencies.sources.items()):
            yield f"# {name} = {inline_table(source)}"
    yield "# ///"


def inline_table(table: dict[str, Any]) -> str:
    """Write an inline table of TOML.

    Examples
    --------
    >>> inline_table({"path": "/srv/a", "editable": True})
    '{ path = "/srv/a", editable = true }'
    """
    # JSON's strings and booleans are TOML's too.
    return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items()) + " }"


def _text(statement: Statement, decorator: str | None) -> str:
    comments = statement.above.strip("\n")
    above = f"{comments}\n" if comments.strip() else ""
    if decorator is not None and statement.flow_cell is None and "@" in statement.code[:1]:
        return f"{above}{decorator}\n{statement.code}{statement.after}"
    return f"{above}{f'{decorator}{chr(10)}' if decorator else ''}{statement.code}{statement.after}"


def _blank_lines(statement: Statement, before: Statement) -> int:
    if any(isinstance(one.node, (ast.ClassDef, *FUNCTIONS)) for one in (statement, before)):
        return 2
    return min(len(statement.above) - len(statement.above.lstrip("\n")), 2)


def _is_recursive(statement: Statement, name: str) -> bool:
    if getattr(statement.node, "name", None) != name:
        return False
    body: Iterable[ast.AST] = getattr(statement.node, "body", ())
    return any(isinstance(inner, ast.Name) and inner.id == name for part in body for inner in ast.walk(part))
