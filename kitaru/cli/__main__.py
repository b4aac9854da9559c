"""``python -m kitaru.cli``."""

from __future__ import annotations

from kitaru.cli import main

main()
