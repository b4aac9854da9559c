"""A batch that the writer does not accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitaru.store.protocol import Refusal


class RefusedError(Exception):
    """A batch is not accepted; `refusal` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.refusal: Refusal = {"code": code, "message": message}
