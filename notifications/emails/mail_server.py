"""Whether the mail server answers, as all lanes of a process know it: a circuit breaker.

A server that hangs costs each email a time-out, and lets it be sent twice. So after one email
without an answer no other is sent for a while; then one lane tries one email, and the others go on
once it was answered.
"""

import threading
import time

import structlog

from evently import metrics

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)


class MailServer:
    """Up until a failure is reported, and again once an email was answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0
        self._is_tried = False
        metrics.mail_server_down.set(0)

    @property
    def is_up(self) -> bool:
        return not self._failures

    def enter(self) -> int | None:
        """Return how many emails may be sent now: one to try it, None for any number, 0 for none.

        Who may send one reports `answered`, `failed` or `not_tried`.
        """
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

    def failed(self, error: str) -> None:
        """Send nothing for a while. error: without personal data."""
        with self._lock:
            if time.monotonic() < self._closed_until:
                # Another lane has met the same.
                return
            self._is_tried = False
            pause = min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
            self._failures += 1
            self._closed_until = time.monotonic() + pause
        metrics.mail_server_down.set(1)
        log.warning("mail_server_down", error=error, pause_seconds=pause)

    def answered(self) -> None:
        """Go on sending."""
        # Read without the lock: this runs after every email, and almost never has to do anything.
        if not self._failures:
            return
        with self._lock:
            self._failures, self._is_tried = 0, False
        metrics.mail_server_down.set(0)
        log.warning("mail_server_up")
