"""One page of a longer list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, overload

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Page(Sequence[T], Generic[T]):
    """A part of a list that knows how long the whole list is; use it like a list.

    Parameters
    ----------
    items
        What is on the page.
    total
        How many there are on all pages together.
    offset
        How many come before this page.

    Examples
    --------
    >>> page = Page(["a", "b"], total=5)
    >>> page[0], len(page), page.total, page.has_more
    ('a', 2, 5, True)
    """

    items: Sequence[T]
    total: int
    offset: int = field(default=0)

    @property
    def has_more(self) -> bool:
        """Whether something comes after this page."""
        return self.offset + len(self.items) < self.total

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        shown = "\n".join(f"  {item!r}" for item in self.items)
        count = f"{len(self)} of {self.total}" if len(self) < self.total else str(self.total)
        return f"<{count} found>" + (f"\n{shown}" if shown else "")
