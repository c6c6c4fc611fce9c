"""Circuit breaker: stop calling a service that does not respond, so that few requests wait."""

import threading
import time

# After a wait of one second the circuit stays open for half a minute: each thread spends at most
# a thirtieth of its time waiting, however long the time-out is.
PAUSE_PER_SECOND_WAITED = 30.0


class CircuitBreaker:
    """Remembers, per process, whether a service responds.

    A failure opens the circuit, for longer the longer the failure took: a refused connection costs
    nothing and may be tried again soon, a time-out may not. Once the pause is over, the circuit is
    half-open: one caller tries the service, the others still skip it.
    """

    def __init__(self, *, min_pause_seconds: float) -> None:
        """Start closed; min_pause_seconds: the pause after a failure that took no time."""
        self.min_pause_seconds = min_pause_seconds
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Close the circuit."""
        self._open_until = 0.0
        self._failing = False

    def allows_request(self) -> bool:
        """Return whether to call the service now.

        A caller that is allowed to reports the outcome with `record_success` or `record_failure`.
        """
        with self._lock:
            now = time.monotonic()
            if now < self._open_until:
                return False
            if self._failing:
                # Half-open: the others skip the service until this caller has its outcome. With a
                # time limit, so that a caller that died cannot keep the circuit open for ever.
                self._open_until = now + self.min_pause_seconds
            return True

    @property
    def is_open(self) -> bool:
        """Whether the service is skipped now; asking changes nothing."""
        return time.monotonic() < self._open_until

    def record_failure(self, *, after_seconds: float) -> None:
        """Open the circuit; after_seconds: how long the caller waited for the failure."""
        pause = self.min_pause_seconds + PAUSE_PER_SECOND_WAITED * after_seconds
        with self._lock:
            self._failing = True
            self._open_until = time.monotonic() + pause

    def record_success(self) -> None:
        """Close the circuit."""
        # Read without the lock: this runs after every call, and almost never has to do anything.
        if self._failing:
            self.reset()
