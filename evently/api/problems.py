"""Every error of the API as a problem document (`evently.http_errors`).

`code` is the contract with integrators; `detail` is for people, and may change.
"""

import sys
from functools import singledispatch
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as drf

from evently.errors import DatabaseUnavailable, DomainError, Malformed, NotAllowed, NotFound
from evently.exact_json import as_json
from evently.http_errors import (
    DATABASE_DOWN,
    ProblemResponse,
    is_api,
    refusal_problem,
    unavailable_page,
)
from evently.idempotency.keys import Replayed

REPLAYED_HEADER = "Idempotent-Replayed"

CODES: dict[type[drf.APIException], str] = {
    drf.ParseError: Malformed.code,
    drf.NotAuthenticated: "not_authenticated",
    drf.AuthenticationFailed: "token_invalid",
    drf.PermissionDenied: NotAllowed.code,
    drf.NotFound: NotFound.code,
    drf.MethodNotAllowed: "method_not_allowed",
    drf.NotAcceptable: "not_acceptable",
    drf.UnsupportedMediaType: "unsupported_media_type",
    drf.Throttled: "rate_limited",
}

log = structlog.get_logger(__name__)


class LengthRequired(drf.APIException):
    """A chunked body has no Content-Length, and would be read as no body at all (411)."""

    status_code = 411
    default_detail = "Send the body in one piece, with a Content-Length."
    default_code = "length_required"


class PreconditionRequired(drf.APIException):
    """A change does not name the version that it was made on (428)."""

    status_code = 428
    default_detail = "Send If-Match with the ETag that you received, so that no change is lost."
    default_code = "if_match_required"


def problem_response(exception: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer any exception of an API view (REST framework's EXCEPTION_HANDLER)."""
    response = problem_of(exception)
    if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        request = context.get("request")
        log.error("api request failed", error=type(exception).__name__, exc_info=exception)
        got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    return response


@singledispatch
def problem_of(exception: Exception) -> HttpResponse:
    """Return the response to an exception, by its type.

    An unexpected exception is a 500 that shows nothing of its text or traceback.
    """
    return ProblemResponse(
        status=500,
        code="internal_error",
        detail="Something went wrong on our side and has been logged. Please try again later.",
    )


@problem_of.register
def _(refusal: DomainError) -> HttpResponse:
    return refusal_problem(refusal)


@problem_of.register
def _(replayed: Replayed) -> HttpResponse:
    headers = {**replayed.headers, REPLAYED_HEADER: "true"}
    if replayed.answer is None:
        response = HttpResponse(status=replayed.status, headers=headers)
        del response.headers["Content-Type"]
        return response
    return HttpResponse(
        as_json(replayed.answer),
        status=replayed.status,
        content_type="application/json",
        headers=headers,
    )


@problem_of.register
def _(error: drf.APIException) -> HttpResponse:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, int(wait)))
    code = CODES.get(type(error))
    if code is None:
        code = str(getattr(error, "default_code", "refused"))
    return ProblemResponse(
        status=error.status_code, code=code, detail=str(error.detail), headers=headers
    )


@problem_of.register
def _(error: drf.ValidationError) -> HttpResponse:
    errors = flat_errors(error.detail)
    general = errors.pop("", None)
    detail = general[0] if general else "Please check: " + ", ".join(errors) + "."
    return ProblemResponse(status=422, code="invalid", detail=detail, errors=errors)


@problem_of.register
def _(error: Http404) -> HttpResponse:
    return refusal_problem(NotFound())


@problem_of.register
def _(error: PermissionDenied) -> HttpResponse:
    return refusal_problem(NotAllowed())


@problem_of.register(SuspiciousOperation)
@problem_of.register(UnreadablePostError)
def _(error: Exception) -> HttpResponse:
    return refusal_problem(Malformed())


@problem_of.register
def _(error: RequestDataTooBig) -> HttpResponse:
    return ProblemResponse(
        status=413, code="body_too_large", detail="The body of the request is too large."
    )


@problem_of.register(OperationalError)
@problem_of.register(InterfaceError)
def _(error: Exception) -> HttpResponse:
    log.error("database unavailable", error=type(error.__cause__ or error).__name__)
    return refusal_problem(DatabaseUnavailable())


def flat_errors(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Return sentences by dotted field name; "" holds those about the request as a whole."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, part in detail.items():
            is_general = name == "non_field_errors"
            inner = prefix if is_general else f"{prefix}.{name}" if prefix else str(name)
            for field, sentences in flat_errors(part, inner).items():
                found.setdefault(field, []).extend(sentences)
        return found
    if isinstance(detail, list) and any(isinstance(part, dict) for part in detail):
        return flat_errors({str(index): part for index, part in enumerate(detail)}, prefix)
    sentences = detail if isinstance(detail, list) else [detail]
    return {prefix: [str(sentence) for sentence in sentences]}


# ── Outside the API's views ──────────────────────────────────────────────
@csrf_exempt
def not_found(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Answer an unknown URL under /api/."""
    detail = "There is no such endpoint. /api/v1/docs/ lists all endpoints."
    if not request.path.endswith("/"):
        detail = f"There is no such endpoint. Endpoints end in a slash: {request.path}/"
    return refusal_problem(NotFound(detail))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a failure outside a view: a problem document in the API, a page elsewhere."""
    error = sys.exc_info()[1]
    if is_api(request):
        return problem_of(error if isinstance(error, DATABASE_DOWN) else Exception())
    if isinstance(error, DATABASE_DOWN):
        return unavailable_page()
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refuses, for example for an unknown host."""
    if is_api(request):
        return refusal_problem(Malformed())
    return defaults.bad_request(request, exception)
