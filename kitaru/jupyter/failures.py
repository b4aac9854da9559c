"""Errors as the browser gets them: a status, what happened, and what to do next."""

from __future__ import annotations

from http.client import responses
from typing import TYPE_CHECKING, Final

from tornado.web import HTTPError

from kitaru.errors import (
    KitaruBackendError,
    KitaruError,
    KitaruExportError,
    KitaruNotFoundError,
    KitaruStoreVersionError,
    KitaruWaitValidationError,
)
from kitaru.jupyter.models import Failure, Place
from kitaru.store.service import wire

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_NEXT: Final[dict[type[KitaruError], str]] = {
    KitaruStoreVersionError: "pip install --upgrade kitaru-jupyter, then restart JupyterLab",
    KitaruBackendError: "kitaru status",
}
_LISTING: Final = "kitaru executions list"


class RequestError(Exception):
    """A request that is answered with a failure of its own making."""

    def __init__(self, status: int, failure: Failure) -> None:
        super().__init__(failure.message)
        self.status = status
        self.failure = failure


def usage_error(message: str, *, place: str | None = None, status: int = 400) -> RequestError:
    """Return the error for a request that makes no sense; `place` names the part that is wrong."""
    places = [] if place is None else [Place(place=place, message=message)]
    return RequestError(status, Failure(message=message, reason="KitaruUsageError", places=places))


def validation_error(error: ValidationError, what: str) -> RequestError:
    """Return the error for parameters or a body that do not fit their model; it names each of them."""
    places = [Place(place=_location(detail), message=_told(detail)) for detail in error.errors(include_url=False)[:20]]
    listed = "; ".join(f"{place.place or 'the whole'}: {place.message}" for place in places[:3])
    message = f"The {what} cannot be understood: {listed}."
    return RequestError(400, Failure(message=message, reason="KitaruUsageError", places=places))


def describe(error: BaseException | None, status: int, listing: str | None = _LISTING) -> tuple[int, Failure]:
    """Turn whatever ended a request into a status and what the browser is told.

    Parameters
    ----------
    error
        What was raised; None if only a status was set.
    status
        What Jupyter's server would answer with.
    listing
        The command that lists what there is, for what is not there.
    """
    if isinstance(error, RequestError):
        return error.status, error.failure
    if isinstance(error, KitaruError):
        # What keeps a notebook from being exported is no fault of the server's.
        refused = 422 if isinstance(error, KitaruExportError) else wire.status_of(error)
        return refused, of_kitaru(error, listing=listing)
    if isinstance(error, HTTPError):
        message = error.log_message or error.reason or responses.get(error.status_code, "error")
        return error.status_code, Failure(message=message, reason=error.reason or responses.get(error.status_code, ""))
    if error is None:
        return status, Failure(message=responses.get(status, "error"), reason=responses.get(status, ""))
    message = f"Kitaru's part of the Jupyter server failed on this request: {type(error).__name__}."
    return 500, Failure(message=message, reason="KitaruError", next="See the output of jupyter lab for the details")


def of_kitaru(error: KitaruError, places: list[Place] | None = None, *, listing: str | None = _LISTING) -> Failure:
    """Return what the browser is told of one of Kitaru's own errors."""
    known = next((_NEXT[base] for base in type(error).__mro__ if base in _NEXT), None)
    advice = listing if isinstance(error, KitaruNotFoundError) else known
    reason = wire.public_name(error)
    fallback = [Place(place="", message=str(error))] if isinstance(error, KitaruWaitValidationError) else []
    return Failure(message=str(error), reason=reason, next=advice, places=places or fallback)


def _location(detail: ErrorDetails) -> str:
    return ".".join(map(str, detail["loc"]))


def _told(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        return "there is no such parameter"
    return detail["msg"][:300]
