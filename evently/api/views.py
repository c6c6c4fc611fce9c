"""What all API views share, beyond the settings of REST framework."""

import json
from collections.abc import Mapping, Sequence
from typing import IO, Any, ClassVar, cast

from django.http import HttpRequest
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from evently.accounts.models import User
from evently.accounts.operations.email_allowance import emails_wait_until
from evently.api.etags import with_etag
from evently.api.fields import MomentField
from evently.api.openapi import ApiSchema
from evently.api.openapi_sharing import EMAILS_WAIT_HEADER
from evently.api.permissions import operation_of
from evently.api.problems import LengthRequired
from evently.api.renderers import ExactJSONRenderer, Negotiation
from evently.api.strictness import StrictBody, refuse_fields, refuse_parameters
from evently.api.throttling import rate_headers
from evently.throttle import Counted


class StrictJSONParser(BaseParser):
    """Reads JSON in UTF-8; anything else is malformed."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        """Return the parsed body.

        Raises ParseError, also for NaN, too deep nesting, unpaired surrogates and a field that is
        sent twice, of which one would be ignored.
        """
        try:
            parsed = json.loads(
                stream.read().decode(),
                parse_constant=_refuse_constant,
                object_pairs_hook=_fields,
            )
            json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not valid JSON in UTF-8.") from error
        return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ParseError("The body has the same field twice.")
    return fields


class ApiMixin(APIView):
    """Counts each request towards its rate limit, refuses what it does not know, adds headers.

    A view declares by action, or by lower-case method where it has no actions: `bodies`, the
    serializers of the bodies that it takes, and `parameters`, the query parameters apart from the
    filters and pages of a list.
    """

    bodies: ClassVar[Mapping[str, type[StrictBody]]] = {}
    parameters: ClassVar[Mapping[str, Sequence[OpenApiParameter]]] = {}

    parser_classes = [StrictJSONParser]
    renderer_classes = [ExactJSONRenderer]
    content_negotiation_class = Negotiation
    schema = ApiSchema()
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check authentication and permissions; refuse chunked bodies and unknown fields.

        Django reads Content-Length bytes, so a chunked body would be read as empty, and the
        cancellation of one seat as that of the whole booking.
        Raises LengthRequired, UnknownParameter, ValidationError.
        """
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers:
            raise LengthRequired
        operation = operation_of(self, request)
        if operation is None:
            return  # an unsupported method gets its 405 later
        refuse_parameters(request, self.known_parameters(operation))
        if operation not in self.bodies:
            refuse_fields(request)

    def known_parameters(self, operation: str) -> set[str]:
        """Return the names of the query parameters that an operation takes."""
        return {parameter.name for parameter in self.parameters.get(operation, ())}

    def body_of(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Return the valid body of a request, by the serializer of the view's `bodies`.

        args, kwargs: for the serializer. Raises ValidationError.
        """
        serializer: Any = self.bodies[operation_of(self, request) or ""]
        body = serializer(*args, data=request.data, **kwargs)
        body.is_valid(raise_exception=True)
        return body

    def perform_authentication(self, request: Request) -> None:
        """Authenticate, and count the request even where the token is invalid.

        Not where the database is down: counting would ask for the token again, and wait as long.
        """
        try:
            super().perform_authentication(request)
        except APIException:
            super().check_throttles(request)
            raise
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
        return with_etag(request, answer)


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

    def known_parameters(self, operation: str) -> set[str]:
        names = super().known_parameters(operation)
        if operation != "list":
            return names
        filters = getattr(self, "filterset_class", None) if self.filter_backends else None
        pages: Any = self.paginator
        return {
            *names,
            *(filters.base_filters if filters else ()),
            *(one["name"] for one in pages.get_schema_operation_parameters(self)),
        }


def user_of(request: Request) -> User:
    """Return the authenticated user; not for public endpoints."""
    return cast(User, request.user)
