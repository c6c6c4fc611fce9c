"""Refuse malformed requests before any view runs, and turn refusals into pages."""

import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.functional import cached_property
from django.utils.html import escape

from evently import page_kinds
from evently.database import watch
from evently.errors import DatabaseUnavailable, DomainError, Unavailable
from evently.http_errors import (
    DATABASE_DOWN,
    ProblemResponse,
    is_api,
    refusal_problem,
    retry_headers,
    status_of,
    unavailable_page,
)
from evently.links import LinkExpired, LinkInvalid

# Gunicorn reads up to 8190, so that this answers most longer URLs (evently/supervisor).
LONGEST_URL = 4000
DRAIN_BYTES = 64 * 1024 * 1024
DRAIN_PIECE_BYTES = 64 * 1024
DRAIN_SECONDS = 5.0
# For links from emails that no longer work, the page offers to log in instead.
BROKEN_LINKS = (LinkInvalid, LinkExpired)
# Would echo headers, or connect to another host, where a server supports them.
NOT_SUPPORTED = frozenset({"TRACE", "TRACK", "CONNECT"})
WITHOUT_DATABASE = frozenset({"/healthz", "/readyz", "/metrics"})

log = structlog.get_logger(__name__)


class RequestGuardMiddleware:
    """Refuses what is malformed, before anything reads it; over http, also the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path_info or "\x00" in query or "%00" in query:
            return refuse(request, 400, "null_byte", "The URL contains a null byte.")
        if len(request.path_info) + len(query) > LONGEST_URL:
            detail = f"The URL is longer than {LONGEST_URL} characters."
            return refuse(request, 414, "url_too_long", detail)
        # The API refuses them itself, and says which methods a URL has.
        if request.method in NOT_SUPPORTED and not is_api(request):
            return refuse(request, 405, "method_not_allowed", "That method is not supported.")
        if is_api(request) and settings.SECURE_SSL_REDIRECT and not request.is_secure():
            detail = "The API is for https only. Revoke the token if you have sent one."
            return refuse(request, 403, "https_required", detail)
        if is_api(request) and not has_known_host(request):
            detail = "The Host header names no host of this site."
            return refuse(request, 400, "malformed", detail)
        limit = self.limit_of(request)
        if limit is not None and content_length(request) > limit:
            drain(request)
            return refuse(
                request,
                413,
                "body_too_large",
                f"The body of the request is larger than the limit of {limit // 1024} KB.",
            )
        return self.get_response(request)

    @staticmethod
    def limit_of(request: HttpRequest) -> int | None:
        """Return the size limit of a body in bytes; only the admin accepts files, with more."""
        is_upload = request.META.get("CONTENT_TYPE", "").startswith("multipart/form-data")
        if is_upload and request.path.startswith("/admin/"):
            return settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def has_known_host(request: HttpRequest) -> bool:
    """Return whether the Host header is one that Django accepts (ALLOWED_HOSTS)."""
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def content_length(request: HttpRequest) -> int:
    """Return the declared size of a body in bytes; 0 where it is missing or no number."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def drain(request: HttpRequest) -> None:
    """Read a body and discard it, in pieces, within limits of size and time.

    Many clients send the whole body before they read the response: if the connection were closed
    halfway, they would report a broken connection instead of our error.
    """
    if content_length(request) > DRAIN_BYTES:
        return
    deadline = time.monotonic() + DRAIN_SECONDS
    with suppress(OSError):
        while time.monotonic() < deadline and request.read(DRAIN_PIECE_BYTES):
            pass


def refuse(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """Answer before any view runs: a problem document in the API, plain text elsewhere."""
    if is_api(request):
        return ProblemResponse(status=status, code=code, detail=detail)
    return HttpResponse(detail + "\n", status=status, content_type="text/plain; charset=utf-8")


class PolicyMiddleware(CSPMiddleware):
    """Adds the Content-Security-Policy; the admin's scripts need a wider one.

    It is the same for all responses of one kind, apart from those whose view has one of its own, so
    it is put together once.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_admin = request.path.startswith("/admin/")
        is_ordinary = (
            HEADER not in response
            and not any(name.startswith("_csp") for name in vars(response))
            and not hasattr(request, "_csp_nonce")
        )
        if not is_ordinary or settings.DEBUG:
            return super().process_response(request, response)
        if is_admin not in self._policies:
            super().process_response(request, response)
            self._policies[is_admin] = response.get(HEADER, "")
        elif self._policies[is_admin]:
            response[HEADER] = self._policies[is_admin]
        return response

    @cached_property
    def _policies(self) -> dict[bool, str]:
        return {}

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        has_own = hasattr(response, "_csp_config")
        if request.path.startswith("/admin/") and not has_own:
            parts.replace = {**(parts.replace or {}), **settings.ADMIN_CONTENT_SECURITY_POLICY}
        return parts


class PrivateAnswersMiddleware:
    """Keeps private pages out of caches, search engines and other sites' logs (`page_kinds`).

    Pages shown to a logged-in user are kept out of caches, too, unless the view sets Cache-Control:
    on a shared computer, the Back button would show them after the user logged out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        session = request.session
        # Not request.user, which would load the user: a query more on every page.
        logged_in = session.accessed and SESSION_KEY in session
        if logged_in and "Cache-Control" not in response:
            add_never_cache_headers(response)
        if request.resolver_match is not None:
            protect(response, request.resolver_match.url_name, logged_in=logged_in)
        return response


def protect(response: HttpResponseBase, url_name: str | None, *, logged_in: bool) -> None:
    """Add the headers that pages of this URL name need.

    A visitor's redirect, to the login page, may lack no-store: it holds no personal data.
    """
    if not page_kinds.is_indexed(url_name):
        response.headers["X-Robots-Tag"] = "noindex"
    if not page_kinds.is_private(url_name):
        return
    # Not no-referrer: browsers would send the page's forms with the origin `null`, which the CSRF
    # check must refuse.
    response.headers["Referrer-Policy"] = "same-origin"
    is_redirect = 300 <= response.status_code < 400
    if (logged_in or not is_redirect) and "no-store" not in response.get("Cache-Control", ""):
        add_never_cache_headers(response)


class DatabaseGuardMiddleware:
    """Answers 503 while the database gives no answer; what needs none is answered all the same."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if watch.is_down() and request.path not in WITHOUT_DATABASE:
            return database_unavailable(request)
        return self.get_response(request)


def database_unavailable(request: HttpRequest) -> HttpResponse:
    """Return a problem document in the API, elsewhere a page that itself needs no database."""
    return refusal_problem(DatabaseUnavailable()) if is_api(request) else unavailable_page()


class RefusalMiddleware:
    """Answers a refusal that a view did not handle, with a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the response to a refusal; None leaves any other exception to Django."""
        if isinstance(exception, DATABASE_DOWN):
            log.error("database unavailable", error=type(exception.__cause__ or exception).__name__)
            return database_unavailable(request)
        if not isinstance(exception, DomainError):
            return None
        if is_api(request):
            return refusal_problem(exception)
        return HttpResponse(
            refusal_page(request, exception),
            status=status_of(exception),
            headers=retry_headers(exception),
        )


def refusal_page(request: HttpRequest, refusal: DomainError) -> str:
    """Return the HTML of the page, a bare one where the template is missing."""
    context = {
        "refusal": refusal,
        "text": refusal.text,
        "code": refusal.code,
        "status": status_of(refusal),
        "is_broken_link": isinstance(refusal, BROKEN_LINKS),
    }
    try:
        return render_to_string("errors/refusal.html", context, request=request)
    except (TemplateDoesNotExist, Unavailable):
        # Unavailable: the user's name, which the page shows, cannot be opened.
        return (
            '<!doctype html><html lang="en"><title>Not possible</title>'
            f"<h1>That did not work</h1><p>{escape(refusal.text)}</p>"
            '<p><a href="/">All events</a></p></html>'
        )
