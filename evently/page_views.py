"""Page views, counted in the broker without cookies: how many, and about how many visitors.

A request only adds to a buffer of its process, which a thread takes to the broker each second; with
the broker away, views are lost and nothing else. A visitor is a digest of address and browser under
a secret of the day, which is forgotten the next day: it identifies no one, and follows no one.

In the broker, per minute: `evently:pages:KIND:MINUTE`, a hash of counts by event, whose key is in
the set `evently:pages:minutes` until it is taken over; per hour and event:
`evently:visitors:HOUR:EVENT`, a HyperLogLog. Times are seconds since 1970, UTC.
"""

import atexit
import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import Counter as Tally
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import redis
from django.conf import settings
from django.http import HttpRequest
from prometheus_client import Counter

from evently.circuit_breaker import CircuitBreaker
from evently.origin import origin_of
from evently.redis_client import redis_client

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
# How long counts wait in the broker for the task that takes them over.
KEPT_SECONDS = 2 * DAY
FLUSH_SECONDS = 1.0
TIMEOUT_SECONDS = 0.3
# Of the buffer: with the broker away, the rest is lost.
MOST_VISITORS = 20_000
PREFIX = "evently:pages"
# The keys of the minutes that wait to be taken over.
MINUTES = f"{PREFIX}:minutes"
ROBOTS = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|facebookexternalhit|preview|monitor|headless|curl/|wget/"
    r"|python-|go-http|java/|scrapy|lighthouse",
    re.IGNORECASE,
)

lost = Counter("evently_page_views_lost_total", "Page views that could not be counted.")


class PageKind(StrEnum):
    """A page that is counted, by the name of its metric."""

    EVENT = "page_views"
    CHECKOUT = "checkouts"


@dataclass
class _Buffer:
    counts: Tally[tuple[PageKind, int, UUID]] = field(default_factory=Tally)
    # (hour, event, address, browser); they leave this process only as digests.
    visitors: set[tuple[int, UUID, str, str]] = field(default_factory=set)


class PageViews:
    """The counts of one process on their way to the broker."""

    def __init__(self) -> None:
        """Connect, and start the thread, on first use."""
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._buffer = _Buffer()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._client: redis.Redis | None = None
        self._url = ""
        self._breaker = CircuitBreaker(min_pause_seconds=5.0)
        self._secret: tuple[int, bytes] = (0, b"")

    def count(self, kind: PageKind, event_id: UUID, request: HttpRequest) -> None:
        """Count a page that was shown to a person; robots and prefetching browsers are left out."""
        origin = origin_of(request)
        if not is_counted(request, origin.user_agent):
            return
        at = int(time.time())
        with self._lock:
            self._buffer.counts[kind, at - at % MINUTE, event_id] += 1
            if kind is PageKind.EVENT and len(self._buffer.visitors) < MOST_VISITORS:
                self._buffer.visitors.add(
                    (at - at % HOUR, event_id, origin.ip_address or "", origin.user_agent)
                )
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="page-views", daemon=True)
                self._thread.start()
        self._wake.set()

    def flush(self) -> None:
        """Take the buffer to the broker; what it does not accept is lost.

        What another thread is taking there has arrived, too: a process that ends waits for it.
        """
        with self._sending:
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            buffer, self._buffer = self._buffer, _Buffer()
        if not buffer.counts:
            return
        if not self._breaker.allows_request():
            lost.inc(buffer.counts.total())
            return
        began = time.monotonic()
        try:
            self._send(buffer)
        except (redis.RedisError, OSError):
            self._breaker.record_failure(after_seconds=time.monotonic() - began)
            lost.inc(buffer.counts.total())
        else:
            self._breaker.record_success()

    def reset(self) -> None:
        """Forget what was counted in this process, and use the broker again (for tests)."""
        with self._lock:
            self._buffer = _Buffer()
        self._breaker.reset()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(FLUSH_SECONDS)
            self._wake.clear()
            self.flush()

    def _send(self, buffer: _Buffer) -> None:
        client = self._connected()
        pipeline = client.pipeline(transaction=False)
        for (kind, minute, event_id), number in buffer.counts.items():
            name = minute_key(kind, minute)
            pipeline.hincrby(name, str(event_id), number)
            pipeline.expire(name, KEPT_SECONDS)
            pipeline.sadd(MINUTES, name)
        pipeline.expire(MINUTES, KEPT_SECONDS)
        for hour, event_id, address, browser in buffer.visitors:
            name = visitors_key(hour, event_id)
            pipeline.pfadd(name, self._digest(client, hour - hour % DAY, address, browser))
            pipeline.expire(name, KEPT_SECONDS)
        pipeline.execute()

    def _digest(self, client: redis.Redis, day: int, *parts: str) -> str:
        if self._secret[0] != day:
            name = f"{PREFIX}:secret:{day}"
            client.set(name, secrets.token_hex(32), nx=True, ex=DAY + HOUR)
            secret = client.get(name)
            self._secret = (day, secret if isinstance(secret, bytes) else b"")
        text = "\x00".join(parts).encode()
        return hmac.new(self._secret[1], text, hashlib.sha256).hexdigest()[:32]

    def _connected(self) -> redis.Redis:
        if self._client is None or self._url != settings.REDIS_URL:
            self._url = settings.REDIS_URL
            self._client = redis_client(timeout_seconds=TIMEOUT_SECONDS)
            self._secret = (0, b"")
        return self._client


def is_counted(request: HttpRequest, user_agent: str) -> bool:
    """Tell whether a request shows a page to a person, as far as it says."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    is_ahead = "prefetch" in purpose or "prerender" in purpose
    return request.method != "HEAD" and not is_ahead and not ROBOTS.search(user_agent)


def minute_key(kind: PageKind, minute: int) -> str:
    """Return the key of the counts of a minute, by event."""
    return f"{PREFIX}:{kind}:{minute}"


def visitors_key(hour: int, event_id: UUID) -> str:
    """Return the key of the visitors of an event in an hour."""
    return f"evently:visitors:{hour}:{event_id}"


page_views = PageViews()
atexit.register(page_views.flush)
