"""Questions answered in a plain terminal, field by field, as their JSON schema says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruConflictError
from kitaru.views.form import Field, form_of
from kitaru.views.reading import entry_of, read, read_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitaru.client.models import Execution, PendingWait

_YES: Final = frozenset({"y", "yes", "true", "1"})
_NO: Final = frozenset({"n", "no", "false", "0"})


def answer_here(
    wait: PendingWait, prompt: Callable[[str], str] = input, say: Callable[[str], None] = print
) -> Execution | None:
    """Ask a pending question in the terminal, and give what is typed as its answer.

    Parameters
    ----------
    wait
        The question.
    prompt, say
        How to ask for a line, and how to show one.

    Returns
    -------
    Execution or None
        As it is right after the answer. None if somebody else answered meanwhile; that is said.

    Raises
    ------
    KeyboardInterrupt, EOFError
        If the person leaves without an answer; the question stays open.

    Examples
    --------
    >>> import kitaru
    >>> from kitaru.client import KitaruClient
    >>> @kitaru.flow
    ... def publish() -> bool:
    ...     return kitaru.wait(schema=bool, question="Publish?")
    >>> handle = publish.run()
    >>> client = KitaruClient()
    >>> asked = next(client.executions.events(handle.exec_id, kinds="wait.created"))
    >>> (wait,) = client.executions.pending_waits(handle.exec_id)
    >>> answer_here(wait, prompt=lambda shown: "y").exec_id == handle.exec_id
    True
    >>> handle.wait()
    True
    """
    value = ask(wait.schema, wait.question or "Go on?", prompt, say)
    try:
        return wait.answer(value)
    except KitaruConflictError as error:
        say(str(error))
        return None


def ask(
    schema: dict[str, Any] | None,
    question: str,
    prompt: Callable[[str], str] = input,
    say: Callable[[str], None] = print,
) -> Any:
    """Ask until the answer fits.

    Parameters
    ----------
    schema
        JSON schema of the answer; None asks only whether to go on.
    question
        What people read.
    prompt, say
        How to ask for a line, and how to show one.

    Returns
    -------
    Any
        The answer as plain JSON data.

    Examples
    --------
    >>> ask({"type": "integer"}, "How many?", prompt=lambda shown: "3")
    3
    """
    form = form_of(schema)
    if form.kind == "gate":
        prompt(f"{question} (Enter to go on) ")
        return None
    asker = _Asker(prompt, say)
    while True:
        reading = read(form, asker.ask(form, question, ""))
        if not reading.problems:
            return reading.value
        for problem in reading.problems:
            place = ".".join(map(str, problem.path))
            say(f"  {place}: {problem.message}" if place else f"  {problem.message}")


class _Asker:
    """Asks for the fields of one form, and for each again until it is right; returns entries."""

    def __init__(self, prompt: Callable[[str], str], say: Callable[[str], None]) -> None:
        self._prompt = prompt
        self._say = say

    def ask(self, field: Field, label: str, indent: str) -> Any:
        if field.toggled and not self._agreed(f"{indent}Give {label}?", default=entry_of(field) is not None):
            return None
        if field.kind == "object":
            return self._object(field, label, indent)
        if field.kind == "tuple":
            self._say(f"{indent}{label}")
            return [self.ask(part, part.label, f"{indent}  ") for _, part in field.parts]
        if field.kind == "list":
            return self._list(field, label, indent)
        if field.kind == "union":
            names = field.branches()
            chosen = self._chosen(names, label, indent, 0) if len(names) > 1 else 0
            return chosen, self.ask(field.branch(chosen), label, indent)
        return None if field.kind == "constant" else self._leaf(field, label, indent)

    def _object(self, field: Field, label: str, indent: str) -> Any:
        self._say(f"{indent}{label}")
        shown = [(name, part) for name, part in field.parts if not part.hidden]
        return {name: self.ask(part, _named(part), f"{indent}  ") for name, part in shown}

    def _list(self, field: Field, label: str, indent: str) -> Any:
        self._say(f"{indent}{label} ({field.hint or 'a list'})")
        item, entries = field.item(), list[Any]()
        while True:
            number = f"{len(entries) + 1}."
            if item.kind in ("object", "tuple", "list", "union", "boolean"):
                if not self._agreed(f"{indent}  Add {'one more' if entries else 'one'}?", default=False):
                    return entries
                entries.append(self.ask(item, number, f"{indent}  "))
                continue
            entry = self._leaf(item, f"{number} (Enter ends the list)", f"{indent}  ", may_end=True)
            if entry is None:
                return entries
            entries.append(entry)

    def _leaf(self, field: Field, label: str, indent: str, *, may_end: bool = False) -> Any:
        start = entry_of(field)
        optional = may_end or field.absent is not None
        while True:
            entry = self._entry(field, label, indent, start, optional)
            if entry is None and may_end:
                return None
            problems = read_part(field, entry).problems
            if not problems:
                return entry
            for problem in problems:
                self._say(f"{indent}  {problem.message}")

    def _entry(self, field: Field, label: str, indent: str, start: Any, optional: bool) -> Any:
        if field.kind == "boolean":
            return self._agreed(f"{indent}{label}", default=start, optional=optional)
        if field.kind == "choice":
            return self._chosen([option.label for option in field.options], label, indent, start, optional=optional)
        told = f" ({field.hint})" if field.hint else ""
        shown = f" [{start}]" if start is not None else " (Enter for none)" if field.absent else ""
        typed = self._prompt(f"{indent}{label}{told}{shown}: ")
        return (start if start is not None or optional else typed) if not typed.strip() else typed

    def _agreed(self, question: str, *, default: bool | None, optional: bool = False) -> Any:
        keys = {True: "Y/n", False: "y/N", None: "y/n"}[default]
        while True:
            typed = self._prompt(f"{question} [{keys}]: ").strip().casefold()
            if typed in _YES or typed in _NO:
                return typed in _YES
            if not typed and (default is not None or optional):
                return default
            self._say("  Type y or n.")

    def _chosen(self, labels: list[str], label: str, indent: str, start: int | None, *, optional: bool = False) -> Any:
        for number, option in enumerate(labels, 1):
            self._say(f"{indent}  {number}. {option}")
        shown = f" [{labels[start]}]" if start is not None else ""
        while True:
            typed = self._prompt(f"{indent}{label}{shown}: ").strip()
            if typed in labels:
                return labels.index(typed)
            if typed.isdecimal() and 1 <= int(typed) <= len(labels):
                return int(typed) - 1
            if not typed and (start is not None or optional):
                return start
            self._say(f"{indent}  Type one of them, or a number from 1 to {len(labels)}.")


def _named(field: Field) -> str:
    return f"{field.label}, {field.help}" if field.help else field.label
