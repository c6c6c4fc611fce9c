"""How often somebody may try: counted in the cache, and in this process while that is down.

Windows are fixed and aligned, so a counter needs one increment and no look at its age. Subjects
(addresses, clients) are digested: the cache holds no personal data.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache
from django.utils.crypto import salted_hmac

from evently.errors import Busy

# After the cache failed, this process counts by itself for so long before it asks again.
CACHE_PAUSE_SECONDS = 5.0
LOCAL_COUNTERS = 20_000


class TooManyAttempts(Busy):
    """Somebody tried too often; the answer says when to come back."""

    code = "too_many_attempts"
    message = "There were too many attempts. Please wait a while, then try again."


@dataclass(frozen=True)
class Limit:
    """At most so many in a window of time, for each subject."""

    name: str
    most: int
    window: timedelta


@dataclass(frozen=True)
class Counted:
    """One attempt that was counted under a limit."""

    limit: Limit
    key: str
    used: int
    retry_after_seconds: int


def client_of(address: str | None) -> str | None:
    """Return what counts as one client: an IPv4 address, or the /64 that a household has."""
    if not address:
        return None
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64)
    return str(parsed)


def count(*attempts: tuple[Limit, str | None]) -> list[Counted]:
    """Count an attempt under each limit; a subject of None is not counted.

    Counting comes before the check, so that a hundred attempts at once do not all pass.
    Raises TooManyAttempts, which says when to come back.
    """
    counted = [_count(limit, subject) for limit, subject in attempts if subject is not None]
    over = [one for one in counted if one.used > one.limit.most]
    if over:
        raise TooManyAttempts(retry_after_seconds=max(one.retry_after_seconds for one in over))
    return counted


def forgive(counted: list[Counted]) -> None:
    """Take back attempts that turned out to be in order."""
    for one in counted:
        _counters.add(one.key, -1, one.limit.window)


def _count(limit: Limit, subject: str) -> Counted:
    seconds = int(limit.window.total_seconds())
    now = int(time.time())
    digest = salted_hmac("evently.accounts.throttle", subject, algorithm="sha256").hexdigest()
    key = f"throttle:{limit.name}:{digest[:32]}:{now // seconds}"
    return Counted(limit, key, _counters.add(key, 1, limit.window), seconds - now % seconds)


class _Counters:
    """Counters in the cache, or here while the cache does not answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._local: dict[str, tuple[int, float]] = {}
        self._paused_until = 0.0

    def add(self, key: str, change: int, window: timedelta) -> int:
        """Return the counter after the change."""
        if time.monotonic() >= self._paused_until:
            value = self._in_cache(key, change, int(window.total_seconds()))
            if value is not None:
                return value
            self._paused_until = time.monotonic() + CACHE_PAUSE_SECONDS
        return self._here(key, change, window.total_seconds())

    @staticmethod
    def _in_cache(key: str, change: int, seconds: int) -> int | None:
        for _ in range(2):
            try:
                cache.add(key, 0, timeout=seconds)
                value = cache.incr(key, change)
            except ValueError:
                continue  # It ran out between the two.
            except OSError:
                return None
            # The cache keeps quiet about a broker that is down, and answers None.
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        return None

    def _here(self, key: str, change: int, seconds: float) -> int:
        now = time.monotonic()
        with self._lock:
            if len(self._local) >= LOCAL_COUNTERS:
                self._local = dict(self._unexpired(now))
            value, ends = self._local.get(key, (0, now + seconds))
            self._local[key] = (value + change, ends)
            return value + change

    def _unexpired(self, now: float) -> Iterator[tuple[str, tuple[int, float]]]:
        """Yield the newer half at most, so that a flood cannot fill the memory."""
        alive = [item for item in self._local.items() if item[1][1] > now]
        yield from alive[-LOCAL_COUNTERS // 2 :]

    def reset(self) -> None:
        """Forget what was counted in this process (tests)."""
        with self._lock:
            self._local.clear()
            self._paused_until = 0.0


_counters = _Counters()
