"""How many emails a provider gets: per second and per day, by all mailers together.

The broker keeps the counts. Per second, it is a bucket of tokens that fills up at the limit's pace,
of which each email takes one: what goes to many leaves some of them in it, so that an offer or a
ticket finds one at once, however much bulk mail waits. Per day, counts of the last 24 hours; the
last part of them is kept for what is urgent, too. While the broker is away, each process keeps to
its share, by how many took from the bucket before.
"""

import os
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import redis
import structlog

from evently.circuit_breaker import CircuitBreaker
from evently.email_providers import Provider
from evently.redis_client import redis_client
from notifications.kinds import Urgency

PREFIX = "evently:email"
TIMEOUT_SECONDS = 0.3
PAUSE_AFTER_FAILURE_SECONDS = 5.0
# A token that was not used is not worth more than the next one after this.
KEPT_SECONDS = 1.0
HOURS = 24
# Of the tokens of a second, and of the emails of a day, this part is kept for what is urgent.
KEPT_PART, KEPT_PART_OF_DAY = 5, 10
# From this limit on, the bucket fills so much more slowly that no second has more than the limit.
EXACT_FROM = 5

TAKE = """
    local time = redis.call('TIME')
    local now = time[1] + time[2] / 1000000
    local hour = math.floor(now / 3600)
    local pace, size, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local most, kept_of_day, owed = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
    redis.call('ZADD', KEYS[3], now, ARGV[7])
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 60)
    redis.call('EXPIRE', KEYS[3], 120)
    local takers = redis.call('ZCARD', KEYS[3])
    local wait, left = 0, -1
    if most > 0 then
        if owed > 0 then redis.call('HINCRBY', KEYS[2], hour, owed) end
        local used, counts = 0, redis.call('HGETALL', KEYS[2])
        for i = 1, #counts, 2 do
            if tonumber(counts[i]) < hour - 24 then
                redis.call('HDEL', KEYS[2], counts[i])
            else
                used = used + counts[i + 1]
            end
        end
        redis.call('EXPIRE', KEYS[2], 90000)
        left = most - used
        if left <= kept_of_day then wait = 60 end
    end
    local tokens = size
    if pace > 0 and wait == 0 then
        local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
        if bucket[1] then
            tokens = math.min(size, bucket[1] + math.max(now - bucket[2], 0) * pace)
        end
        if tokens < 1 + kept then
            wait = (1 + kept - tokens) / pace
        else
            redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens - 1),
                'at', string.format('%.6f', now))
            redis.call('EXPIRE', KEYS[1], 60)
        end
    end
    if wait == 0 and most > 0 then redis.call('HINCRBY', KEYS[2], hour, 1) end
    return {string.format('%.6f', wait), takers, left}
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bucket:
    """The tokens of a second. pace: how many come in a second. size: the most there are.

    kept: how many are left in it by what is not urgent.
    """

    pace: float
    size: float
    kept: float

    @classmethod
    def of(cls, per_second: int) -> "Bucket":
        kept = max(per_second // KEPT_PART, 1)
        exact = per_second >= EXACT_FROM
        return cls(pace=per_second - kept if exact else per_second, size=kept + 1, kept=kept)


@dataclass
class Share:
    """What one process may send while the broker is away.

    tokens, at: of the bucket, at that time of the monotonic clock. left: for the day, None for any
    number.
    """

    tokens: float = 1.0
    at: float = field(default_factory=time.monotonic)
    left: float | None = None


class Limiter:
    """The limits of one provider, for all lanes of a process."""

    def __init__(self, provider: Provider, *, taker: str = "") -> None:
        """taker: the name of this process among those that share the limits, if not the usual."""
        self.provider = provider
        self.is_limited = bool(provider.per_second or provider.per_day)
        self._bucket = Bucket.of(provider.per_second) if provider.per_second else None
        self._lock = threading.Lock()
        self._breaker = CircuitBreaker(min_pause_seconds=PAUSE_AFTER_FAILURE_SECONDS)
        self._client: redis.Redis | None = None
        self._taker = taker or f"{socket.gethostname()}:{os.getpid()}"
        self._takers = 1
        self._share = Share(left=provider.per_day)
        # What was sent while the broker was away, and is to be counted there.
        self._owed = 0
        self._blocked_until: dict[Urgency, float] = {}
        self._given_back: dict[Urgency, float] = {}

    def blocked_seconds(self, urgency: Urgency) -> float:
        """Return for how long no email may be sent, as far as is known without asking."""
        if not self._blocked_until:
            return 0.0
        return max(self._blocked_until.get(urgency, 0.0) - time.monotonic(), 0.0)

    def take(self, urgency: Urgency) -> float:
        """Take a token for an email; return 0, or how many seconds to wait before asking again."""
        if not self.is_limited:
            return 0.0
        with self._lock:
            if time.monotonic() < self._given_back.pop(urgency, 0.0):
                return 0.0
        wait = self.blocked_seconds(urgency)
        if wait > 0:
            return wait
        wait = self._ask(urgency)
        if wait > 0:
            until = time.monotonic() + wait
            # Others that are no more urgent need not ask.
            for each in Urgency:
                if each >= urgency:
                    self._blocked_until[each] = until
        return wait

    def give_back(self, urgency: Urgency) -> None:
        """Return a token that was taken and not used."""
        if self.is_limited:
            with self._lock:
                self._given_back[urgency] = time.monotonic() + KEPT_SECONDS

    def _ask(self, urgency: Urgency) -> float:
        if self._breaker.allows_request():
            started = time.monotonic()
            try:
                wait = self._ask_broker(urgency)
            except (redis.RedisError, OSError) as error:
                self._breaker.record_failure(after_seconds=time.monotonic() - started)
                log.warning(
                    "email_limits_by_share",
                    provider=self.provider.name,
                    share=f"1/{self._takers}",
                    error=type(error).__name__,
                )
            else:
                self._breaker.record_success()
                return wait
        return self._ask_share(urgency)

    def _ask_broker(self, urgency: Urgency) -> float:
        name = self.provider.name
        keys = [f"{PREFIX}:{what}:{name}" for what in ("bucket", "day", "takers")]
        bucket = self._bucket or Bucket(0, 1, 0)
        with self._lock:
            owed, self._owed = self._owed, 0
        values: list[Any] = [
            bucket.pace,
            bucket.size,
            bucket.kept * kept_for(urgency),
            self.provider.per_day or 0,
            self._kept_of_day(urgency),
            owed,
            self._taker,
        ]
        try:
            wait, takers, left = self._connected().eval(TAKE, len(keys), *keys, *values)
        except BaseException:
            with self._lock:
                self._owed += owed
            raise
        self._takers = max(int(takers), 1)
        if self.provider.per_day:
            self._share.left = max(int(left), 0) / self._takers
        return float(wait)

    def _ask_share(self, urgency: Urgency) -> float:
        with self._lock:
            share, now = self._share, time.monotonic()
            kept_of_day = self._kept_of_day(urgency) / self._takers
            if share.left is not None and share.left < 1 + kept_of_day:
                return PAUSE_AFTER_FAILURE_SECONDS
            if (bucket := self._bucket) is not None:
                pace = bucket.pace / self._takers
                tokens = min(bucket.size, share.tokens + (now - share.at) * pace)
                kept = bucket.kept * kept_for(urgency)
                if tokens < 1 + kept:
                    return (1 + kept - tokens) / pace
                share.tokens, share.at = tokens - 1, now
            if share.left is not None:
                share.left -= 1
                self._owed += 1
            return 0.0

    def _kept_of_day(self, urgency: Urgency) -> int:
        per_day = self.provider.per_day or 0
        return int(per_day // KEPT_PART_OF_DAY * kept_for(urgency))

    def _connected(self) -> redis.Redis:
        with self._lock:
            if self._client is None:
                self._client = redis_client(timeout_seconds=TIMEOUT_SECONDS)
            return self._client


def kept_for(urgency: Urgency) -> float:
    """Return which part of what is kept for urgent emails an email has to leave."""
    return {Urgency.URGENT: 0.0, Urgency.SOON: 0.5, Urgency.BULK: 1.0}[urgency]
