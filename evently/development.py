"""Development mode answers this machine only: its logins are public and its mailbox is open.

Requests through a proxy are refused on every path. With DEVELOPMENT_ALLOWS=BIND, a phone in the
local network may try the site, as visitor and attendee: without the pages for organizers and
developers, the API, and error pages with code.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from evently.configuration import is_this_machine
from evently.http_errors import ProblemResponse, is_api
from evently.origin import is_forwarded, is_from_this_machine, peer_of
from evently.proxies import is_local_network, parse_address

# What a phone in the local network does not get.
LOCAL_PATHS = ("/admin/", "/api/", "/dev/", "/metrics")
REFUSED = (
    "This Evently runs in development mode, which answers this machine only, and no proxy. To run "
    "a public site, set DEBUG=false and what .env.example marks with (!).\n"
)

log = structlog.get_logger(__name__)


class DevelopmentGuardMiddleware:
    """Refuses, in development mode, what does not come straight from this machine."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.DEBUG and not (_is_ours(request) or _is_neighbour(request)):
            return refused(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse organizers in the local network: the demo organizer's password is public."""
        if settings.DEBUG and not is_from_this_machine(request):
            user = getattr(request, "user", None)
            if user is not None and (user.is_staff or user.is_superuser):
                return refused(request)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Show no code and no settings to the local network."""
        if settings.DEBUG and not is_from_this_machine(request):
            log.error("request failed", exc_info=exception)
            return HttpResponse("Something went wrong.\n", status=500, content_type="text/plain")
        return None


def refused(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return ProblemResponse(status=403, code="development_mode", detail=REFUSED.strip())
    return HttpResponse(REFUSED, status=403, content_type="text/plain; charset=utf-8")


def _is_ours(request: HttpRequest) -> bool:
    """Return whether a request is from this machine, and addressed to it.

    A page of another site can reach this machine under a name of its own (DNS rebinding).
    """
    return is_from_this_machine(request) and _is_addressed_to_us(request)


def _is_addressed_to_us(request: HttpRequest) -> bool:
    host = urlsplit(f"//{request.META.get('HTTP_HOST', '') or 'localhost'}").hostname or ""
    return (
        is_this_machine(host)
        or parse_address(host) is not None
        or host in {urlsplit(settings.PUBLIC_URL).hostname, *settings.ALLOWED_HOSTS}
    )


def _is_neighbour(request: HttpRequest) -> bool:
    """Return whether a request may come from the local network."""
    return (
        "BIND" in settings.DEVELOPMENT_ALLOWS
        and is_local_network(peer_of(request))
        and not is_forwarded(request)
        and _is_addressed_to_us(request)
        and not request.path_info.startswith(LOCAL_PATHS)
    )
