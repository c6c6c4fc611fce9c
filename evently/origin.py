"""Where a request comes from: the one place that reads a client's address.

Rate limits, the log of booking attempts, request logs, health, metrics and the development guard
all ask here. Proxies' headers count only from TRUSTED_PROXIES (`evently.proxies`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from evently import proxies

USER_AGENT_LENGTH = 300
# What proxies and tunnels add to a request, apart from X-Forwarded-*.
FORWARDING_HEADERS = frozenset(
    {
        "HTTP_FORWARDED",
        "HTTP_VIA",
        "HTTP_X_REAL_IP",
        "HTTP_X_CLIENT_IP",
        "HTTP_X_CLUSTER_CLIENT_IP",
        "HTTP_X_ORIGINAL_FORWARDED_FOR",
        "HTTP_X_ORIGINAL_HOST",
        "HTTP_TRUE_CLIENT_IP",
        "HTTP_CF_CONNECTING_IP",
        "HTTP_FASTLY_CLIENT_IP",
        "HTTP_FLY_CLIENT_IP",
    }
)


@dataclass(frozen=True)
class Origin:
    ip_address: str | None = None
    user_agent: str = ""


def peer_of(request: HttpRequest) -> str:
    """Return the address of the other end of the connection; "" for a Unix socket."""
    return str(request.META.get("REMOTE_ADDR", ""))


def _forwarded(request: HttpRequest) -> proxies.Forwarded:
    """Return what the trusted proxies say; read once for the limits, the log and the operation."""
    read: proxies.Forwarded | None = vars(request).get("evently_forwarded")
    if read is None:
        trusted: proxies.TrustedProxies = settings.TRUSTED_PROXIES
        read = trusted.read(
            peer=peer_of(request), forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", "")
        )
        vars(request)["evently_forwarded"] = read
    return read


def client_address(request: HttpRequest) -> str | None:
    """Return the client's IP address, as the nearest proxies that are trusted give it."""
    client = _forwarded(request).client
    return str(client) if client else None


def is_forwarded(request: HttpRequest) -> bool:
    """Return whether a request shows signs of a proxy.

    HTTP/1.0 is one: nginx uses it towards its upstream, where it is not told otherwise.
    """
    meta = request.META
    return (
        meta.get("SERVER_PROTOCOL") == "HTTP/1.0"
        or any(name.startswith("HTTP_X_FORWARDED") for name in meta)
        or not FORWARDING_HEADERS.isdisjoint(meta)
    )


def is_from_this_machine(request: HttpRequest) -> bool:
    """Return whether a request comes from this machine, and through no proxy on it."""
    return proxies.is_loopback(peer_of(request)) and not is_forwarded(request)


def origin_of(request: HttpRequest) -> Origin:
    """Return the client's address and user agent."""
    agent = request.META.get("HTTP_USER_AGENT", "").replace("\x00", "")[:USER_AGENT_LENGTH]
    return Origin(ip_address=client_address(request), user_agent=agent)


class ForwardedSchemeMiddleware:
    """Leaves X-Forwarded-Proto only as trusted proxies wrote it, for SECURE_PROXY_SSL_HEADER."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_FORWARDED_PROTO")
        # Without trusted proxies nothing reads the header, and it stays: a sign of a proxy.
        if given is not None and settings.TRUSTED_PROXIES:
            scheme = proxies.scheme_of(given, hops=_forwarded(request).hops)
            request.META["HTTP_X_FORWARDED_PROTO"] = scheme or "http"
        return self.get_response(request)
