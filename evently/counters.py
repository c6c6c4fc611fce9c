"""Counters for limits: shared through the broker's store, in this process while that is down.

Limits must neither fail nor slow a request. When the store does not answer, each process counts for
itself and asks again only after a pause, so that hardly anybody waits for it. Limits still hold:
until the store is back, a caller may at most reach each limit once more in each web process.
"""

import threading
import time

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from evently.circuit_breaker import CircuitBreaker

PAUSE_AFTER_FAILURE_SECONDS = 5.0
TIMEOUT_SECONDS = 0.3
MOST_LOCAL = 20_000

log = structlog.get_logger(__name__)


class Counters:
    """Counts by key; a key stands for one subject in one window of time."""

    def __init__(
        self, prefix: str = "evently:count", *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Connect on first use.

        prefix: where in the store the counters lie. timeout_seconds: how long to wait for it.
        """
        self.prefix = prefix
        self.timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._client: redis.Redis | None = None
        self._url = ""
        self._breaker = CircuitBreaker(least_pause_seconds=PAUSE_AFTER_FAILURE_SECONDS)
        self._local: dict[str, tuple[int, float]] = {}

    def add(self, key: str, change: int = 1, *, seconds: int) -> int:
        """Return the counter after the change; seconds: how long it is kept at least."""
        if self._breaker.lets_ask():
            started = time.monotonic()
            try:
                count = self._add_shared(f"{self.prefix}:{key}", change, seconds)
            except (redis.RedisError, OSError) as error:
                self._breaker.failed(after_seconds=time.monotonic() - started)
                log.warning("limits_count_per_process", error=type(error).__name__)
            else:
                self._breaker.answered()
                return count
        return self._add_local(key, change, seconds)

    def reset(self) -> None:
        """Forget what was counted in this process, and ask the store again (tests)."""
        with self._lock:
            self._local.clear()
            self._breaker.reset()

    def _add_shared(self, key: str, change: int, seconds: int) -> int:
        pipeline = self._connected().pipeline(transaction=False)
        pipeline.incrby(key, change)
        pipeline.expire(key, seconds)
        return int(pipeline.execute()[0])

    def _connected(self) -> redis.Redis:
        # Under the lock: a client made twice closes, as the first is forgotten, connections that
        # another thread has just begun to use.
        with self._lock:
            if self._client is None or self._url != settings.REDIS_URL:
                self._url = settings.REDIS_URL
                self._client = redis.Redis.from_url(
                    self._url,
                    socket_connect_timeout=self.timeout_seconds,
                    socket_timeout=self.timeout_seconds,
                    retry=Retry(NoBackoff(), 0),
                )
            return self._client

    def _add_local(self, key: str, change: int, seconds: int) -> int:
        now = time.monotonic()
        with self._lock:
            if len(self._local) >= MOST_LOCAL:
                # The newer half at most, so that a flood cannot fill the memory.
                alive = [item for item in self._local.items() if item[1][1] > now]
                self._local = dict(alive[-MOST_LOCAL // 2 :])
            value, ends = self._local.get(key, (0, now + seconds))
            self._local[key] = (value + change, ends)
            return value + change


counters = Counters()
