"""What all API views share, beyond the settings of REST framework."""

import json
import re
from typing import IO, Any, cast

from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from evently.accounts.models import User
from evently.accounts.operations.email_allowance import emails_wait_until
from evently.api.fields import MomentField
from evently.api.openapi import ApiSchema
from evently.api.problems import LengthRequired, PreconditionRequired
from evently.api.renderers import ExactJSONRenderer
from evently.api.throttling import rate_headers
from evently.errors import EditedMeanwhile
from evently.throttle import Counted

# Set where a change causes emails that wait until then (docs/api.md).
EMAILS_WAIT_HEADER = "Evently-Emails-Wait-Until"
ETAG = re.compile(r'"(\d{1,9})"')


class StrictJSONParser(BaseParser):
    """Reads JSON in UTF-8; anything else is malformed."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        """Return the parsed body.

        Raises ParseError, also for NaN, too deep nesting and unpaired surrogates.
        """
        try:
            parsed = json.loads(stream.read().decode(), parse_constant=_refuse_constant)
            json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not valid JSON in UTF-8.") from error
        return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


class ApiMixin(APIView):
    """Counts each request towards its rate limit, and adds headers to every response."""

    parser_classes = [StrictJSONParser]
    renderer_classes = [ExactJSONRenderer]
    schema = ApiSchema()
    http_method_names = ["get", "head", "post", "patch", "delete"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check authentication and permissions; refuse chunked bodies.

        Django reads Content-Length bytes, so a chunked body would be read as empty, and the
        cancellation of one seat as that of the whole booking.
        Raises LengthRequired.
        """
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers:
            raise LengthRequired

    def perform_authentication(self, request: Request) -> None:
        """Authenticate, and count the request even where the token is invalid."""
        try:
            super().perform_authentication(request)
        finally:
            super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Do nothing: perform_authentication has counted the request."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        http_request: HttpRequest = request._request
        counted: Counted | None = getattr(http_request, "rate_counted", None)
        for name, value in rate_headers(counted).items() if counted else ():
            answer.headers.setdefault(name, value)
        if request.method not in SAFE_METHODS:
            _tell_that_emails_wait(request, answer)
        personal = "Authorization" in request.headers
        answer.headers.setdefault("Cache-Control", "no-store" if personal else "no-cache")
        answer.headers["Vary"] = "Authorization, Accept"
        return answer


def _tell_that_emails_wait(request: Request, response: Any) -> None:
    """Say in a header until when emails about this request wait, as the address is unconfirmed."""
    # As already authenticated: where that failed, asking again would raise once more.
    user = getattr(request, "_user", None)
    if isinstance(user, User) and (until := emails_wait_until(user)):
        response.headers[EMAILS_WAIT_HEADER] = MomentField().to_representation(until)


class ApiView(ApiMixin):
    """Base of views for a single endpoint."""


class ApiViewSet(ApiMixin, GenericViewSet[Any]):
    """Base of views for the endpoints of one resource."""


def user_of(request: Request) -> User:
    """Return the authenticated user; not for public endpoints."""
    return cast(User, request.user)


def etag_of(version: int) -> str:
    return f'"{version}"'


def version_from(request: Request, *, current: int) -> int | None:
    """Return the version that a change was made on, from If-Match; None for `If-Match: *`.

    current: the version that was just read.
    Raises PreconditionRequired, EditedMeanwhile.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired
    if header == "*":
        return None
    given = ETAG.fullmatch(header)
    if given is None or int(given[1]) != current:
        raise EditedMeanwhile
    return int(given[1])
