"""What client and service must agree on: protocol number, paths, headers, limits, and errors."""

from __future__ import annotations

import functools
from typing import Any, Final, NotRequired, TypedDict

import orjson

from kitaru import errors
from kitaru.errors import (
    KitaruBackendError,
    KitaruError,
    KitaruExecutionError,
    KitaruFeatureNotAvailableError,
    KitaruNotFoundError,
    KitaruStateError,
    KitaruStoreBusyError,
    KitaruStoreError,
    KitaruStoreVersionError,
    KitaruTimeoutError,
    KitaruUsageError,
    KitaruWaitValidationError,
)

PROTOCOL: int = 3
"""Goes up when a client of the number before could misunderstand the service, or the other way round."""

HEARTBEAT: Final = 15.0
"""Seconds after which a silent watch says that it is still there."""

MAX_APPEND: Final = 64 << 20
MAX_QUESTION: Final = 8 << 20
MAX_PAYLOAD: Final = 16 << 30
"""Largest request bodies in bytes, of an append, of other questions, and of a payload."""

UNAVAILABLE: Final = frozenset({502, 503, 504})
"""Statuses that say "try again": of a service about to end, or of a proxy whose server is away. No error has them."""

_STATUS: Final[dict[type, int]] = {
    KitaruWaitValidationError: 422,
    KitaruUsageError: 400,
    KitaruNotFoundError: 404,
    KitaruStateError: 409,
    KitaruStoreBusyError: 423,
    KitaruStoreVersionError: 426,
    KitaruBackendError: 424,
    KitaruTimeoutError: 408,
    KitaruFeatureNotAvailableError: 501,
    KitaruError: 500,
}


class Health(TypedDict):
    """How a service introduces itself."""

    protocol: int
    kitaru: str
    pid: int
    home: str
    home_id: str
    uptime: float
    """Seconds since it began to listen."""
    continues: NotRequired[bool]
    """Whether it has a worker, which also goes on with answered executions that nobody runs."""


class ErrorDetail(TypedDict):
    """An error on its way to the client: the name of its class in `kitaru.errors`, and its message."""

    type: str
    message: str
    exec_id: NotRequired[str | None]
    status: NotRequired[str | None]
    failure_origin: NotRequired[str | None]


class ErrorBody(TypedDict):
    """Body of every answer that is no success."""

    error: ErrorDetail


def encode_error(error: BaseException) -> tuple[int, bytes]:
    """Turn an error into an HTTP status and a body.

    Examples
    --------
    >>> encode_error(KitaruNotFoundError("no such execution"))
    (404, b'{"error":{"type":"KitaruNotFoundError","message":"no such execution"}}')
    """
    known = error if isinstance(error, KitaruError) else _unexpected(error)
    return status_of(known), error_body(known)


def status_of(error: KitaruError) -> int:
    """Return the HTTP status that stands for an error.

    Examples
    --------
    >>> status_of(KitaruNotFoundError("no such execution"))
    404
    """
    return next(_STATUS[base] for base in type(error).__mro__ if base in _STATUS)


def error_body(error: KitaruError) -> bytes:
    """Turn an error into the body of an answer whose status is decided elsewhere.

    Examples
    --------
    >>> error_body(KitaruError("no"))
    b'{"error":{"type":"KitaruError","message":"no"}}'
    """
    detail = ErrorDetail(type=public_name(error), message=str(error))
    if isinstance(error, KitaruExecutionError):
        detail |= {"exec_id": error.exec_id, "status": error.status, "failure_origin": error.failure_origin}
    return orjson.dumps(ErrorBody(error=detail))


def public_name(error: KitaruError) -> str:
    """Return the name of an error's class, or of the nearest one in `kitaru.errors`.

    Examples
    --------
    >>> public_name(KitaruNotFoundError("no such execution"))
    'KitaruNotFoundError'
    """
    return next(base.__name__ for base in type(error).__mro__ if base.__module__ == errors.__name__)


def decode_error(status: int, body: bytes, address: str) -> KitaruError:
    """Turn an answer that is no success back into the error that the service raised.

    Parameters
    ----------
    status, body
        The answer.
    address
        Who answered, for the message if it was no Kitaru service.

    Examples
    --------
    >>> decode_error(*encode_error(KitaruNotFoundError("no such execution")), "http://127.0.0.1:1")
    KitaruNotFoundError('no such execution')
    """
    if not body and status == 404:
        return KitaruNotFoundError(f"{address} has nothing of that name.")
    try:
        detail: ErrorDetail = orjson.loads(body)["error"]
        kind, message = getattr(errors, detail["type"], KitaruBackendError), detail["message"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return KitaruBackendError(
            f"{address} answered with HTTP {status}, and not as a Kitaru service does. Check the address; "
            "`kitaru service status` shows that of this home's own service."
        )
    if not (isinstance(kind, type) and issubclass(kind, KitaruError)):
        kind = KitaruBackendError
    if issubclass(kind, KitaruExecutionError):
        return kind(message, **_execution_facts(detail))
    return kind(message)


def too_large(limit: int) -> KitaruUsageError:
    """Return the error for a request body of more than `limit` bytes.

    Examples
    --------
    >>> str(too_large(8))
    'The request is larger than the 8 bytes that ...'
    """
    return KitaruUsageError(
        f"The request is larger than the {limit} bytes that the service takes here. Save large values as payloads, "
        "which events then name, and write very many events in several appends."
    )


@functools.cache
def kitaru_version() -> str:
    """Return the version of the installed distribution.

    Examples
    --------
    >>> kitaru_version().count(".") >= 1
    True
    """
    from importlib.metadata import version

    return version("kitaru-jupyter")


def _unexpected(error: BaseException) -> KitaruStoreError:
    return KitaruStoreError(
        f"The Kitaru service failed on this request: {type(error).__name__}: {error}. Its service.log, in the home "
        "that `kitaru info` shows, has the traceback."
    )


def _execution_facts(detail: ErrorDetail) -> dict[str, Any]:
    origin = detail.get("failure_origin")
    return {
        "exec_id": detail.get("exec_id"),
        "status": detail.get("status"),
        "failure_origin": errors.FailureOrigin(origin) if origin else None,
    }
