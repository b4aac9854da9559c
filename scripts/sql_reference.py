"""Write the columns of the public SQL views into their page, or check that the page is up to date."""

from __future__ import annotations

from generated_page import cell, main

from kitaru.store.database import describe_view_names, describe_views

PAGE = "concepts/store-and-sql.md"


def section(view: str, comment: str) -> str:
    rows = [f"| `{column}` | {kind} | {cell(text)} |" for name, column, kind, text in describe_views() if name == view]
    return "\n".join([f"### `{view}`", "", cell(comment), "", "| column | type | meaning |", "|---|---|---|", *rows])


if __name__ == "__main__":
    main(PAGE, "\n\n".join(section(*pair) for pair in describe_view_names()), __doc__)
