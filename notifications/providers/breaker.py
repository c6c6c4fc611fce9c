"""Whether a provider answers, as all lanes of a process know it: a circuit breaker.

A server that hangs costs each email a time-out, and lets it be sent twice. So after one email
without an answer no other is sent for a while; then one lane tries one email, and the others go on
once it was answered.
"""

import threading
import time
from collections.abc import Callable

import structlog

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A service may ask for a longer one (`Retry-After`), within limits.
LONGEST_WANTED_SECONDS = 900.0

log = structlog.get_logger(__name__)


def _nothing() -> None:
    pass


class Breaker:
    """Up until a failure is reported, and again once an email was answered."""

    def __init__(self, provider: str = "", *, when_changed: Callable[[], None] = _nothing) -> None:
        """provider: its name, for the log. when_changed: called when it goes down, or up again."""
        self.provider = provider
        self._when_changed = when_changed
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0
        self._is_tried = False

    @property
    def is_up(self) -> bool:
        return not self._failures

    @property
    def may_enter(self) -> bool:
        """Whether `enter` would return anything but 0 now."""
        is_over = not self._is_tried and time.monotonic() >= self._closed_until
        return not self._failures or is_over

    def is_overdue(self, seconds: float) -> bool:
        """Return whether nothing has tried it for so long, although it may be tried."""
        return self.may_enter and time.monotonic() >= self._closed_until + seconds

    @property
    def pause_seconds(self) -> float:
        """How long it is not to be tried; 0 where it may be."""
        return max(self._closed_until - time.monotonic(), 0.0) if self._failures else 0.0

    def enter(self) -> int | None:
        """Return how many emails may be sent now: one to try it, None for any number, 0 for none.

        Who may send one reports `answered`, `failed` or `not_tried`.
        """
        # Read without the lock, as before every email; that it has just failed is learned later.
        if not self._failures:
            return None
        with self._lock:
            if not self._failures:
                return None
            if self._is_tried or time.monotonic() < self._closed_until:
                return 0
            self._is_tried = True
            return 1

    def not_tried(self) -> None:
        """Let another lane try: there was no email to send."""
        with self._lock:
            self._is_tried = False

    def failed(self, error: str, *, wanted_pause: float = 0.0) -> None:
        """Send nothing for a while. error: without personal data.

        wanted_pause: in seconds, what the provider asks for.
        """
        with self._lock:
            if time.monotonic() < self._closed_until:
                # Another lane has met the same.
                return
            self._is_tried = False
            pause = min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
            pause = max(pause, min(wanted_pause, LONGEST_WANTED_SECONDS))
            self._failures += 1
            self._closed_until = time.monotonic() + pause
        self._when_changed()
        log.warning(
            "mail_server_down", provider=self.provider, error=error, pause_seconds=round(pause, 1)
        )

    def answered(self) -> None:
        """Go on sending."""
        # Read without the lock: this runs after every email, and almost never has to do anything.
        if not self._failures:
            return
        with self._lock:
            self._failures, self._is_tried, self._closed_until = 0, False, 0.0
        self._when_changed()
        log.warning("mail_server_up", provider=self.provider)
