"""Turn away what no page should see, and turn refusals into pages."""

import time
from collections.abc import Callable
from contextlib import suppress

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.html import escape

from evently.errors import DomainError
from evently.http_errors import ProblemResponse, is_api, refusal_problem, retry_headers, status_of
from evently.links import LinkExpired, LinkInvalid

DRAIN_BYTES = 64 * 1024 * 1024
DRAIN_PIECE_BYTES = 64 * 1024
DRAIN_SECONDS = 5.0
# For links from emails that no longer work, the page offers to log in instead.
BROKEN_LINKS = (LinkInvalid, LinkExpired)


class RequestGuardMiddleware:
    """Refuses null bytes and oversized bodies before anything reads them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap everything but the log."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 400 or 413, or pass on."""
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path_info or "\x00" in query or "%00" in query:
            return refuse(request, 400, "null_byte", "The URL contains a null byte.")
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
        """Return the most bytes of a body; files come only to the admin, and may be larger."""
        is_upload = request.META.get("CONTENT_TYPE", "").startswith("multipart/form-data")
        if is_upload and request.path.startswith("/admin/"):
            return settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def content_length(request: HttpRequest) -> int:
    """Return the announced size of a body in bytes."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def drain(request: HttpRequest) -> None:
    """Read a body and throw it away, a piece at a time, within bounds.

    Many clients send all of it before they look at the answer: closed halfway, they would
    report a broken connection instead of our refusal.
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
    """Tells browsers what a page may load and run; in the admin, what its own scripts need."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return the strict policy, with the admin's exceptions there and nowhere else."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith("/admin/"):
            parts.replace = {**(parts.replace or {}), **settings.ADMIN_CONTENT_SECURITY_POLICY}
        return parts


class PrivateAnswersMiddleware:
    """Keeps what somebody logged in was shown out of caches, where a view says nothing itself.

    Otherwise the browser's Back button shows it to whoever sits there after they logged out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap the views."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on, and mark the answer if it was made for somebody; asks no database."""
        response = self.get_response(request)
        session = request.session
        if session.accessed and SESSION_KEY in session and "Cache-Control" not in response:
            add_never_cache_headers(response)
        return response


class RefusalMiddleware:
    """Shows a page for a refusal that a view let through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap the views."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; Django calls process_exception when a view raises."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the refusal's page, or None for anything that is no refusal."""
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
    """Return the page's HTML; a bare one where the template is missing."""
    context = {
        "refusal": refusal,
        "text": refusal.text,
        "code": refusal.code,
        "status": status_of(refusal),
        "is_broken_link": isinstance(refusal, BROKEN_LINKS),
    }
    try:
        return render_to_string("errors/refusal.html", context, request=request)
    except TemplateDoesNotExist:
        return (
            '<!doctype html><html lang="en"><title>Not possible</title>'
            f"<h1>That did not work</h1><p>{escape(refusal.text)}</p>"
            '<p><a href="/">Back to the start</a></p></html>'
        )
