"""What a piece of user code is: its identity, its free names, and everything that it reaches."""

from kitaru.code.canonical import normalised
from kitaru.code.cells import FreeNames, free_names
from kitaru.code.flow_cell import FlowCell, flow_cell
from kitaru.code.identity import Identity, Part, changed_parts, code_identity, explain_identity, reached_globals
from kitaru.code.literals import secret_literals, variable_of
from kitaru.code.secret import blacked_out, is_key, looks_secret
from kitaru.code.source import definition_of, function_file, source_of
from kitaru.code.travel import cell_sources, remember_sources

__all__ = [
    "FlowCell",
    "FreeNames",
    "Identity",
    "Part",
    "blacked_out",
    "cell_sources",
    "changed_parts",
    "code_identity",
    "definition_of",
    "explain_identity",
    "flow_cell",
    "free_names",
    "function_file",
    "is_key",
    "looks_secret",
    "normalised",
    "reached_globals",
    "remember_sources",
    "secret_literals",
    "source_of",
    "variable_of",
]
