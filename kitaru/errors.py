"""Every error that Kitaru raises on purpose.

::

    KitaruError
    ├── KitaruUsageError (ValueError)            an argument or a setting is wrong
    │   └── KitaruWaitValidationError            an answer does not fit the question's schema
    ├── KitaruContextError (RuntimeError)        the call is made outside the scope that it needs
    ├── KitaruStateError (RuntimeError)          the recorded state forbids the operation
    │   ├── KitaruConflictError                  somebody else was first (answer, resume, claim)
    │   │   └── KitaruStaleRunnerError           this runner's execution was taken over
    │   └── KitaruNotFoundError (LookupError)    no such execution, call, wait, artifact or stack
    ├── KitaruRuntimeError (RuntimeError)        something that should work did not
    │   ├── KitaruSerializationError             a value cannot be written or read back
    │   ├── KitaruStoreError                     the store cannot be read or written
    │   │   ├── KitaruStoreBusyError             another process holds the database
    │   │   ├── KitaruStoreVersionError          the store was written by a newer Kitaru
    │   │   └── KitaruCorruptionError            recorded bytes are not what was written
    │   ├── KitaruBackendError                   a service or provider could not be reached or refused
    │   └── KitaruExecutionError                 an execution ended without a result
    │       ├── KitaruUserCodeError              the user's own code raised
    │       ├── KitaruDivergenceError            the code no longer does what was recorded
    │       ├── KitaruTimeoutError               a time limit ran out
    │       └── KitaruCancelledError             the execution was cancelled
    ├── KitaruExportError                        a notebook cannot become a script as it is
    └── KitaruFeatureNotAvailableError           a part that is not installed is needed

Control flow uses a signal that is not an error: `kitaru.runtime.signals.Suspended` derives
from `BaseException`, so that ``except Exception`` in user code cannot swallow it.
"""

from __future__ import annotations

from enum import StrEnum


class FailureOrigin(StrEnum):
    """Where a failure came from.

    Examples
    --------
    >>> FailureOrigin.USER_CODE.value
    'user_code'
    """

    USER_CODE = "user_code"
    RUNTIME = "runtime"
    BACKEND = "backend"
    DIVERGENCE = "divergence"
    UNKNOWN = "unknown"


class KitaruError(Exception):
    """Root of everything that Kitaru raises on purpose.

    Examples
    --------
    >>> issubclass(KitaruUsageError, KitaruError)
    True
    """


class KitaruUsageError(KitaruError, ValueError):
    """An argument, an option or a setting is wrong.

    Examples
    --------
    >>> isinstance(KitaruUsageError("retries must be 0 or more"), ValueError)
    True
    """


class KitaruWaitValidationError(KitaruUsageError):
    """An answer does not fit the schema of the question.

    Examples
    --------
    >>> issubclass(KitaruWaitValidationError, KitaruUsageError)
    True
    """


class KitaruContextError(KitaruError, RuntimeError):
    """A primitive is called outside the scope that it needs.

    Examples
    --------
    >>> issubclass(KitaruContextError, RuntimeError)
    True
    """


class KitaruStateError(KitaruError, RuntimeError):
    """The recorded state forbids the operation.

    Examples
    --------
    >>> issubclass(KitaruStateError, RuntimeError)
    True
    """


class KitaruConflictError(KitaruStateError):
    """Somebody else was first: an answer, a resume or a claim lost its race.

    Examples
    --------
    >>> issubclass(KitaruConflictError, KitaruStateError)
    True
    """


class KitaruStaleRunnerError(KitaruConflictError):
    """The execution was taken over by another runner; this one may no longer write to it.

    Examples
    --------
    >>> issubclass(KitaruStaleRunnerError, KitaruConflictError)
    True
    """


class KitaruNotFoundError(KitaruStateError, LookupError):
    """No such execution, call, wait, artifact or stack.

    Examples
    --------
    >>> issubclass(KitaruNotFoundError, LookupError)
    True
    """


class KitaruRuntimeError(KitaruError, RuntimeError):
    """Something that should work did not.

    Examples
    --------
    >>> issubclass(KitaruRuntimeError, RuntimeError)
    True
    """


class KitaruSerializationError(KitaruRuntimeError):
    """A value cannot be written to the store, or not be read back.

    Examples
    --------
    >>> issubclass(KitaruSerializationError, KitaruRuntimeError)
    True
    """


class KitaruStoreError(KitaruRuntimeError):
    """The store cannot be read or written.

    Examples
    --------
    >>> issubclass(KitaruStoreError, KitaruRuntimeError)
    True
    """


class KitaruStoreBusyError(KitaruStoreError):
    """Another process holds the database.

    Examples
    --------
    >>> issubclass(KitaruStoreBusyError, KitaruStoreError)
    True
    """


class KitaruStoreVersionError(KitaruStoreError):
    """The store, or the service in front of it, belongs to another version of Kitaru.

    Examples
    --------
    >>> issubclass(KitaruStoreVersionError, KitaruStoreError)
    True
    """


class KitaruCorruptionError(KitaruStoreError):
    """Recorded bytes are not what was written.

    Examples
    --------
    >>> issubclass(KitaruCorruptionError, KitaruStoreError)
    True
    """


class KitaruBackendError(KitaruRuntimeError):
    """A service or a provider could not be reached, or refused the request.

    Examples
    --------
    >>> issubclass(KitaruBackendError, KitaruRuntimeError)
    True
    """


class KitaruExecutionError(KitaruRuntimeError):
    """An execution ended without a result.

    Parameters
    ----------
    message
        What happened and what to do next.
    exec_id
        The execution, for example ``"kr-4f7q2m9x0c1d"``.
    status
        The status in which the execution ended.
    failure_origin
        Where the failure came from.

    Examples
    --------
    >>> KitaruExecutionError("no result", exec_id="kr-1", status="failed").exec_id
    'kr-1'
    """

    def __init__(
        self,
        message: str,
        *,
        exec_id: str | None = None,
        status: str | None = None,
        failure_origin: FailureOrigin | None = None,
    ) -> None:
        super().__init__(message)
        self.exec_id = exec_id
        self.status = status
        self.failure_origin = failure_origin


class KitaruUserCodeError(KitaruExecutionError):
    """The user's own code raised; ``__cause__`` is that exception where it is still at hand.

    Examples
    --------
    >>> issubclass(KitaruUserCodeError, KitaruExecutionError)
    True
    """


class KitaruDivergenceError(KitaruExecutionError):
    """The code no longer makes the calls that were recorded.

    Examples
    --------
    >>> issubclass(KitaruDivergenceError, KitaruExecutionError)
    True
    """


class KitaruTimeoutError(KitaruExecutionError, TimeoutError):
    """A time limit ran out: of a checkpoint, or of ``handle.wait(timeout=...)``.

    Examples
    --------
    >>> issubclass(KitaruTimeoutError, TimeoutError)
    True
    """


class KitaruCancelledError(KitaruExecutionError):
    """The execution was cancelled.

    Examples
    --------
    >>> issubclass(KitaruCancelledError, KitaruExecutionError)
    True
    """


class KitaruExportError(KitaruError):
    """A notebook cannot become a script as it is; the message names cell, line and remedy of each problem.

    Examples
    --------
    >>> issubclass(KitaruExportError, KitaruError)
    True
    """


class KitaruFeatureNotAvailableError(KitaruError, RuntimeError):
    """A part that is not installed is needed; the message names the command that installs it.

    Examples
    --------
    >>> issubclass(KitaruFeatureNotAvailableError, KitaruError)
    True
    """
