"""``jupyter nbconvert --to kitaru``, and *Save and Export Notebook As* in JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbconvert.exporters import Exporter
from traitlets import List, Unicode, default

from kitaru.export.environment import running_environment
from kitaru.export.export import module_name, render
from kitaru.export.notebook import from_json

if TYPE_CHECKING:
    from nbformat import NotebookNode


class FlowExporter(Exporter):
    """Exporter of nbconvert that writes the notebook's flows as a script.

    Examples
    --------
    >>> FlowExporter().file_extension
    '.py'
    """

    export_from_notebook = "Kitaru flow script"
    output_mimetype = "text/x-python"
    flows = List(Unicode(), help="Names of the flows to export; all of them if empty.").tag(config=True)

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".py"

    def from_notebook_node(  # type: ignore[override]  # the text of an export is a text, as in nbconvert's own exporters
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Turn a notebook into a script.

        Parameters
        ----------
        nb
            The notebook.
        resources
            What nbconvert knows of its file.
        **kwargs
            Not used.

        Returns
        -------
        tuple of str and dict
            The script, and the resources with the extension of its file.

        Raises
        ------
        KitaruExportError
            If something keeps the notebook from becoming a script.
        """
        resources = self._init_resources({} if resources is None else resources)  # type: ignore[no-untyped-call]
        metadata = resources.get("metadata", {})
        name, folder = metadata.get("name") or "notebook", metadata.get("path")
        place = Path(folder) if folder else None
        notebook = from_json(nb, f"{name}.ipynb", place)
        target = (place or Path()) / f"{module_name(name)}.py"
        made = render(notebook, list(self.flows) or None, target, target.parent, running_environment())
        for note in made.notes:
            self.log.warning(note)
        resources["output_extension"] = self.file_extension
        return made.text, resources
