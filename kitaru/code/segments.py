"""Cells cut into their statements: text, comments and blank lines as they were written."""

from __future__ import annotations

import ast
import io
import re
from dataclasses import dataclass, replace

from kitaru.code.canonical import parse

_OF_THE_BLOCK = re.compile(r"(?:\n*[ \t]+#.*\n)+")


@dataclass(frozen=True, slots=True)
class Segment:
    r"""One top-level statement of a cell, with what was written around it.

    Attributes
    ----------
    node
        The statement.
    above
        The comments and blank lines above it; empty, or ended by a newline.
    code
        The statement itself with its decorators, and without a semicolon at its end.
    after
        The comment on its last line, and those that end the cell.
    line
        The line of the cell on which the code begins, decorators included; 1 is the first.

    Examples
    --------
    >>> [segment.text for segment in segments("# why\nx = 1; y = 2  # two\n")]
    ['# why\nx = 1', 'y = 2  # two']
    """

    node: ast.stmt
    above: str
    code: str
    after: str
    line: int

    @property
    def text(self) -> str:
        """All of it, without a newline at the end."""
        return self.above + self.code + self.after

    @property
    def last_line(self) -> int:
        """The line of the cell on which the code ends."""
        return self.line + self.code.count("\n")


def segments(source: str) -> list[Segment]:
    r"""Cut a cell into its statements.

    Parameters
    ----------
    source
        Python text that is not indented; top-level ``await`` is allowed.

    Returns
    -------
    list of Segment
        In the order of the cell. Texts of all segments hold every comment of the cell.

    Raises
    ------
    SyntaxError
        If the text is not Python.

    Examples
    --------
    >>> [(segment.line, segment.code) for segment in segments("import re\n\n@cached\ndef f():\n    return re\n")]
    [(1, 'import re'), (3, '@cached\ndef f():\n    return re')]
    """
    lines = [line.encode() for line in _lines(source)]
    statements = parse(source).body
    found: list[Segment] = []
    end_line, end_column = 0, 0
    for index, node in enumerate(statements):
        following = statements[index + 1] if index + 1 < len(statements) else None
        line, column = _start(node)
        if line == end_line:
            above = ""
        else:
            # Nothing but comments, blank lines and semicolons stands between two statements.
            above, column = _trivia(lines[end_line : line - 1]), 0
            if found and (own := _OF_THE_BLOCK.match(above)):
                # Comments that are indented belong to the block that ends there.
                found[-1] = replace(found[-1], after=found[-1].after + "\n" + own[0].rstrip("\n"))
                above = above[own.end() :]
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        code = _between(lines, line, column, node.end_lineno, node.end_col_offset)
        end_line, end_column = node.end_lineno, node.end_col_offset
        alone = following is None or _start(following)[0] > end_line
        after = _comment(lines[end_line - 1][end_column:]) if alone else ""
        if following is None:
            after += _ending(lines[end_line:])
        found.append(Segment(node, above.lstrip("\n") if not found else above, code, after, line))
    return found


def indented(code: str, indent: str = "    ") -> str:
    r"""Indent a piece of code, and leave the inside of its multi-line strings alone.

    Parameters
    ----------
    code
        Python text that is not indented.
    indent
        What goes in front of each line that is not blank.

    Returns
    -------
    str
        The same code, deeper.

    Examples
    --------
    >>> indented("if x:\n    y = '''a\nb'''")
    "    if x:\n        y = '''a\nb'''"
    """
    kept: set[int] = set()
    for node in ast.walk(parse(code)):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            assert node.end_lineno is not None
            kept.update(range(node.lineno + 1, node.end_lineno + 1))
    lines = _lines(code)
    return "".join(
        line if number in kept or not line.strip() else indent + line for number, line in enumerate(lines, 1)
    )


def _lines(source: str) -> list[str]:
    # Python ends lines at these alone; str.splitlines() ends them at form feeds and others too.
    return io.StringIO(source, newline=None).readlines()


def _start(node: ast.stmt) -> tuple[int, int]:
    decorators = getattr(node, "decorator_list", ())
    return min((decorator.lineno, 0) for decorator in decorators) if decorators else (node.lineno, node.col_offset)


def _between(lines: list[bytes], line: int, column: int, end_line: int, end_column: int) -> str:
    part = lines[line - 1 : end_line]
    part[-1] = part[-1][:end_column]
    part[0] = part[0][column:]
    return b"".join(part).decode()


def _trivia(lines: list[bytes]) -> str:
    kept = [line.rstrip() for line in lines]
    return "".join(line.decode() + "\n" for line in kept if not line or line.lstrip().startswith(b"#"))


def _comment(rest: bytes) -> str:
    """Comment that follows a statement on its line, with the space in front of it."""
    text = rest.decode().rstrip()
    comment = text.lstrip("; \t")
    return "  " + comment if comment.startswith("#") else ""


def _ending(lines: list[bytes]) -> str:
    text = _trivia(lines).rstrip("\n")
    return "\n" + text if text.strip() else ""
