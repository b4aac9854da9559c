"""How often, and after which pause, a failed checkpoint is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kitaru.errors import KitaruUsageError


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry policy: exponential backoff with jitter, for some exceptions only.

    Parameters
    ----------
    attempts
        How often the function may run in all; 1 means no retry.
    initial
        Seconds before the second attempt; doubled before each further one.
    maximum
        Seconds that a pause never exceeds (jitter included).
    jitter
        Up to so many seconds, drawn at random, are added to each pause.
    on
        Exception types that are tried again.
    never
        Exception types that are not, even if they are subclasses of one in `on`.

    Raises
    ------
    KitaruUsageError
        If `attempts` is less than 1 or a duration is negative.

    Notes
    -----
    The pauses come from ``tenacity.wait_exponential_jitter``.

    Examples
    --------
    >>> policy = Retry(attempts=3, initial=0.5, jitter=0, on=(ConnectionError,))
    >>> policy.pause(1, ConnectionError()), policy.pause(2, ConnectionError())
    (0.5, 1.0)
    >>> policy.pause(1, ValueError()) is None
    True
    """

    attempts: int = 3
    initial: float = 0.1
    maximum: float = 60.0
    jitter: float = 0.1
    on: tuple[type[BaseException], ...] = (Exception,)
    never: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise KitaruUsageError(
                f"Retry(attempts={self.attempts}): the function must run at least once; give 1 or more"
            )
        if min(self.initial, self.maximum, self.jitter) < 0:
            raise KitaruUsageError("Retry(): initial, maximum and jitter are seconds and cannot be negative")

    def pause(self, attempt: int, error: BaseException) -> float | None:
        """Seconds to wait after the failed attempt number `attempt` (from 1), or None to give up.

        Examples
        --------
        >>> Retry(attempts=2, initial=1.5, jitter=0).pause(1, OSError())
        1.5
        """
        if attempt >= self.attempts or not isinstance(error, self.on) or isinstance(error, self.never):
            return None
        from tenacity import RetryCallState, wait_exponential_jitter

        state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
        state.attempt_number = attempt
        return wait_exponential_jitter(multiplier=self.initial, max=self.maximum, jitter=self.jitter)(state)


def as_policy(retries: Any) -> Retry:
    """Turn what a decorator was given into a policy; a count is the number of *further* attempts."""
    if isinstance(retries, Retry):
        return retries
    count = 0 if retries is None else retries
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise KitaruUsageError(f"retries={retries!r}: give a number of retries (0 or more) or a kitaru.Retry(...)")
    return Retry(attempts=count + 1)
