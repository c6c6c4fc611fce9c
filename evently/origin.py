"""The IP address and user agent of a request, for the log of booking attempts and rate limits."""

from dataclasses import dataclass
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

USER_AGENT_LENGTH = 300


@dataclass(frozen=True)
class Origin:
    ip_address: str | None = None
    user_agent: str = ""


def origin_of(request: HttpRequest) -> Origin:
    """Return the origin of a request; behind a trusted proxy, that of the forwarded client."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        # The proxy appends its peer; a client can put anything before that.
        address = forwarded.rsplit(",", 1)[-1].strip() or address
    try:
        address = str(ip_address(address))
    except ValueError:
        address = ""
    agent = request.META.get("HTTP_USER_AGENT", "").replace("\x00", "")[:USER_AGENT_LENGTH]
    return Origin(ip_address=address or None, user_agent=agent)
