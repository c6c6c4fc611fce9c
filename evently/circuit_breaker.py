"""Leave alone for a while what did not answer just now, so that few ever wait for it."""

import threading
import time

# After a wait of one second nobody asks for half a minute: at most a thirtieth of one thread's
# time goes into waiting, however long the time-out is.
PAUSE_PER_SECOND_WAITED = 30.0


class CircuitBreaker:
    """Remembers, per process, whether something answers.

    After a failure there is a pause, the longer the longer the failure took: who is refused at
    once may ask again soon, who waited for a time-out may not. When it is over, one caller finds
    out whether there are answers again, while the others still pass by.
    """

    def __init__(self, *, least_pause_seconds: float) -> None:
        """Begin with good hopes; least_pause_seconds: for a failure that took no time."""
        self.least_pause_seconds = least_pause_seconds
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Let everybody ask again at once."""
        self._paused_until = 0.0
        self._failing = False

    def lets_ask(self) -> bool:
        """Return whether to ask now; who does says afterwards how it went."""
        with self._lock:
            now = time.monotonic()
            if now < self._paused_until:
                return False
            if self._failing:
                # Until the one who asks now has an answer, the others need not wait for it too.
                self._paused_until = now + self.least_pause_seconds
            return True

    def failed(self, *, after_seconds: float) -> None:
        """Begin a pause; after_seconds: how long somebody waited in vain."""
        pause = self.least_pause_seconds + PAUSE_PER_SECOND_WAITED * after_seconds
        with self._lock:
            self._failing = True
            self._paused_until = time.monotonic() + pause

    def answered(self) -> None:
        """Let everybody ask again, where that was not so already."""
        if self._failing:
            self.reset()
