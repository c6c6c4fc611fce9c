"""Rate limits: at most so many attempts in a window of time.

Windows are fixed and aligned to the clock, so counting is one increment and never reads the age of
a counter. Subjects (email addresses, clients) are stored as digests: the counters hold no personal
data.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.utils.crypto import salted_hmac

from evently.counters import counters
from evently.errors import Busy


class TooManyAttempts(Busy):
    """A rate limit was reached; `retry_after_seconds` says when its window ends."""

    code = "too_many_attempts"
    message = "Too many attempts. Please wait a while, then try again."


@dataclass(frozen=True)
class Limit:
    """At most `most` attempts in a window of time, for each subject."""

    name: str
    most: int
    window: timedelta

    @property
    def seconds(self) -> int:
        return int(self.window.total_seconds())


@dataclass(frozen=True)
class Counted:
    """One attempt that was counted under a limit.

    used: attempts in this window, this one included. retry_after_seconds: until the window ends.
    """

    limit: Limit
    key: str
    used: int
    retry_after_seconds: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit.most


@lru_cache(maxsize=1024)
def client_of(address: str | None) -> str | None:
    """Return the client that an IP address belongs to: an IPv4 address, or an IPv6 /64.

    One household or server has a whole /64, so single IPv6 addresses would not limit anyone.
    """
    if not address:
        return None
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64)
    return str(parsed)


def network_of(address: str | None) -> str | None:
    """Return the network that an IP address belongs to: an IPv4 /24, or an IPv6 /48.

    What one provider or host gives to a customer who wants more than one address.
    """
    client = client_of(address)
    if client is None:
        return None
    prefix = 24 if ip_address(client).version == 4 else 48
    return str(ip_network(f"{client}/{prefix}", strict=False))


def count(*attempts: tuple[Limit, str | None]) -> list[Counted]:
    """Count an attempt under each limit; a subject of None is not counted.

    Counts before it checks, so that of many simultaneous attempts only the allowed number pass.
    Raises TooManyAttempts.
    """
    counted = count_attempts(*attempts)
    exceeded = [one for one in counted if one.is_exceeded]
    if exceeded:
        raise TooManyAttempts(retry_after_seconds=max(one.retry_after_seconds for one in exceeded))
    return counted


def count_attempt(limit: Limit, subject: str) -> Counted:
    """Count an attempt under one limit, whether or not that exceeds it."""
    return count_attempts((limit, subject))[0]


def count_attempts(*attempts: tuple[Limit, str | None]) -> list[Counted]:
    """Count an attempt under each limit, whether or not that exceeds one; a subject may be None."""
    now = int(time.time())
    keys = [
        (limit, _key(limit, subject, now)) for limit, subject in attempts if subject is not None
    ]
    counts = counters.add_all([(key, limit.seconds) for limit, key in keys])
    return [
        Counted(limit, key, used, limit.seconds - now % limit.seconds)
        for (limit, key), used in zip(keys, counts, strict=True)
    ]


def _key(limit: Limit, subject: str, now: int) -> str:
    digest = salted_hmac("evently.throttle", subject, algorithm="sha256").hexdigest()
    return f"throttle:{limit.name}:{digest[:32]}:{now // limit.seconds}"


def forgive(counted: list[Counted]) -> None:
    """Uncount attempts that succeeded: only failures use up a limit."""
    for one in counted:
        counters.add(one.key, -1, seconds=one.limit.seconds)
