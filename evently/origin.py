"""Where a request came from, for the log of attempts."""

from dataclasses import dataclass
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

USER_AGENT_LENGTH = 300


@dataclass(frozen=True)
class Origin:
    """Address and user agent of whoever asks."""

    ip_address: str | None = None
    user_agent: str = ""


def origin_of(request: HttpRequest) -> Origin:
    """Return where a request came from; behind a trusted proxy, whom it forwarded for."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        # The proxy appends the peer it saw; what stands before it, anybody can write.
        address = forwarded.rsplit(",", 1)[-1].strip() or address
    try:
        address = str(ip_address(address))
    except ValueError:
        address = ""
    agent = request.META.get("HTTP_USER_AGENT", "").replace("\x00", "")[:USER_AGENT_LENGTH]
    return Origin(ip_address=address or None, user_agent=agent)
