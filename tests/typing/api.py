"""Never executed: type checkers must accept this file, which proves that the decorators keep signatures.

`make check` runs mypy over it with every strict option on.
"""

from __future__ import annotations
