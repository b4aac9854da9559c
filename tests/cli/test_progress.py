"""Long work says how far it is to whoever looks at a terminal, and nothing to anybody else."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from kitaru.cli.progress import progress

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work() -> None:
    with progress("Verifying") as tell:
        tell("reading the journal")
        tell("payloads 3/10")


def test_a_terminal_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    work()
    assert "Verifying" in terminal.getvalue()
    assert "payloads 3/10" in terminal.getvalue()


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    work()
    assert capsys.readouterr() == ("", "")
