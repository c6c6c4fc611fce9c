"""Counters for rate limits: shared through Redis, per process while Redis is down.

Rate limits must neither fail a request nor slow it down. When Redis does not respond, each process
counts for itself and tries Redis again only after a pause (`CircuitBreaker`). Limits still hold:
until Redis is back, a caller may at most reach each limit once more in each web process.
"""

import threading
import time
from collections.abc import Sequence

import redis
import structlog
from django.conf import settings

from evently.circuit_breaker import CircuitBreaker
from evently.redis_client import redis_client

PAUSE_AFTER_FAILURE_SECONDS = 5.0
TIMEOUT_SECONDS = 0.3
# Counters kept in a process while Redis is down.
MOST_LOCAL = 20_000

log = structlog.get_logger(__name__)


class Counters:
    """Counts by key; a key stands for one subject in one window of time."""

    def __init__(
        self, prefix: str = "evently:count", *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Connect on first use.

        prefix: of the keys in Redis. timeout_seconds: how long to wait for Redis.
        """
        self.prefix = prefix
        self.timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._client: redis.Redis | None = None
        self._url = ""
        self._breaker = CircuitBreaker(min_pause_seconds=PAUSE_AFTER_FAILURE_SECONDS)
        self._local: dict[str, tuple[int, float]] = {}

    def add(self, key: str, change: int = 1, *, seconds: int) -> int:
        """Return the counter after the change; seconds: how long it is kept at least."""
        return self.add_all([(key, seconds)], change)[0]

    def add_all(self, keys: Sequence[tuple[str, int]], change: int = 1) -> list[int]:
        """Return counters after they were changed together; each key with its `seconds`."""
        if keys and self._breaker.allows_request():
            started = time.monotonic()
            try:
                counts = self._add_shared(keys, change)
            except (redis.RedisError, OSError) as error:
                self._breaker.record_failure(after_seconds=time.monotonic() - started)
                log.warning("limits_count_per_process", error=type(error).__name__)
            else:
                self._breaker.record_success()
                return counts
        return [self._add_local(key, change, seconds) for key, seconds in keys]

    def reset(self) -> None:
        """Forget what was counted in this process, and use Redis again (for tests)."""
        with self._lock:
            self._local.clear()
            self._breaker.reset()

    def _add_shared(self, keys: Sequence[tuple[str, int]], change: int) -> list[int]:
        commands: list[tuple[str, str, int]] = []
        for key, seconds in keys:
            name = f"{self.prefix}:{key}"
            commands += [("INCRBY", name, change), ("EXPIRE", name, seconds)]
        # Not the client's pipeline: each request counts, and it takes longer than the server.
        pool = self._connected().connection_pool
        connection = pool.get_connection()
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            answers = [connection.read_response() for _ in commands]
        except BaseException:
            # Other answers may still come, which the next to use it would take for its own.
            connection.disconnect()
            raise
        finally:
            pool.release(connection)
        return [int(count) for count in answers[::2]]

    def _connected(self) -> redis.Redis:
        # Under the lock: two threads that both create a client would drop the first one, and with
        # it close connections that another thread has just begun to use.
        with self._lock:
            if self._client is None or self._url != settings.REDIS_URL:
                self._url = settings.REDIS_URL
                self._client = redis_client(timeout_seconds=self.timeout_seconds)
            return self._client

    def _add_local(self, key: str, change: int, seconds: int) -> int:
        now = time.monotonic()
        with self._lock:
            if len(self._local) >= MOST_LOCAL:
                # Keep half of them, the newest, so that a flood of keys cannot fill the memory.
                alive = [item for item in self._local.items() if item[1][1] > now]
                self._local = dict(alive[-MOST_LOCAL // 2 :])
            value, ends = self._local.get(key, (0, now + seconds))
            self._local[key] = (value + change, ends)
            return value + change


counters = Counters()
