"""Whether a provider answers, as all lanes of a process know it: a circuit breaker.

A server that hangs costs each email a time-out, and lets it be sent twice. So after one email
without an answer no other is sent for a while. Then it is tried once, and all go on once that was
answered: by a connection of its own or one bulk email (`operations.trials`); by an email of a lane
where no other provider answers.
"""

import threading
import time
from collections.abc import Callable

import structlog

from notifications.providers.errors import Stage

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A service may ask for a longer one (`Retry-After`), within limits.
LONGEST_WANTED_SECONDS = 900.0
# Where no bulk email has tried it for so long since an email failed, a connection is proof enough.
# After a silence, which costs the next email a time-out, twice as long each time that it was not.
UNPROVEN_SECONDS = {Stage.CONNECTING: 0.0, Stage.REFUSING: 30.0, Stage.SILENT: 600.0}
LONGEST_UNPROVEN_SECONDS = 3600.0

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
        self._failed_at = self._email_failed_at = 0.0
        self._is_tried = False
        self._stage = Stage.CONNECTING
        # How often it was in use again without an email that shows it, one after the other.
        self._unproven = 0

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
    def stage(self) -> Stage:
        """How far it went that has failed; the most of all failures since it was up."""
        return self._stage

    @property
    def seconds_since_failure(self) -> float:
        return time.monotonic() - self._failed_at

    @property
    def is_proven_by_connection(self) -> bool:
        """Whether it may be used once it takes a connection, although no email was sent."""
        seconds = UNPROVEN_SECONDS[self._stage] * 2**self._unproven
        seconds = min(seconds, LONGEST_UNPROVEN_SECONDS)
        return time.monotonic() - self._email_failed_at >= seconds

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

    def wait(self, seconds: float) -> None:
        """Let it be tried after so many seconds: it was neither found to answer nor to fail."""
        with self._lock:
            self._is_tried = False
            if self._failures:
                self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def failed(self, error: str, *, wanted_pause: float = 0.0, stage: Stage = Stage.SILENT) -> None:
        """Send nothing for a while. error: without personal data.

        wanted_pause: in seconds, what the provider asks for.
        """
        with self._lock:
            self._stage = max(self._stage, stage) if self._failures else stage
            self._failed_at = time.monotonic()
            if stage is not Stage.CONNECTING:
                self._email_failed_at = self._failed_at
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

    def answered(self, *, by_email: bool = True) -> None:
        """Go on sending. by_email: it has answered an email, and not only taken a connection."""
        # Read without the lock: this runs after every email, and almost never has to do anything.
        if not self._failures and not (self._unproven and by_email):
            return
        with self._lock:
            if by_email:
                self._unproven = 0
            elif self._stage is Stage.SILENT:
                self._unproven += 1
            was_up = not self._failures
            self._failures, self._is_tried, self._closed_until = 0, False, 0.0
        if was_up:
            return
        self._when_changed()
        log.warning("mail_server_up", provider=self.provider)
