"""Everything that can keep a notebook from becoming a script: a closed set of sentences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kitaru.errors import KitaruExportError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kitaru.export.notebook import Cell


class Kind(StrEnum):
    """What a problem is about; the value is its sentence.

    Examples
    --------
    >>> Kind.MISSING.format(user="load()", name="rows")
    'load() needs rows, and no cell defines it. Define or import it in a cell of the notebook.'
    """

    SEVERAL = (
        "{name} is defined in {places}: a script cannot know which one is meant. Keep one, or tag the cells that are "
        "not meant kitaru:skip."
    )
    MISSING = "{user} needs {name}, and no cell defines it. Define or import it in a cell of the notebook."
    STAR = "{user} needs {name}, which may come from this line, from {module} import *. Import the names that you use."
    RUNNING = (
        "{name} exists only after {how} has run, and {user} needs it. Make it in a function and assign what that "
        "returns: {name} = make_{name}()."
    )
    LOOP = "{name} depends on itself: {chain}. Make one of them in a function."
    RESULT = "{name} is what {flow} gave when it ran, and {user} needs it. Make it a parameter of {user}."
    DISPLAY = (
        "{user} uses {name}, which only a notebook has. Leave it to cells outside of the flow; print() and "
        "kitaru.log() work everywhere."
    )
    MAGIC = "{user} runs {magic}, which only a notebook can. {remedy}"
    LITERAL = (
        "{name} holds what looks like a secret, and the script would show it. Read it from the environment: "
        'os.environ["{variable}"].'
    )
    DISTRIBUTION = (
        "import {name}: no installed distribution has this module. Install it here, or name it in a line "
        "%pip install ... of the notebook."
    )
    AMBIGUOUS = (
        "import {name}: the module may come from {distributions}. Name the one that is meant in a line "
        "%pip install ... of the notebook."
    )
    LOCAL = (
        "{name} is a module beside the notebook ({file}), and the script would not find it in {folder}. Write the "
        "script beside it, make it an installed package, or export with --format package."
    )
    UNRELATED = (
        "The public distribution kitaru is installed here beside kitaru-jupyter, and both claim the module kitaru. "
        "Uninstall it: pip uninstall kitaru, then install kitaru-jupyter again."
    )
    SYNTAX = "{message}. Correct the cell, or tag it kitaru:skip."
    CELL = "{message}"
    JSON = "{file} is no notebook: {message}. Open it in Jupyter and save it again, or restore it."
    LANGUAGE = "{file} is a notebook in {language}, not in Python. Flows are written in Python."
    NO_FLOW = (
        "{file} defines no flow. Decorate a function with @flow, or put %%kitaru_flow NAME on the first line of a cell."
    )
    NO_SUCH_FLOW = "{file} has no flow {name}. Its flows are {flows}."
    EDITED = (
        "{file} was {how}: it is not what an export wrote. Move your changes to the notebook, or overwrite them with "
        "--force."
    )
    NAMES = "{name} means something else in this notebook, and the script needs it for Kitaru. Rename it."

    # Of the next, none keeps a script from being written.
    NOTE_CALL = (
        "{text} is not in the script. If {name} changes by it, assign the result to a name, or tag the cell "
        "kitaru:export."
    )
    NOTE_SETTING = "{text} is not in the script. {remedy}"
    NOTE_SYNTAX = "the cell is left out: {message}."

    def format(self, **facts: object) -> str:  # type: ignore[override]  # the sentences name their facts
        """Fill in the sentence."""
        return str.format(self.value, **facts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, and where it is.

    Attributes
    ----------
    kind
        Which of the sentences it is.
    message
        The sentence.
    cell
        The cell, or None if it is about the file.
    line
        The line of the cell; None if it is about the whole cell.

    Examples
    --------
    >>> str(Problem(Kind.LANGUAGE, Kind.LANGUAGE.format(file="a.ipynb", language="R")))
    'a.ipynb is a notebook in R, not in Python. Flows are written in Python.'
    """

    kind: Kind
    message: str
    cell: Cell | None = None
    line: int | None = None

    def __str__(self) -> str:
        if self.cell is None:
            return self.message
        line = f", line {self.line}" if self.line else ""
        return f"{self.cell.label}{line}: {self.message}"

    @property
    def is_note(self) -> bool:
        """Whether the script is written all the same."""
        return self.kind.name.startswith("NOTE_")


def problem(kind: Kind, cell: Cell | None = None, line: int | None = None, **facts: object) -> Problem:
    """Make a problem.

    Parameters
    ----------
    kind
        Which of the sentences.
    cell, line
        Where it is.
    **facts
        What the sentence names.

    Returns
    -------
    Problem
        With the sentence filled in.

    Examples
    --------
    >>> problem(Kind.NO_FLOW, file="a.ipynb").kind is Kind.NO_FLOW
    True
    """
    return Problem(kind, kind.format(**facts), cell, line)


def refuse(file: str, problems: Iterable[Problem]) -> None:
    """Raise if there is anything that keeps a script from being written.

    Parameters
    ----------
    file
        Name of the notebook.
    problems
        What was found.

    Raises
    ------
    KitaruExportError
        With every problem on a line of its own, in the order of the notebook.

    Examples
    --------
    >>> refuse("a.ipynb", [])
    """
    found = list(dict.fromkeys(found for found in problems if not found.is_note))
    if not found:
        return
    found.sort(key=lambda one: (one.cell.number if one.cell else 0, one.line or 0))
    if len(found) == 1:
        raise KitaruExportError(f"{file}, {found[0]}" if found[0].cell else str(found[0]))
    lines = "\n".join(f"  {one}" for one in found)
    raise KitaruExportError(f"{file} cannot be exported as it is:\n{lines}")
