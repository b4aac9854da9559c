"""Fields of forms as ipywidgets: each holds an entry, and shows what is wrong with it at its place."""

from __future__ import annotations

import contextlib
from datetime import date, datetime, time
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from kitaru.views.form import MISSING
from kitaru.views.reading import Problem, entry_of
from kitaru.widgets.style import button, close_tree, html, put

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kitaru.views.form import Field

_FEW: Final = 5


class FieldWidget(ipywidgets.VBox):
    """One field with its label, its description and its message.

    Parameters
    ----------
    field
        What is asked.
    entry
        What is there at first.
    """

    def __init__(self, field: Field, entry: Any) -> None:
        self.field = field
        self._error = html("", "kitaru-error")
        self._help = html(escape(_told(field)), "kitaru-help")
        self._input = self._make(entry)
        super().__init__(self._arranged())
        self.add_class("kitaru-field")

    def _make(self, entry: Any) -> ipywidgets.Widget:
        raise NotImplementedError

    def _arranged(self) -> list[ipywidgets.Widget]:
        return [self._input, self._help, self._error]

    def hide_input(self) -> None:
        """Show the description and the message alone."""
        self._input.layout.display = "none"

    def name(self, name: str) -> None:
        """Give a field without a label of its own a name for who cannot see where it stands."""
        if hasattr(self._input, "description"):
            self._input.description = name
            self.add_class("kitaru-named")

    @property
    def entry(self) -> Any:
        """What is entered now."""
        raise NotImplementedError

    def show(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong, here or further inside; nothing if nothing is."""
        self._say([problem.message for problem in problems])

    def _say(self, messages: Sequence[str]) -> None:
        put(self._error, f'<span role="alert">{escape(" ".join(messages))}</span>' if messages else "")
        (self.add_class if messages else self.remove_class)("kitaru-wrong")


class Leaf(FieldWidget):
    """Text, a date, a switch or a choice."""

    def _make(self, entry: Any) -> ipywidgets.Widget:
        control = _CONTROLS[self.field.kind](self.field, entry)
        control.style = {"description_width": "auto"}
        # Who goes on typing has seen the message.
        control.observe(lambda _: self._say(()), "value")
        return control

    @property
    def entry(self) -> Any:
        """What is entered now."""
        value = self._input.value
        if isinstance(value, date | time):
            return value.isoformat()
        if self.field.kind == "text" and value == "" and self.field.absent is not None:
            return None
        return value


class Nothing(FieldWidget):
    """A constant, or nothing at all."""

    def _make(self, entry: Any) -> ipywidgets.Widget:
        shown = escape(str(self.field.default)) if self.field.kind == "constant" and not self.field.hidden else ""
        label = f"{escape(self.field.label)}: " if self.field.label and shown else ""
        return html(f"{label}<code>{shown}</code>" if shown else "")

    @property
    def entry(self) -> Any:
        """Nothing can be entered."""
        return None


class Compound(FieldWidget):
    """A field that has others inside, perhaps behind a switch that says whether there is a value."""

    def _make(self, entry: Any) -> ipywidgets.Widget:
        self._switch = ipywidgets.Checkbox(value=entry is not None, description=self._label(), indent=False)
        self._inside = ipywidgets.VBox()
        if self.field.label or self.field.toggled:
            self._inside.add_class("kitaru-inside")
        if entry is not None:
            self._fill(entry)
        self._switch.observe(self._switched, "value")
        return self._inside

    def _arranged(self) -> list[ipywidgets.Widget]:
        legend = html(escape(self.field.label), "kitaru-legend")
        return [self._switch if self.field.toggled else legend, self._help, self._inside, self._error]

    def _label(self) -> str:
        return f"Give {self.field.label}" if self.field.label else "Give one"

    def _switched(self, change: Any) -> None:
        self._say(())
        if change["new"] and not self._inside.children:
            start = entry_of(self.field)
            self._fill(self._first() if start is None else start)
        self._inside.layout.display = None if change["new"] else "none"

    def _first(self) -> Any:
        raise NotImplementedError

    def _fill(self, entry: Any) -> None:
        raise NotImplementedError

    @property
    def is_on(self) -> bool:
        """Whether there is a value."""
        return not self.field.toggled or bool(self._switch.value)


class Group(Compound):
    """The fields of an object or of a tuple."""

    def _first(self) -> Any:
        entries = [(name, entry_of(part)) for name, part in self.field.parts]
        return dict(entries) if self.field.kind == "object" else [entry for _, entry in entries]

    def _fill(self, entry: Any) -> None:
        self._parts = {name: field_widget(part, entry[name]) for name, part in self.field.parts}
        self._inside.children = tuple(part for part in self._parts.values() if not part.field.hidden)

    @property
    def entry(self) -> Any:
        """What is entered now."""
        if not self.is_on:
            return None
        entries = {name: part.entry for name, part in self._parts.items()}
        return entries if self.field.kind == "object" else list(entries.values())

    def show(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong, here or further inside; nothing if nothing is."""
        inner = _by_step(problems)
        parts = self._parts if self.is_on else {}
        self._say([problem.message for problem in problems if not problem.path or problem.path[0] not in parts])
        for name, part in parts.items():
            part.show(inner.get(name, ()))


class Items(Compound):
    """A list: fields that can be added and removed."""

    def _first(self) -> Any:
        return []

    def _fill(self, entry: Any) -> None:
        self._items: list[FieldWidget] = []
        self._rows = ipywidgets.VBox()
        name = f"Add to {self.field.label.lower()}" if self.field.label else "Add"
        self._inside.children = (self._rows, button(name, self.add))
        for one in entry:
            self.add(one)

    def add(self, entry: Any = None) -> None:
        """Add one more item."""
        item = self.field.item()
        widget = field_widget(item, entry_of(item) if entry is None else entry)
        # A number above each would be noise to the eye, and is what a screen reader needs.
        widget.name(f"{self.field.label} {len(self._items) + 1}".strip())
        remove = button("×", lambda: self.remove(widget), "kitaru-quiet", "kitaru-small", title="Remove this one")
        row = ipywidgets.HBox([widget, remove])
        row.add_class("kitaru-item")
        self._items.append(widget)
        self._rows.children = (*self._rows.children, row)
        self._say(())

    def remove(self, widget: FieldWidget) -> None:
        """Take one item away."""
        place = self._items.index(widget)
        row = self._rows.children[place]
        del self._items[place]
        self._rows.children = (*self._rows.children[:place], *self._rows.children[place + 1 :])
        close_tree(row)
        self._say(())

    @property
    def items(self) -> tuple[FieldWidget, ...]:
        """The fields of the items."""
        return tuple(self._items)

    @property
    def entry(self) -> Any:
        """What is entered now."""
        return [item.entry for item in self._items] if self.is_on else None

    def show(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong, here or further inside; nothing if nothing is."""
        inner = _by_step(problems)
        items = self._items if self.is_on else []
        places = range(len(items))
        self._say([problem.message for problem in problems if not problem.path or problem.path[0] not in places])
        for place, item in enumerate(items):
            item.show(inner.get(place, ()))


class Branches(Compound):
    """One of several fields; what was entered in the others is kept while the form is open."""

    def _first(self) -> Any:
        return 0, entry_of(self.field.branch(0))

    def _fill(self, entry: Any) -> None:
        index, inner = entry
        names = self.field.branches()
        self._made: dict[int, FieldWidget] = {index: field_widget(self.field.branch(index), inner)}
        kind = ipywidgets.ToggleButtons if sum(map(len, names)) < 40 else ipywidgets.Dropdown
        self._choice = kind(options=[(name, place) for place, name in enumerate(names)], value=index)
        self._choice.tooltip = f"What {self.field.label or 'the answer'} is"
        self._choice.observe(self._chosen, "value")
        self._choice.layout.display = None if len(names) > 1 else "none"
        self._inside.children = (self._choice, self._made[index])

    def _chosen(self, change: Any) -> None:
        index = change["new"]
        if index not in self._made:
            branch = self.field.branch(index)
            self._made[index] = field_widget(branch, entry_of(branch))
        self._inside.children = (self._choice, self._made[index])
        self._say(())

    def choose(self, index: int) -> None:
        """Choose another one."""
        self._choice.value = index

    @property
    def entry(self) -> Any:
        """What is entered now."""
        if not self.is_on:
            return None
        index = self._choice.value
        return index, self._made[index].entry

    def show(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong, here or further inside; nothing if nothing is."""
        if self.is_on:
            self._say(())
            self._made[self._choice.value].show(problems)
        else:
            super().show(problems)


def field_widget(field: Field, entry: Any) -> FieldWidget:
    """Make the widget of a field, with everything inside it.

    Parameters
    ----------
    field
        What `kitaru.views.form.form_of` made.
    entry
        What is there at first; see `kitaru.views.reading.entry_of`.

    Examples
    --------
    >>> from kitaru.views.form import form_of
    >>> field_widget(form_of({"type": "integer"}), "3").entry
    '3'
    """
    return _WIDGETS.get(field.kind, Leaf)(field, entry)


_WIDGETS: Final[dict[str, type[FieldWidget]]] = {
    "gate": Nothing,
    "constant": Nothing,
    "object": Group,
    "tuple": Group,
    "list": Items,
    "union": Branches,
}


def _told(field: Field) -> str:
    optional = field.absent is not None and not field.toggled and field.default in (MISSING, None)
    hint = ", ".join(filter(None, [field.hint, "optional" if optional and field.kind != "list" else ""]))
    return f"{field.help} ({hint})" if field.help and hint else field.help or hint


def _by_step(problems: Sequence[Problem]) -> dict[str | int, list[Problem]]:
    inner: dict[str | int, list[Problem]] = {}
    for problem in problems:
        if problem.path:
            inner.setdefault(problem.path[0], []).append(Problem(problem.path[1:], problem.message))
    return inner


def _boolean(field: Field, entry: Any) -> ipywidgets.Widget:
    if isinstance(entry, bool):
        return ipywidgets.Checkbox(value=entry, description=field.label, indent=False)
    return _radio(field, [("Yes", True), ("No", False)], None)


def _choice(field: Field, entry: Any) -> ipywidgets.Widget:
    options = [(_cut(option.label), place) for place, option in enumerate(field.options)]
    if len(options) <= _FEW and not (field.absent and entry is not None):
        return _radio(field, options, entry)
    empty = [("", None)] if entry is None or field.absent else []
    return ipywidgets.Dropdown(options=[*empty, *options], value=entry, description=field.label)


def _radio(field: Field, options: list[tuple[str, Any]], value: Any) -> ipywidgets.Widget:
    across = sum(len(label) for label, _ in options) < 40
    return ipywidgets.RadioButtons(
        options=options,
        value=value,
        description=field.label,
        orientation="horizontal" if across else "vertical",
        layout={"width": "auto"},
    )


def _cut(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


def _text(field: Field, entry: Any) -> ipywidgets.Widget:
    width = "12em" if field.kind in ("integer", "number") else "auto"
    shared = {"value": entry or "", "description": field.label, "layout": {"width": width, "max_width": "100%"}}
    if field.secret:
        return ipywidgets.Password(**shared)
    if field.lines > 1:
        return ipywidgets.Textarea(**shared, rows=field.lines)
    return ipywidgets.Text(**shared)


def _date(field: Field, entry: Any) -> ipywidgets.Widget:
    return ipywidgets.DatePicker(value=_read(date.fromisoformat, entry), description=field.label)


def _time(field: Field, entry: Any) -> ipywidgets.Widget:
    return ipywidgets.TimePicker(value=_read(time.fromisoformat, entry), description=field.label, step=1)


def _datetime(field: Field, entry: Any) -> ipywidgets.Widget:
    at = _read(datetime.fromisoformat, entry)
    # A default without zone is a time on the wall; else the browser's local time is taken, and told apart from others.
    kind = ipywidgets.NaiveDatetimePicker if at is not None and at.tzinfo is None else ipywidgets.DatetimePicker
    return kind(value=at, description=field.label)


def _read(reader: Callable[[str], Any], entry: Any) -> Any:
    with contextlib.suppress(ValueError):  # a default that does not fit is no help to anybody
        return reader(entry) if isinstance(entry, str) else None
    return None


_CONTROLS: Final[dict[str, Callable[[Field, Any], ipywidgets.Widget]]] = {
    "boolean": _boolean,
    "choice": _choice,
    "integer": _text,
    "number": _text,
    "text": _text,
    "json": _text,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
}
