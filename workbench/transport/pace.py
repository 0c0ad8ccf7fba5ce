"""How fast to ask and how long to go on asking."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from workbench.errors import (
    CancelledError,
    OverrunError,
    RemoteError,
    ThrottledError,
)

NAP_S = 0.05
"""How often a wait looks whether it was cancelled: faster than a person notices."""

Cancelled = Callable[[], bool]


def never() -> bool:
    """Nobody cancels."""
    return False


def stop_if(cancelled: Cancelled) -> None:
    """Leave here when somebody cancelled.

    Raises:
        CancelledError: they did.
    """
    if cancelled():
        raise CancelledError("Cancelled")


def wait(seconds: float, cancelled: Cancelled) -> None:
    """Wait, but no longer than somebody wants us to.

    Raises:
        CancelledError: somebody cancelled meanwhile.
    """
    until = time.monotonic() + seconds
    stop_if(cancelled)
    while (left_s := until - time.monotonic()) > 0:
        time.sleep(min(left_s, NAP_S))
        stop_if(cancelled)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for answers, and how often to ask again."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 330.0
    """Seconds without a byte until an answer counts as lost. Pendo itself gives up after 300."""
    attempts: int = 5
    """Tries of an ordinary call."""
    heavy_attempts: int = 3
    """Tries of a call that may take minutes and broke off: five times five is too long."""
    overrun_attempts: int = 2
    """Tries of a call that was too much for the other side; less must be asked for then."""
    throttled_attempts: int = 6
    """How often to be told "slow down" before giving up: 15 minutes, with the waits below."""
    first_wait_s: float = 1.0
    """Doubles with each further try."""
    longest_wait_s: float = 60.0
    throttled_wait_s: float = 30.0
    """After "slow down" without Retry-After; doubles. What released clients found to work."""
    longest_throttled_wait_s: float = 480.0
    longest_retry_after_s: float = 900.0
    """Told to wait longer than this, we give up at once instead of sitting there."""

    def wait_s(
        self,
        failures: Sequence[RemoteError],
        *,
        heavy: bool = False,
        retry_after_s: float | None = None,
        chance: float = 0.0,
    ) -> float | None:
        """Seconds until the next try after the last of ``failures``; None is give up.

        ``chance``, from 0 to 1, spreads the tries of several threads.

        >>> from workbench.errors import OutageError
        >>> [Patience(attempts=3).wait_s([OutageError("503")] * n, chance=1.0) for n in (1, 2, 3)]
        [1.0, 2.0, None]
        >>> Patience().wait_s([ThrottledError("429")], retry_after_s=7)
        7.0
        """
        last = failures[-1]
        alike = sum(_group(failure) is _group(last) for failure in failures)
        if not last.again or alike >= self._allowed(last, heavy):
            return None
        if retry_after_s is not None:
            return self._told(retry_after_s, chance)
        if isinstance(last, ThrottledError):
            doubled = min(self.throttled_wait_s * 2.0 ** (alike - 1), self.longest_throttled_wait_s)
            return doubled * (1 + 0.1 * chance)
        doubled = min(self.first_wait_s * 2.0 ** (alike - 1), self.longest_wait_s)
        return doubled * (0.5 + 0.5 * chance)

    def _told(self, retry_after_s: float, chance: float) -> float | None:
        """Never earlier than told, and spread a little behind it."""
        if retry_after_s > self.longest_retry_after_s:
            return None
        return retry_after_s + min(0.1 * retry_after_s, self.first_wait_s) * chance

    def _allowed(self, error: RemoteError, heavy: bool) -> int:
        if isinstance(error, ThrottledError):
            return self.throttled_attempts
        if isinstance(error, OverrunError):
            return self.overrun_attempts
        return min(self.attempts, self.heavy_attempts) if heavy else self.attempts


def _group(error: RemoteError) -> type[RemoteError]:
    """Failures of one group use up the same patience."""
    groups = (ThrottledError, OverrunError)
    return next((group for group in groups if isinstance(error, group)), RemoteError)


class RateLimit:
    """Lets so many calls through a minute, shared by any number of threads.

    A token bucket: ``burst`` calls may go at once (a minute's worth unless told otherwise),
    then they go evenly.
    """

    def __init__(self, calls_per_minute: float, *, burst: float | None = None) -> None:
        if calls_per_minute <= 0:
            raise ValueError("a rate limit lets at least some calls through")
        self.calls_per_minute = calls_per_minute
        self._burst = max(1.0, calls_per_minute if burst is None else burst)
        self._lock = Lock()
        self._tokens = self._burst
        self._filled_at = time.monotonic()
        self._closed_until = self._filled_at

    def take(self, cancelled: Cancelled = never) -> None:
        """Wait for our turn.

        Raises:
            CancelledError: somebody cancelled while we waited; our turn is given back.
        """
        stop_if(cancelled)
        turn_s = self._reserve()
        try:
            wait(turn_s, cancelled)
            while (closed_s := self._closed_until - time.monotonic()) > 0:
                wait(closed_s, cancelled)
        except CancelledError:
            with self._lock:
                self._tokens += 1
            raise

    def pause(self, seconds: float) -> None:
        """Let nobody through for a while: the other side asked one of us to slow down."""
        with self._lock:
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def _reserve(self) -> float:
        """Take a token, perhaps one that is still to come; seconds until it is there."""
        with self._lock:
            now = time.monotonic()
            gained = (now - self._filled_at) * self.calls_per_minute / 60
            self._tokens = min(self._burst, self._tokens + gained) - 1
            self._filled_at = now
            return max(0.0, -self._tokens * 60 / self.calls_per_minute)
