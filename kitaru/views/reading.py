"""What the entries of a form mean: the answer, or what is wrong with it and where.

An *entry* is what a form holds for a field, before anybody says whether it is right:

=================================  ====================================================
kind of field                      entry
=================================  ====================================================
gate, constant                     None
boolean                            True, False, or None for neither
choice                             index of an option, or None
integer, number, text, json,       text
date, datetime, time
list, tuple                        list of entries
object                             entries by name
union                              ``(index of a branch, entry)``; the index may be None
=================================  ====================================================

None is also the entry of a field in which nothing is entered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from kitaru.store.json_schema import Fault, faults
from kitaru.views.form import MISSING, Field, figure

if TYPE_CHECKING:
    from collections.abc import Callable

Path = tuple[str | int, ...]

_CHOICES: Final = frozenset({"boolean", "choice", "union"})
_LARGEST: Final = 2**63
_KEEP: Final[dict[str, frozenset[str]]] = {
    # What is said about the parts is checked at the parts.
    "list": frozenset({"items", "prefixItems"}),
    "tuple": frozenset({"items", "prefixItems"}),
    "object": frozenset({"properties"}),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to put right.

    Parameters
    ----------
    path
        Names and indices that lead to the field; empty for the form itself.
    message
        One sentence for whoever fills in the form.
    """

    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a form.

    Parameters
    ----------
    value
        The answer as plain JSON data; without meaning if there are problems.
    problems
        What is to be put right, in the order of the form.
    """

    value: Any
    problems: tuple[Problem, ...] = ()


def read(field: Field, entry: Any) -> Reading:
    """Read a form.

    Parameters
    ----------
    field
        What `kitaru.views.form.form_of` made.
    entry
        What is entered, as the table above says.

    Returns
    -------
    Reading
        A value that fits the schema, or at least one problem.

    Examples
    --------
    >>> from kitaru.views.form import form_of
    >>> form = form_of({"type": "integer", "minimum": 1})
    >>> read(form, "3").value
    3
    >>> read(form, "0").problems
    (Problem(path=(), message='Give 1 or more.'),)
    """
    reader = _Reader()
    value = reader.read(field, entry, ())
    if not reader.problems and field.kind != "gate":
        reader.check(field.root, field.root, value, ())
    return Reading(None if value is MISSING else value, tuple(reader.problems))


def read_part(field: Field, entry: Any) -> Reading:
    """Read one field of a form by itself; a left-out one has the value `MISSING`.

    Examples
    --------
    >>> from kitaru.views.form import form_of
    >>> read_part(form_of({"type": "integer"}), "many").problems[0].message
    'Give a whole number.'
    """
    reader = _Reader()
    value = reader.read(field, entry, ())
    return Reading(value, tuple(reader.problems))


def entry_of(field: Field, value: Any = MISSING) -> Any:
    """Return the entry that stands for a value, or for the field's default; what does not fit is left empty.

    Examples
    --------
    >>> from kitaru.views.form import form_of
    >>> entry_of(form_of({"type": "number", "default": 2.5}))
    '2.5'
    """
    value = field.default if value is MISSING else value
    if field.kind == "object":
        return _object_entry(field, value)
    if field.kind == "tuple":
        held = value if isinstance(value, list) else []
        parts = [entry_of(part, held[place] if place < len(held) else MISSING) for place, (_, part) in _placed(field)]
        return None if _is_left_out(field, value, list) else parts
    if field.kind == "list":
        items = [entry_of(field.item(), one) for one in value] if isinstance(value, list) else []
        return None if _is_left_out(field, value, list) else items
    if field.kind == "union":
        return _union_entry(field, value)
    if value is MISSING or (value is None and field.kind not in ("choice", "json")):
        return None
    return _leaf_entry(field, value)


def _object_entry(field: Field, value: Any) -> Any:
    if _is_left_out(field, value, dict):
        return None
    held = value if isinstance(value, dict) else {}
    return {name: entry_of(part, held.get(name, MISSING)) for name, part in field.parts}


def _union_entry(field: Field, value: Any) -> Any:
    if _is_left_out(field, value, object):
        return None
    branches = range(len(field.branches()))
    fitting = [index for index in branches if value is not MISSING and _fits(field.branch(index), value)]
    if fitting:
        return fitting[0], entry_of(field.branch(fitting[0]), value)
    return 0, entry_of(field.branch(0))


def _is_left_out(field: Field, value: Any, kind: type) -> bool:
    return field.toggled and (value is MISSING or value is None or not isinstance(value, kind))


def _fits(field: Field, value: Any) -> bool:
    return not faults(field.schema, value, field.root)


def _leaf_entry(field: Field, value: Any) -> Any:
    if field.kind == "boolean":
        return value if isinstance(value, bool) else None
    if field.kind == "choice":
        same = [place for place, option in enumerate(field.options) if _same(option.value, value)]
        return same[0] if same else None
    if field.kind == "json":
        return None if value is None and field.absent == "null" else json.dumps(value, ensure_ascii=False, indent=2)
    if field.kind in ("gate", "constant"):
        return None
    return value if isinstance(value, str) else figure(value)


def _same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True, default=str) == json.dumps(right, sort_keys=True, default=str)


def _placed(field: Field) -> list[tuple[int, tuple[str | int, Field]]]:
    return list(enumerate(field.parts))


class _Reader:
    """Reads one form; collects the problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, field: Field, entry: Any, path: Path) -> Any:
        """Return the value of an entry; MISSING if the place is left out or there is a problem."""
        if field.kind == "gate":
            return None
        if field.kind == "constant":
            return field.default
        if entry is None or (isinstance(entry, str) and not entry.strip() and field.kind != "text"):
            return self._nothing(field, path)
        compound: dict[str, Callable[[Field, Any, Path], Any]] = {
            "object": self._object,
            "tuple": self._tuple,
            "list": self._list,
            "union": self._union,
        }
        before = len(self.problems)
        value = compound.get(field.kind, self._leaf)(field, entry, path)
        if len(self.problems) == before and field.kind not in _CHOICES:
            skipped = _KEEP.get(field.kind, frozenset())
            self.check({key: rule for key, rule in field.schema.items() if key not in skipped}, field.root, value, path)
        return value

    def check(self, schema: Any, root: Any, value: Any, path: Path) -> None:
        """Note where a value breaks a schema."""
        for fault in faults(schema, value, root):
            self.note((*path, *fault.path), _told(fault))

    def note(self, path: Path, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(path, message))

    def _nothing(self, field: Field, path: Path) -> Any:
        if field.absent is not None:
            return None if field.absent == "null" else MISSING
        self.note(path, "Choose one." if field.kind in _CHOICES else "Fill this in.")
        return MISSING

    def _object(self, field: Field, entry: Any, path: Path) -> Any:
        read = {name: self.read(part, entry.get(name), (*path, name)) for name, part in field.parts}
        return {name: value for name, value in read.items() if value is not MISSING}

    def _tuple(self, field: Field, entry: Any, path: Path) -> Any:
        return [self.read(part, entry[place], (*path, place)) for place, (_, part) in _placed(field)]

    def _list(self, field: Field, entry: Any, path: Path) -> Any:
        item = field.item()
        return [self.read(item, one, (*path, place)) for place, one in enumerate(entry)]

    def _union(self, field: Field, entry: Any, path: Path) -> Any:
        index, inner = entry
        return self._nothing(field, path) if index is None else self.read(field.branch(index), inner, path)

    def _leaf(self, field: Field, entry: Any, path: Path) -> Any:
        if field.kind == "boolean":
            return entry
        if field.kind == "choice":
            return field.options[entry].value
        try:
            entry.encode()
            return _CONVERTERS[field.kind](entry)
        except UnicodeEncodeError:
            self.note(path, "This has a character that cannot be stored.")
        except ValueError as error:
            self.note(path, str(error))
        return MISSING


def _integer(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError("Give a whole number.") from None
    if not -_LARGEST <= number < _LARGEST:
        raise ValueError("This number is too large.")
    return number


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("Give a number.") from None
    if not isfinite(number):
        raise ValueError("Give a finite number.")
    digits = text.strip().lstrip("+-")
    return int(text) if digits.isdecimal() and abs(number) < 2**53 else number


def _json(text: str) -> Any:
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"This is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from None


def _text(text: str) -> str:
    return text


_CONVERTERS: Final[dict[str, Callable[[str], Any]]] = {
    "integer": _integer,
    "number": _number,
    "json": _json,
    "text": _text,
    "date": str.strip,
    "datetime": str.strip,
    "time": str.strip,
}


def _told(fault: Fault) -> str:
    """Say a rule as a person would."""
    rule, limit = fault.rule, fault.limit
    sentences = {
        "minimum": "Give {} or more.",
        "maximum": "Give {} or less.",
        "exclusiveMinimum": "Give more than {}.",
        "exclusiveMaximum": "Give less than {}.",
        "multipleOf": "Give a multiple of {}.",
        "minLength": "Give at least {} characters.",
        "maxLength": "Give at most {} characters.",
        "minItems": "Give at least {}.",
        "maxItems": "Give at most {}.",
        "pattern": "This does not match the pattern {}.",
        "uniqueItems": "Each may be given only once.",
    }
    if rule == "format":
        return _FORMATS.get(str(limit), f"This is no {limit}.")
    if rule in ("minLength", "minItems") and limit == 1:
        return "Fill this in." if rule == "minLength" else "Give at least one."
    return sentences[rule].format(figure(limit)) if rule in sentences else f"{fault.message}."


_FORMATS: Final = {
    "date": "Give a date, such as 2026-05-01.",
    "date-time": "Give a date and a time, such as 2026-05-01 14:30.",
    "time": "Give a time, such as 14:30.",
    "duration": "Give a duration, such as PT1H30M or 1 day, 02:30.",
    "uri": "Give an address, such as https://example.org.",
    "email": "Give an e-mail address.",
    "uuid": "Give a UUID.",
}
