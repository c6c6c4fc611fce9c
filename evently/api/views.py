"""What all endpoints share, beyond the settings of REST framework."""

import json
import re
from typing import IO, Any, cast

from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from evently.accounts.models import User
from evently.api.openapi import ApiSchema
from evently.api.problems import LengthRequired, PreconditionRequired
from evently.api.renderers import ExactJSONRenderer
from evently.api.throttling import rate_headers
from evently.errors import EditedMeanwhile
from evently.throttle import Counted

ETAG = re.compile(r'"(\d{1,9})"')


class StrictJSONParser(BaseParser):
    """Reads UTF-8 JSON, and refuses all else as malformed, however strange."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        """Return what was sent.

        Raises ParseError; for NaN, endless nesting and halves of characters too.
        """
        try:
            parsed = json.loads(stream.read().decode(), parse_constant=_refuse_constant)
            json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not JSON in UTF-8.") from error
        return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


class ApiMixin(APIView):
    """Counts each request once, tells the limits, and keeps answers out of caches."""

    parser_classes = [StrictJSONParser]
    renderer_classes = [ExactJSONRenderer]
    schema = ApiSchema()
    http_method_names = ["get", "head", "post", "patch", "delete"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who asks for what; refuse a body whose length is not told.

        Django reads as many bytes as were announced, so what comes in chunks would count as
        empty: a cancellation of one seat as one of all of them.
        Raises LengthRequired.
        """
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers:
            raise LengthRequired

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, and count the request even where the token is no good."""
        try:
            super().perform_authentication(request)
        finally:
            super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Do nothing: the request was counted with its authentication."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers that every answer has."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        http_request: HttpRequest = request._request
        counted: Counted | None = getattr(http_request, "rate_counted", None)
        for name, value in rate_headers(counted).items() if counted else ():
            answer.headers.setdefault(name, value)
        personal = "Authorization" in request.headers
        answer.headers.setdefault("Cache-Control", "no-store" if personal else "no-cache")
        answer.headers["Vary"] = "Authorization, Accept"
        return answer


class ApiView(ApiMixin):
    """An endpoint of its own."""


class ApiViewSet(ApiMixin, GenericViewSet[Any]):
    """The endpoints of one kind of thing."""


def user_of(request: Request) -> User:
    """Return who asks, where the endpoint is not public."""
    return cast(User, request.user)


def etag_of(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def version_from(request: Request, *, current: int) -> int | None:
    """Return the version that a change was made on, out of If-Match.

    current: the version that is there now. None for `If-Match: *`, which takes whatever is
    there when the change is made.
    Raises PreconditionRequired, EditedMeanwhile.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired
    if header == "*":
        return None
    named = ETAG.fullmatch(header)
    if named is None or int(named[1]) != current:
        raise EditedMeanwhile
    return int(named[1])
