"""What commands print: text for people, one JSON envelope for programs, and errors in one sentence."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, ParamSpec, TypeVar

import typer

from kitaru.errors import KitaruError, KitaruExecutionError, KitaruNotFoundError, KitaruStateError, KitaruUsageError

P = ParamSpec("P")
R = TypeVar("R")

DEBUG: Final = "KITARU_DEBUG"
INTERRUPTED: Final = 130


class Format(StrEnum):
    """How a command answers."""

    TEXT = "text"
    JSON = "json"


def exit_code(error: BaseException) -> int:
    """Return the exit status that an error stands for.

    Examples
    --------
    >>> exit_code(KitaruNotFoundError("no such execution"))
    3
    """
    for kind, code in (
        (KitaruUsageError, 2),
        (KitaruNotFoundError, 3),
        (KitaruStateError, 4),
        (KitaruExecutionError, 5),
    ):
        if isinstance(error, kind):
            return code
    return 1


def command(title: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command its name in envelopes, and turn its errors into messages and exit statuses."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            with reporting(title, Format(str(kwargs.get("output", Format.TEXT)))):
                return function(*args, **kwargs)

        return run

    return decorate


@contextmanager
def reporting(title: str, output: Format) -> Iterator[None]:
    """Print what goes wrong inside, and leave with the exit status for it."""
    try:
        yield
    except KeyboardInterrupt:
        fail(title, output, "Interrupted.", "KeyboardInterrupt")
        raise typer.Exit(INTERRUPTED) from None
    except KitaruError as error:
        if os.environ.get(DEBUG):
            raise
        fail(title, output, str(error), type(error).__name__)
        raise typer.Exit(exit_code(error)) from None
    except BrokenPipeError:
        # Whoever read has enough, as in `kitaru ... | head`; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(0) from None
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        text = f"{type(error).__name__}: {error}. This is a fault in Kitaru; {DEBUG}=1 shows where it happened."
        fail(title, output, text, type(error).__name__)
        raise typer.Exit(1) from None


def fail(title: str, output: Format, message: str, kind: str) -> None:
    """Print an error to the standard error."""
    if output is Format.JSON:
        sys.stderr.write(encoded({"command": title, "error": {"message": message, "type": kind}}) + "\n")
    else:
        sys.stderr.write(f"Error: {message}\n")


def show_item(title: str, output: Format, item: Any, text: Callable[[], None]) -> None:
    """Print one thing: as an envelope, or by `text`."""
    if output is Format.JSON:
        sys.stdout.write(encoded({"command": title, "item": item}) + "\n")
    else:
        text()


def show_items(title: str, output: Format, items: Sequence[Any], text: Callable[[], None], **facts: Any) -> None:
    """Print several things: as an envelope with their number, or by `text`."""
    if output is Format.JSON:
        sys.stdout.write(encoded({"command": title, "items": items, "count": len(items), **facts}) + "\n")
    else:
        text()


def encoded(value: Any) -> str:
    """Write anything as one line of JSON."""
    import orjson

    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def say(text: str = "") -> None:
    """Print a line for people, exactly as it is."""
    sys.stdout.write(f"{text}\n")


def agreed(question: str) -> None:
    """Ask before something is deleted for good; end the command unless the answer is yes.

    Raises
    ------
    KitaruUsageError
        If nobody says yes and there is no terminal to ask on.
    """
    try:
        typer.confirm(question, abort=True, err=True)
    except typer.Abort:
        note("")  # the question has no line break
        if not sys.stdin.isatty():
            raise KitaruUsageError("Nothing was deleted: nobody said yes. Without a terminal give --yes.") from None
        note("Nothing was deleted.")
        raise typer.Exit(1) from None


def note(text: str) -> None:
    """Print a line about the progress of things, beside the answer."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | set | frozenset):
        return list(value)
    return str(value)
