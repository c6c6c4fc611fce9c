"""How errors become HTTP responses, for pages and for the API.

One status for each kind of error, and one writer of `application/problem+json` (RFC 9457).
`evently.middleware` answers what pages let through, `evently.api.problems` what API views raise.
"""

from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from evently.errors import (
    Busy,
    Conflict,
    DatabaseUnavailable,
    DomainError,
    EditedMeanwhile,
    Gone,
    Invalid,
    Malformed,
    NotAllowed,
    NotFound,
    Unavailable,
)
from evently.exact_json import as_json

PROBLEM_CONTENT_TYPE = "application/problem+json"
STATUS_BY_KIND: dict[type[DomainError], int] = {
    Malformed: 400,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    Invalid: 422,
    Busy: 429,
    Unavailable: 503,
    DomainError: 400,
}
# The API names the version in If-Match, and HTTP has a status for that; a page's form does not.
API_STATUS_BY_KIND: dict[type[DomainError], int] = {EditedMeanwhile: 412, **STATUS_BY_KIND}
# No connection, a lost one, or a limit of time that no operation has named.
DATABASE_DOWN = (OperationalError, InterfaceError)
# Python 3.11 still has the older phrases of these.
TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}


def is_api(request: HttpRequest) -> bool:
    """Return whether a request expects JSON rather than a page."""
    return request.path.startswith("/api/")


def status_of(refusal: DomainError) -> int:
    """Return the status of a page that shows a refusal."""
    return _first_match(refusal, STATUS_BY_KIND)


def retry_headers(refusal: DomainError) -> dict[str, str]:
    """Return Retry-After for a refusal that may succeed later, or nothing."""
    seconds = refusal.retry_after_seconds
    return {} if seconds is None else {"Retry-After": str(seconds)}


def title_of(status: int) -> str:
    """Return the reason phrase of a status, as RFC 9110 has it."""
    return TITLES.get(status) or HTTPStatus(status).phrase


def problem_document(*, status: int, code: str, detail: str) -> dict[str, Any]:
    """Return the members that every problem has."""
    return {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "code": code,
    }


def unavailable_page() -> HttpResponse:
    """Return the page for a database that gives no answer."""
    refusal = DatabaseUnavailable()
    page = render_to_string("503.html")
    return HttpResponse(page, status=status_of(refusal), headers=retry_headers(refusal))


class ProblemResponse(HttpResponse):
    """A problem document, whatever the client accepts."""

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        errors: dict[str, list[str]] | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        """Write a problem.

        errors: sentences by field, such as `quantity` or `notify_prefs.email`. members: further
        values that belong to the code; amounts are written as strings.
        """
        problem = problem_document(status=status, code=code, detail=detail)
        if errors:
            problem["errors"] = errors
        super().__init__(
            as_json({**members, **problem}),
            status=status,
            content_type=PROBLEM_CONTENT_TYPE,
            headers=headers,
        )


def refusal_problem(refusal: DomainError) -> ProblemResponse:
    """Return the problem document of a refusal."""
    fields: dict[str, str] = getattr(refusal, "fields", {})
    return ProblemResponse(
        status=_first_match(refusal, API_STATUS_BY_KIND),
        code=refusal.code,
        detail=refusal.text,
        errors={name: [sentence] for name, sentence in fields.items()},
        headers=retry_headers(refusal),
        **refusal.details,
    )


def _first_match(refusal: DomainError, statuses: dict[type[DomainError], int]) -> int:
    return next(status for kind, status in statuses.items() if isinstance(refusal, kind))
