"""A question's JSON schema as a tree of form fields: what to ask, in what order, and what is allowed.

The tree knows no widget. Forms of every kind (ipywidgets, terminal) walk it, collect *entries*, and leave
to `kitaru.views.reading` what the entries mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Kind = Literal[
    "gate",
    "boolean",
    "choice",
    "integer",
    "number",
    "text",
    "date",
    "datetime",
    "time",
    "list",
    "tuple",
    "object",
    "union",
    "constant",
    "json",
]
Absent = Literal["null", "omit"]
Schema = Mapping[str, Any]

MISSING: Final[Any] = object()
"""No value, where None would be one."""

_COMPOUND: Final = frozenset({"object", "tuple", "union"})
_LONG: Final = 120
_FORMATS: Final[dict[str, Kind]] = {"date": "date", "date-time": "datetime", "time": "time"}
_MULTILINE: Final = frozenset({"multiline", "textarea", "markdown"})
_TYPES: Final = {
    "integer": "Whole number",
    "number": "Number",
    "string": "Text",
    "boolean": "Yes or no",
    "array": "List",
    "object": "JSON object",
    "null": "Nothing",
}
_HINTS: Final = {
    "duration": "such as PT1H30M or 1 day, 02:30",
    "uuid": "a UUID",
    "email": "an e-mail address",
    "uri": "an address such as https://example.org",
    "path": "a path",
    "ipv4": "an IP address such as 192.0.2.1",
    "ipv6": "an IPv6 address",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One value to choose."""

    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Field:
    """One place of a form.

    Parameters
    ----------
    kind
        What is entered. ``"gate"`` asks for nothing but to go on; ``"json"`` is text that holds JSON, for
        whatever has no field of its own.
    label, help, hint
        Its name, its description, and in a few words what is accepted.
    schema, root
        JSON schema of this place, without reference, and of the whole, in which references are looked up.
    absent
        What it means if nothing is entered: ``"null"``, or that the place is left out. None: it must be filled in.
    default
        What is there before anybody enters anything; `MISSING` for nothing.
    options
        What can be chosen, of a choice.
    parts
        The fields of an object by name, or those of a tuple by index.
    lines
        How many lines of text to show.
    secret
        Whether to hide what is typed.
    hidden
        Whether there is nothing to see or to enter: a constant that tells the branches of a union apart.

    Examples
    --------
    >>> field = form_of({"type": "integer", "minimum": 1, "maximum": 5, "title": "Score"})
    >>> field.kind, field.label, field.hint
    ('integer', 'Score', 'a whole number, 1 to 5')
    """

    kind: Kind
    label: str
    schema: Schema
    root: Schema
    help: str = ""
    hint: str = ""
    absent: Absent | None = None
    default: Any = MISSING
    options: tuple[Option, ...] = ()
    parts: tuple[tuple[str | int, Field], ...] = ()
    lines: int = 1
    secret: bool = False
    hidden: bool = False

    @property
    def toggled(self) -> bool:
        """Whether it takes a switch to say that there is no value, as an empty field cannot say it."""
        if self.absent is None:
            return False
        if self.kind == "list":
            return self.absent == "null" or bool(self.schema.get("minItems"))
        return self.kind in _COMPOUND and (self.absent == "null" or self.default is MISSING)

    def item(self) -> Field:
        """Return the field of one more item of a list."""
        return _field(self.schema.get("items", True), self.root, "", ())

    def branches(self) -> list[str]:
        """Return the names of what a union may be."""
        names = [_branch_name(_followed(branch, self.root), number) for number, branch in enumerate(self._open(), 1)]
        return [name if names.count(name) == 1 else f"{name} ({number})" for number, name in enumerate(names, 1)]

    def branch(self, index: int) -> Field:
        """Return the field of one thing that a union may be.

        It is made when it is asked for: a schema may contain itself.
        """
        field = _field(self._open()[index], self.root, "", ())
        # What is the same in every answer of a branch its name says already.
        parts = tuple((name, replace(part, hidden=part.kind == "constant")) for name, part in field.parts)
        return replace(field, parts=parts)

    def _open(self) -> list[Any]:
        return _branches(self.schema, self.root)[0]


def form_of(schema: Schema | bool | None) -> Field:
    """Turn the JSON schema of an answer into a field with everything below it.

    Parameters
    ----------
    schema
        As Pydantic writes it, or any other; None if the question only asks whether to go on.

    Returns
    -------
    Field
        Every schema gives one; what has no field of its own is asked for as JSON text.

    Examples
    --------
    >>> form = form_of({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]})
    >>> [(name, field.kind) for name, field in form.parts]
    [('ok', 'boolean')]
    """
    if schema is None:
        return Field("gate", "", {}, {})
    label = schema.get("title", "") if isinstance(schema, Mapping) else ""
    field = _field(schema, schema if isinstance(schema, Mapping) else {}, label if isinstance(label, str) else "", ())
    # Whoever asks a person for text alone mostly wants a sentence or two.
    return replace(field, lines=max(3, field.lines)) if field.kind == "text" and not _is_short(field.schema) else field


def _field(schema: Any, root: Schema, label: str, within: tuple[str, ...]) -> Field:
    """Make the field of a schema; `within` are the references that are being followed."""
    reference = _reference(schema)
    whole = _followed(schema, root)
    if whole is None or (isinstance(reference, str) and reference in within):
        plain = schema if isinstance(schema, Mapping) else {}
        return _described(Field("json", label, plain, root, lines=4, hint="JSON"))
    inside = (*within, reference) if isinstance(reference, str) else within
    branches, nullable = _branches(whole, root)
    if not branches and not nullable:
        return _described(_plain(whole, root, label, inside))
    if len(branches) == 1 and nullable and _reference(branches[0]) in inside:
        # A model within itself: made when somebody asks for it, as a union makes its branches.
        return _or_null(_described(Field("union", label, {**whole, "anyOf": branches}, root)), nullable)
    if len(branches) == 1:
        inner = _field(branches[0], root, label, inside)
        own = {key: whole[key] for key in ("description", "default") if key in whole}
        return _or_null(_described(replace(inner, schema={**inner.schema, **own})) if own else inner, nullable)
    return _or_null(_described(Field("union", label, whole, root)), nullable)


def _reference(schema: Any) -> Any:
    return schema.get("$ref") if isinstance(schema, Mapping) else None


def _or_null(field: Field, nullable: bool) -> Field:
    if not nullable:
        return field
    if field.kind == "boolean":
        field = replace(field, kind="choice", options=(Option("yes", True), Option("no", False)))
    if field.kind == "choice":  # "none" is one more thing to choose
        return replace(field, options=(*field.options, Option("none", None)), hint="")
    return replace(field, absent="null")


def _plain(schema: Schema, root: Schema, label: str, within: tuple[str, ...]) -> Field:
    kind = schema.get("type")
    if "const" in schema or kind == "null":
        return Field("constant", label, schema, root, default=schema.get("const"))
    if isinstance(schema.get("enum"), Sequence) and schema["enum"]:
        return Field("choice", label, schema, root, options=tuple(Option(_shown(one), one) for one in schema["enum"]))
    if kind == "boolean":
        return Field("boolean", label, schema, root)
    if kind in ("integer", "number"):
        return Field(kind, label, schema, root, hint=_range(kind, schema))
    if kind == "string":
        return _text(schema, root, label)
    if kind == "object" and isinstance(schema.get("properties"), Mapping):
        return Field("object", label, schema, root, parts=_properties(schema, root, within))
    if kind == "array":
        return _array(schema, root, label, within)
    example = {"object": 'JSON, such as {"key": 1}'}.get(str(kind), "JSON")
    return Field("json", label, schema, root, lines=4, hint=example)


def _text(schema: Schema, root: Schema, label: str) -> Field:
    told = str(schema.get("format", ""))
    if told in _FORMATS:
        return Field(_FORMATS[told], label, schema, root)
    default = schema.get("default")
    long = told in _MULTILINE or _number(schema.get("maxLength")) > _LONG or "\n" in str(default or "")
    lines = 4 if (long and told in ("", *_MULTILINE)) or "contentMediaType" in schema else 1
    return Field("text", label, schema, root, lines=lines, secret=told == "password", hint=_length(told, schema))


def _array(schema: Schema, root: Schema, label: str, within: tuple[str, ...]) -> Field:
    fixed = schema.get("prefixItems")
    if isinstance(fixed, Sequence) and len(fixed) == schema.get("minItems") == schema.get("maxItems"):
        parts = tuple((place, _field(part, root, f"{place + 1}.", within)) for place, part in enumerate(fixed))
        return Field("tuple", label, schema, root, parts=parts)
    if fixed or not schema.get("items", True):
        return Field("json", label, schema, root, lines=4, hint="JSON, such as [1, 2]")
    return Field("list", label, schema, root, hint=_count(schema))


def _properties(schema: Schema, root: Schema, within: tuple[str, ...]) -> tuple[tuple[str, Field], ...]:
    required = schema.get("required", ())
    parts = []
    for name, part in schema["properties"].items():
        field = _field(part, root, _label(name, part), within)
        if name not in required and field.absent is None and field.kind != "constant":
            field = replace(field, absent="omit")
        parts.append((name, field))
    return tuple(parts)


def _label(name: str, part: Any) -> str:
    given = part.get("title") if isinstance(part, Mapping) else None
    return given if isinstance(given, str) and given else name.replace("_", " ").strip().capitalize() or name


def _described(field: Field) -> Field:
    told = field.schema.get("description", "")
    default = field.schema.get("default", MISSING) if field.kind != "constant" else field.default
    return replace(field, help=told if isinstance(told, str) else "", default=default)


def _followed(schema: Any, root: Schema) -> Schema | None:
    """Follow a reference, and take together what stands beside it; None if it is no schema of an own kind."""
    for _ in range(20):  # references to references; a circle of them is no schema
        if not isinstance(schema, Mapping):
            return {} if schema is True else None
        parts = schema.get("allOf")
        if isinstance(parts, Sequence) and len(parts) == 1 and isinstance(parts[0], Mapping):
            schema = {**parts[0], **{key: value for key, value in schema.items() if key != "allOf"}}
            continue
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found = _found(reference, root)
        if not isinstance(found, Mapping):
            return None
        schema = {**found, **{key: value for key, value in schema.items() if key != "$ref"}}
    return None


def _found(reference: str, root: Schema) -> Any:
    if not reference.startswith("#/"):
        return None
    found: Any = root
    for part in reference[2:].split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found


def _branches(schema: Schema, root: Schema) -> tuple[list[Any], bool]:
    """Return what a schema offers to choose from, and whether null is among it."""
    kinds = schema.get("type")
    offered: Any = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(kinds, Sequence) and not isinstance(kinds, str):
        offered = [{**schema, "type": kind} for kind in kinds]
    if not isinstance(offered, Sequence):
        return [], False
    open_ = [branch for branch in offered if not _is_null(branch, root)]
    return open_, len(open_) < len(offered)


def _is_null(branch: Any, root: Schema) -> bool:
    whole = _followed(branch, root)
    return whole is not None and (whole.get("type") == "null" or ("const" in whole and whole["const"] is None))


def _branch_name(branch: Schema | None, number: int) -> str:
    if branch is None:
        return f"Choice {number}"
    title = branch.get("title")
    if isinstance(title, str) and title:
        return title
    if "const" in branch:
        return _shown(branch["const"])
    return _TYPES.get(str(branch.get("type")), "JSON")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value or "(empty)"
    return (
        {None: "none", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else _dumped(value)
    )


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _is_short(schema: Schema) -> bool:
    limit = schema.get("maxLength")
    return bool(schema.get("format")) or "pattern" in schema or (limit is not None and _number(limit) <= _LONG)


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


def _range(kind: str, schema: Schema) -> str:
    name = "a whole number" if kind == "integer" else "a number"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        limits = [f"{figure(low)} to {figure(high)}"]
    else:
        limits = [f"{figure(low)} or more"] * (low is not None) + [f"{figure(high)} or less"] * (high is not None)
    told = {"exclusiveMinimum": "more than", "exclusiveMaximum": "less than", "multipleOf": "a multiple of"}
    limits += [f"{words} {figure(schema[key])}" for key, words in told.items() if key in schema]
    return ", ".join([name, *limits])


def _length(told: str, schema: Schema) -> str:
    low, high = _number(schema.get("minLength")), schema.get("maxLength")
    if told in _HINTS:
        return _HINTS[told]
    if high is not None:
        return f"{low} to {high} characters" if low > 1 else f"at most {high} characters"
    return f"at least {low} characters" if low > 1 else ""


def _count(schema: Schema) -> str:
    low, high = _number(schema.get("minItems")), schema.get("maxItems")
    if high is not None:
        return f"{low} to {high} items" if low else f"at most {high} items"
    return f"at least {low} items" if low > 1 else ""


def figure(value: Any) -> str:
    """Show a limit as people write it.

    Examples
    --------
    >>> figure(1000000.0), figure(0.5)
    ('1000000', '0.5')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
