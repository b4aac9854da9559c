"""The directive ``public-names``: document names of the package, each in the way that fits what it is."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


logger = logging.getLogger(__name__)


def directive_for(target: str, value: Any) -> list[str]:
    if isinstance(value, ModuleType):
        return [f".. automodule:: {value.__name__}", "   :members:", ""]
    if inspect.isclass(value):
        return [f".. autoclass:: {target}", "   :members:", "   :show-inheritance:", ""]
    if callable(value):
        return [f".. autofunction:: {target}", ""]
    return [f".. autodata:: {target}", ""]


class PublicNames(SphinxDirective):
    """``.. public-names:: MODULE`` with one name, or several, on each line of its content."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        module = self.arguments[0]
        owner = importlib.import_module(module)
        lines: list[str] = []
        for name in " ".join(self.content).split():
            if hasattr(owner, name):
                lines += directive_for(f"{module}.{name}", getattr(owner, name))
            else:
                logger.warning("%s has no public name %s", module, name, location=self.get_location())
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("public-names", PublicNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
