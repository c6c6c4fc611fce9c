"""How often somebody may try.

Windows are fixed and aligned, so a counter needs one increment and no look at its age. Subjects
(addresses, clients) are digested: the counters hold no personal data.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from django.utils.crypto import salted_hmac

from evently.counters import counters
from evently.errors import Busy


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

    @property
    def seconds(self) -> int:
        """The window's length."""
        return int(self.window.total_seconds())


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
        counters.add(one.key, -1, seconds=one.limit.seconds)


def _count(limit: Limit, subject: str) -> Counted:
    now = int(time.time())
    digest = salted_hmac("evently.throttle", subject, algorithm="sha256").hexdigest()
    key = f"throttle:{limit.name}:{digest[:32]}:{now // limit.seconds}"
    used = counters.add(key, seconds=limit.seconds)
    return Counted(limit, key, used, limit.seconds - now % limit.seconds)
