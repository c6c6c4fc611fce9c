"""Every error of the API as `application/problem+json` (RFC 9457).

`code` is the contract with integrators; `detail` is a sentence for people, and may change.
"""

import json
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

from evently.api.renderers import ExactJSONEncoder
from evently.errors import DomainError
from evently.idempotency.keys import Replayed
from evently.middleware import is_api, status_of

CONTENT_TYPE = "application/problem+json"
# Python 3.11 still has the older phrases of these two.
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
UNAVAILABLE_RETRY_SECONDS = 5
# Refusals whose status HTTP itself settles: what If-Match names is no longer there.
STATUS_BY_CODE = {"edited_meanwhile": 412}

CODES: dict[type[drf.APIException], str] = {
    drf.ParseError: "malformed",
    drf.NotAuthenticated: "not_authenticated",
    drf.AuthenticationFailed: "token_invalid",
    drf.PermissionDenied: "not_allowed",
    drf.NotFound: "not_found",
    drf.MethodNotAllowed: "method_not_allowed",
    drf.NotAcceptable: "not_acceptable",
    drf.UnsupportedMediaType: "unsupported_media_type",
    drf.Throttled: "rate_limited",
}

log = structlog.get_logger(__name__)


class CursorInvalid(drf.APIException):
    """A list was asked to go on from a place that it does not know."""

    status_code = 400
    default_detail = "This cursor is not one of ours. Start again without it."
    default_code = "cursor_invalid"


class LengthRequired(drf.APIException):
    """A body comes in pieces, its length untold, so it would be read as no body at all (411)."""

    status_code = 411
    default_detail = "Send the body whole, with its Content-Length."
    default_code = "length_required"


class PreconditionRequired(drf.APIException):
    """A change did not say which version it was made on (428)."""

    status_code = 428
    default_detail = "Send If-Match with the ETag that you got, so that no other change is lost."
    default_code = "if_match_required"


class PreconditionFailed(drf.APIException):
    """If-Match names a version that is not the current one (412)."""

    status_code = 412
    default_detail = "This was changed meanwhile. Read it again, then repeat your change."
    default_code = "edited_meanwhile"


class ProblemResponse(HttpResponse):
    """An error in JSON, the same whatever the client accepts."""

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
        """Tell what went wrong.

        errors: sentences by field, `quantity` or `notify_prefs.email`. members: what else the
        code comes with, amounts as strings.
        """
        problem: dict[str, Any] = {
            "type": "about:blank",
            "title": TITLES.get(status) or HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
        }
        if errors:
            problem["errors"] = errors
        content = as_json({**members, **problem})
        super().__init__(content, status=status, content_type=CONTENT_TYPE)
        for name, value in (headers or {}).items():
            self.headers[name] = value


def as_json(value: Any) -> bytes:
    """Return a value as all answers are written."""
    text = json.dumps(value, cls=ExactJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


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
    """Return the answer to an exception; by its type, the unexpected as 500 without a trace."""
    return ProblemResponse(
        status=500,
        code="internal_error",
        detail="Something went wrong on our side. It was noted; please try again later.",
    )


@problem_of.register
def _(refusal: DomainError) -> HttpResponse:
    fields: dict[str, str] = getattr(refusal, "fields", {})
    retry_after = getattr(refusal, "retry_after_seconds", None)
    return ProblemResponse(
        status=STATUS_BY_CODE.get(refusal.code) or status_of(refusal),
        code=refusal.code,
        detail=refusal.text,
        errors={name: [sentence] for name, sentence in fields.items()},
        headers={} if retry_after is None else {"Retry-After": str(retry_after)},
        **refusal.details,
    )


@problem_of.register
def _(replayed: Replayed) -> HttpResponse:
    headers = {**replayed.headers, "Idempotent-Replayed": "true"}
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
    return ProblemResponse(status=404, code="not_found", detail="There is nothing here.")


@problem_of.register
def _(error: PermissionDenied) -> HttpResponse:
    return ProblemResponse(status=403, code="not_allowed", detail="You may not do this.")


@problem_of.register(SuspiciousOperation)
@problem_of.register(UnreadablePostError)
def _(error: Exception) -> HttpResponse:
    return ProblemResponse(status=400, code="malformed", detail="The request cannot be read.")


@problem_of.register
def _(error: RequestDataTooBig) -> HttpResponse:
    return ProblemResponse(
        status=413, code="body_too_large", detail="What was sent is larger than is taken here."
    )


@problem_of.register(OperationalError)
@problem_of.register(InterfaceError)
def _(error: Exception) -> HttpResponse:
    log.error("database unavailable", error=type(error.__cause__ or error).__name__)
    return ProblemResponse(
        status=503,
        code="unavailable",
        detail="Evently cannot reach its database right now. Please try again in a moment.",
        headers={"Retry-After": str(UNAVAILABLE_RETRY_SECONDS)},
    )


def flat_errors(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Return sentences by dotted field name; "" holds what is said of the whole."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, part in detail.items():
            is_general = name == "non_field_errors"
            inner = prefix if is_general else f"{prefix}.{name}" if prefix else str(name)
            for field, sentences in flat_errors(part, inner).items():
                found.setdefault(field, []).extend(sentences)
        return found
    if isinstance(detail, list) and any(isinstance(part, dict) for part in detail):
        return flat_errors({str(place): part for place, part in enumerate(detail)}, prefix)
    sentences = detail if isinstance(detail, list) else [detail]
    return {prefix: [str(sentence) for sentence in sentences]}


# ── Outside of the API's views ──────────────────────────────────────────────
@csrf_exempt
def not_found(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Answer an address under /api/ that leads nowhere."""
    detail = "There is nothing at this address. See /api/v1/docs/ for what there is."
    if not request.path.endswith("/"):
        detail = f"There is nothing at this address. Most end in a slash: {request.path}/"
    return ProblemResponse(status=404, code="not_found", detail=detail)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what failed outside of a view: a problem to programs, a page to people."""
    if is_api(request):
        return problem_of(Exception())
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself would not take, for an unknown host, say."""
    if is_api(request):
        return problem_of(SuspiciousOperation())
    return defaults.bad_request(request, exception)
