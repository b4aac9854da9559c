"""Write the reference of the Jupyter server's routes from the routes themselves, or check that it is up to date."""

from __future__ import annotations

from generated_page import main

from kitaru.jupyter.description import page

if __name__ == "__main__":
    main("reference/jupyter-api.md", page(), __doc__)
