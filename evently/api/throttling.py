"""Rate limits per token, told in headers.

Counters lie in the broker's store, one key per token and minute. When it does not answer, each
process counts for itself, and asks again only after a pause, so that nobody waits for it.
"""

import hashlib
import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from evently.accounts.throttle import client_of
from evently.origin import origin_of

if TYPE_CHECKING:
    # Settings name this module, and views read settings when they are loaded.
    from rest_framework.views import APIView

WINDOW_SECONDS = 60
PAUSE_AFTER_FAILURE_SECONDS = 5.0
TIMEOUT_SECONDS = 0.3
# Stricter limits that a view asks for by name (`rate_name`), per address, a minute.
NAMED_RATES = {"auth": 20}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RateState:
    """Where a caller stands in the current minute."""

    name: str
    limit: int
    used: int
    reset_seconds: int

    @property
    def is_exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """Return the RateLimit headers (draft-ietf-httpapi-ratelimit-headers)."""
        left = max(0, self.limit - self.used)
        return {
            "RateLimit": f'"{self.name}";r={left};t={self.reset_seconds}',
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={WINDOW_SECONDS}',
        }


class Counters:
    """Counts requests by key, in the shared store while it answers, else in this process."""

    def __init__(self) -> None:
        """Connect on first use."""
        self._lock = Lock()
        self._client: redis.Redis | None = None
        self._url = ""
        self._paused_until = 0.0
        self._local: dict[str, int] = {}
        self._local_window = 0

    def add(self, key: str, window: int) -> int:
        """Count one request in a window, and return how many there were."""
        if time.monotonic() >= self._paused_until:
            try:
                return self._add_shared(f"evently:rate:{window}:{key}")
            except (redis.RedisError, OSError) as error:
                self._paused_until = time.monotonic() + PAUSE_AFTER_FAILURE_SECONDS
                log.warning("rate limits count per process", error=type(error).__name__)
        return self._add_local(key, window)

    def _add_shared(self, key: str) -> int:
        pipeline = self._connected().pipeline(transaction=False)
        pipeline.incr(key)
        pipeline.expire(key, 2 * WINDOW_SECONDS)
        return int(pipeline.execute()[0])

    def _connected(self) -> redis.Redis:
        if self._client is None or self._url != settings.REDIS_URL:
            self._url = settings.REDIS_URL
            self._client = redis.Redis.from_url(
                self._url,
                socket_connect_timeout=TIMEOUT_SECONDS,
                socket_timeout=TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        return self._client

    def _add_local(self, key: str, window: int) -> int:
        with self._lock:
            if window != self._local_window:
                self._local_window = window
                self._local.clear()
            self._local[key] = self._local.get(key, 0) + 1
            return self._local[key]


counters = Counters()


class TokenRateThrottle(BaseThrottle):
    """Limits each token (each address, for those without one) to so many requests a minute."""

    state: RateState

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request, and tell whether it may pass."""
        name: str = getattr(view, "rate_name", "default")
        limit = NAMED_RATES.get(name, settings.API_RATE_PER_MINUTE)
        caller = address_of(request) if name in NAMED_RATES else caller_of(request)
        now = time.time()
        window = int(now // WINDOW_SECONDS)
        self.state = RateState(
            name=name,
            limit=limit,
            used=counters.add(f"{name}:{caller}", window),
            reset_seconds=max(1, int((window + 1) * WINDOW_SECONDS - now)),
        )
        request._request.rate_state = self.state  # type: ignore[attr-defined]
        return not self.state.is_exceeded

    def wait(self) -> float:
        """Return after how many seconds to come back."""
        return float(self.state.reset_seconds)


def caller_of(request: Request) -> str:
    """Return what tells callers apart: their token, or where they come from."""
    return f"token:{request.auth.pk}" if request.auth is not None else address_of(request)


def address_of(request: Request) -> str:
    """Return where a request comes from, as a digest, for addresses are personal."""
    address = client_of(origin_of(request._request).ip_address) or "unknown"
    return "address:" + hashlib.sha256(address.encode()).hexdigest()[:24]
