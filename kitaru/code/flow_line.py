"""What follows ``%%kitaru_flow`` on its line: the name of the flow, its parameters, its options."""

from __future__ import annotations

import argparse
import ast
import keyword
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from kitaru.errors import KitaruUsageError

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_PLAIN = (bool, int, float, str, bytes, list, dict, tuple, set)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a flow that a cell defines, as source text.

    Attributes
    ----------
    name
        Its name.
    annotation
        Its type: as given, or that of a literal value; None if neither says.
    default
        Its value; None if it has to be given to ``.run()``.

    Examples
    --------
    >>> Parameter("top", "int", "3").text
    'top: int = 3'
    """

    name: str
    annotation: str | None = None
    default: str | None = None

    @property
    def text(self) -> str:
        """The parameter as it stands in a signature."""
        annotated = f"{self.name}: {self.annotation}" if self.annotation else self.name
        if self.default is None:
            return annotated
        return f"{annotated} = {self.default}" if self.annotation else f"{annotated}={self.default}"


@dataclass(frozen=True, slots=True)
class FlowLine:
    """The options of a cell that is a flow.

    Attributes
    ----------
    name
        Name of the flow, and of the variable that it is bound to.
    parameters
        What ``-p`` gave.
    checkpoints
        Names of functions of the notebook that become checkpoints too.
    plain
        Names of functions of the cell that become none.
    retries, cache, stack
        Settings of the flow; None where the line says nothing.
    detach
        Whether the cell returns at once.
    new
        Whether another execution is started although an unfinished one could be attached to.
    run
        Whether it is run at all, and not only defined.
    output
        Name of the variable that takes the result.
    magic
        What the cell begins with, for messages.

    Examples
    --------
    >>> parse_flow_line("research -p topic='cats' --no-run").run
    False
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    checkpoints: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    retries: int | None = None
    cache: bool | None = None
    stack: str | None = None
    detach: bool = False
    new: bool = False
    run: bool = True
    output: str | None = None
    magic: str = "%%kitaru_flow"


def parse_flow_line(line: str) -> FlowLine:
    """Read the line of a cell that is a flow, without evaluating any of it.

    Parameters
    ----------
    line
        What follows ``%%kitaru_flow``.

    Returns
    -------
    FlowLine
        Its options.

    Raises
    ------
    KitaruUsageError
        If an option is unknown, or a name or a value has no meaning.

    Examples
    --------
    >>> flow = parse_flow_line('research -p topic="deep sea" -p top:int --checkpoint load,clean -o answer')
    >>> flow.name, [parameter.text for parameter in flow.parameters], flow.checkpoints
    ('research', ['topic: str = "deep sea"', 'top: int'], ('load', 'clean'))
    """
    given = flow_line_parser().parse_args(split_line(line))
    parameters = tuple(parse_parameter(text) for text in given.parameters)
    names = [parameter.name for parameter in parameters]
    for name in names:
        if names.count(name) > 1:
            raise KitaruUsageError(f"%%kitaru_flow: -p {name} is given {names.count(name)} times. Keep one of them.")
    if given.retries is not None and given.retries < 0:
        raise KitaruUsageError(f"%%kitaru_flow: --retries {given.retries}: give a number of retries, 0 or more.")
    return FlowLine(
        name=_identifier(given.name, "NAME"),
        parameters=parameters,
        checkpoints=_names(given.checkpoints, "--checkpoint"),
        plain=_names(given.plain, "--plain"),
        retries=given.retries,
        cache=given.cache,
        stack=given.stack,
        detach=given.detach,
        new=given.new,
        run=given.run,
        output=None if given.output is None else _identifier(given.output, "-o"),
    )


class LineParser(argparse.ArgumentParser):
    """A parser that raises `KitaruUsageError` where others end the process, and names the nearest option.

    Examples
    --------
    >>> LineParser(prog="%kitaru").parse_args(["--new"])
    Traceback (most recent call last):
    kitaru.errors.KitaruUsageError: %kitaru: unknown: --new. Usage: %kitaru [-h]
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and how the line is written."""
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        told = self._told(message)
        raise KitaruUsageError(f"{self.prog}: {told}{'' if told.endswith('?') else '.'} Usage: {usage}")

    def option_names(self) -> list[str]:
        """List the options, for completion."""
        return [name for action in self._actions for name in action.option_strings]

    def _told(self, message: str) -> str:
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown == message:
            return message
        near = get_close_matches(unknown.split()[0].partition("=")[0], self.option_names(), 1)
        return f"unknown: {unknown}{f'; did you mean {near[0]}?' if near else ''}"


def flow_line_parser() -> LineParser:
    """Make the parser of the line; its help is what ``%%kitaru_flow?`` shows.

    Returns
    -------
    LineParser
        It raises `KitaruUsageError` where others end the process.

    Examples
    --------
    >>> print(flow_line_parser().format_usage().split()[1])
    %%kitaru_flow
    """
    parser = LineParser(prog="%%kitaru_flow", add_help=False)
    add: Any = parser.add_argument
    add("name", metavar="NAME", help="what the flow is called; the flow is bound to this name")
    add(
        "-p",
        dest="parameters",
        metavar="name[:type][=value]",
        action="append",
        default=[],
        help="a parameter, its value a Python expression",
    )
    add(
        "--checkpoint",
        dest="checkpoints",
        metavar="a,b",
        action="append",
        default=[],
        help="functions of other cells that become checkpoints",
    )
    add(
        "--plain",
        metavar="a,b",
        action="append",
        default=[],
        help="functions of this cell that become none",
    )
    add("--retries", type=int, metavar="N", help="how often the body is run again after a failure")
    add("--no-cache", dest="cache", action="store_const", const=False, help="reuse no results of other executions")
    add("--stack", metavar="S", help="the stack that it runs on")
    add("--detach", action="store_true", help="return at once")
    add("--new", action="store_true", help="start anew instead of attaching to an unfinished execution")
    add("--no-run", dest="run", action="store_false", help="define the flow, and do not run it")
    add("-o", dest="output", metavar="VAR", help="the variable that takes the result")
    return parser


def split_line(line: str) -> list[str]:
    """Split a line at white space that is outside of quotes and brackets; quotes stay.

    Parameters
    ----------
    line
        The line.

    Returns
    -------
    list of str
        Its words.

    Raises
    ------
    KitaruUsageError
        If a quote or a bracket is not closed.

    Examples
    --------
    >>> split_line("research -p topic='deep sea' -p ids=[1, 2]")
    ['research', '-p', "topic='deep sea'", '-p', 'ids=[1, 2]']
    """
    words: list[str] = []
    word, closers = "", ""
    position = 0
    while position < len(line):
        character = line[position]
        position += 1
        if closers[-1:] in ("'", '"'):
            word += character
            if character == "\\" and position < len(line):
                word += line[position]
                position += 1
            elif character == closers[-1]:
                closers = closers[:-1]
        elif character.isspace() and not closers:
            words += [word] if word else []
            word = ""
        else:
            word += character
            if character in "'\"":
                closers += character
            elif character in _CLOSING:
                closers += _CLOSING[character]
            elif closers and character == closers[-1]:
                closers = closers[:-1]
    if closers:
        raise KitaruUsageError(f"%%kitaru_flow: {closers[-1]} is missing at the end of {line.strip()}")
    return [*words, word] if word else words


def parse_parameter(text: str) -> Parameter:
    """Read ``name[:type][=value]``.

    Parameters
    ----------
    text
        One parameter; as a whole it may be in quotes.

    Returns
    -------
    Parameter
        Its type is that of the value, where the value is a literal and no type is given.

    Raises
    ------
    KitaruUsageError
        If the name is none, or type or value are not Python.

    Examples
    --------
    >>> parse_parameter("rate:float=1"), parse_parameter("rows=data").annotation
    (Parameter(name='rate', annotation='float', default='1'), None)
    """
    if text[:1] in ("'", '"'):
        text = str(ast.literal_eval(text))
    head, equals, value = text.partition("=")
    name, colon, annotation = head.partition(":")
    name, annotation, value = _identifier(name.strip(), "-p"), annotation.strip(), value.strip()
    if colon and not _is_expression(annotation):
        raise KitaruUsageError(f"%%kitaru_flow: -p {text}: {annotation!r} is no type. Write -p {name}:int=1, say.")
    if equals and not _is_expression(value):
        raise KitaruUsageError(
            f'%%kitaru_flow: -p {text}: {value} is no Python value. For text, write -p {name}="{value}".'
        )
    return Parameter(name, annotation or (_type_of(value) if equals else None), value if equals else None)


def _names(texts: list[str], option: str) -> tuple[str, ...]:
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    return tuple(dict.fromkeys(_identifier(word, option) for word in words))


def _identifier(name: str, option: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise KitaruUsageError(f"%%kitaru_flow: {option}: {name!r} is no name. Use letters, digits and underscores.")
    return name


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return bool(text)


def _type_of(value: str) -> str | None:
    try:
        literal = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return type(literal).__name__ if type(literal) in _PLAIN else None
