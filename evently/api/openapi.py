"""The OpenAPI document: what all operations have in common."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from evently.api.permissions import ANY, ORGANIZE, PUBLIC, scope_of
from evently.api.problems import REPLAYED_HEADER
from evently.http_errors import PROBLEM_CONTENT_TYPE
from evently.idempotency.keys import HEADER as IDEMPOTENCY_HEADER
from evently.idempotency.keys import KEY_LENGTH

JSON_BODY = frozenset({"POST", "PUT", "PATCH"})
GENERAL_CODES: dict[int, tuple[str, ...]] = {
    400: ("unknown_parameter", "null_byte"),
    401: ("not_authenticated", "token_invalid"),
    403: ("scope_missing",),
    404: ("not_found",),
    406: ("not_acceptable",),
    411: ("length_required",),
    412: ("edited_meanwhile",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    422: ("invalid",),
    428: ("if_match_required",),
    429: ("rate_limited", "event_busy"),
    503: ("unavailable",),
}
IDEMPOTENCY_CODES = {
    409: ("request_in_progress",),
    422: ("idempotency_mismatch", "idempotency_key_invalid"),
}

IDEMPOTENCY_KEY = OpenApiParameter(
    IDEMPOTENCY_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        f"1 to {KEY_LENGTH} printable characters of your choice. Repeating a request with its key "
        f"returns the first successful response again, with `{REPLAYED_HEADER}: true`. An error "
        "does not use up the key."
    ),
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="The `ETag` that you received; `*` matches any version. Compared by its version, "
    "the number that it starts with: sales since then do not matter.",
)
IF_MATCH_OPTIONAL = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The `ETag` that you received: refused if there is another version by now. Left "
    "out, it is done whatever the version.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The `ETag` of the body you have: the answer is 304 while it is the same.",
)


class ProblemRepresentation(serializers.Serializer[Any]):
    """An error (RFC 9457). `code` is stable; `detail` is for people and may change."""

    type = serializers.CharField(default="about:blank")
    title = serializers.CharField(help_text="The reason phrase of the status.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What went wrong, and what to do next.")
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Messages by field, where values of the request are invalid.",
    )
    scope = serializers.CharField(
        required=False, help_text="With `scope_missing`: the scope that the operation needs."
    )
    current_price = serializers.CharField(
        required=False, help_text="With `price_changed`: the price per seat now."
    )
    seen_price = serializers.CharField(
        required=False, help_text="With `price_changed`: the price per seat that you sent."
    )
    quoted_quantity = serializers.IntegerField(
        required=False, help_text="With `quote_invalid`: how many seats the quote is for."
    )
    quoted_price = serializers.CharField(
        required=False, help_text="With `quote_invalid`: the quoted price per seat."
    )
    version = serializers.IntegerField(
        required=False, help_text="With `edited_meanwhile`: the current version."
    )


class BearerScheme(OpenApiAuthenticationExtension):
    """Describes the token, and the scope that each operation needs."""

    target_class = "evently.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from `POST /api/v1/auth/token/` or from your account page.",
        }

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        """Return the scope that an operation needs; a public operation needs no token."""
        scope = needed_scope(auto_schema)
        if scope is PUBLIC:
            return [{}, {"bearer": []}]
        return [{"bearer": [] if scope == ANY else [scope]}]


def needed_scope(auto_schema: AutoSchema) -> str | None:
    """Return the scope that the described operation needs, as `scope_of` does."""
    view = auto_schema.view
    action = getattr(view, "action", None) or auto_schema.method.lower()
    return scope_of(view, action, auto_schema.method)


class ApiSchema(AutoSchema):
    """Adds to each operation the headers it reads and the errors it may return.

    A view declares `idempotent = {"create"}`, `versioned = {"partial_update"}` (or
    `versioned_if_sent`, where If-Match may be left out) and
    `refusals = {"create": {409: ("sold_out",)}}`, by action or lower-case method.
    """

    @property
    def action(self) -> str:
        """The described action, or the method where the view has none."""
        action: str = getattr(self.view, "action", None) or self.method.lower()
        return action

    def get_request_serializer(self) -> Any:
        """Return the serializer of the body, from the view's `bodies`; None for no body."""
        return getattr(self.view, "bodies", {}).get(self.action)

    def get_summary(self) -> str:
        """Return the first sentence of what the operation does."""
        return re.split(r"[.:;]", self.get_description(), maxsplit=1)[0]

    def get_override_parameters(self) -> list[Any]:
        """Return the headers of the operation's requests and responses."""
        parameters = list(super().get_override_parameters())
        parameters += getattr(self.view, "parameters", {}).get(self.action, ())
        if self.action in getattr(self.view, "idempotent", ()):
            parameters.append(IDEMPOTENCY_KEY)
        if self.action in getattr(self.view, "versioned", ()):
            parameters.append(IF_MATCH)
        if self.action in getattr(self.view, "versioned_if_sent", ()):
            parameters.append(IF_MATCH_OPTIONAL)
        if self.method == "GET":
            parameters.append(IF_NONE_MATCH)
        return parameters

    def codes(self) -> dict[int, tuple[str, ...]]:
        """Return the error codes that the operation may return, by status."""
        codes: dict[int, tuple[str, ...]] = {}
        for status in self._general_statuses():
            codes[status] = GENERAL_CODES[status]
        if needed_scope(self) == ORGANIZE:
            codes[403] = (*codes[403], "organizers_only")
        if self._is_list_view():
            codes[400] = ("cursor_invalid", *codes[400])
        if 415 in codes:
            codes[400] = ("malformed", *codes[400])
        extra = [getattr(self.view, "refusals", {}).get(self.action, {})]
        if self.action in getattr(self.view, "idempotent", ()):
            extra.append(IDEMPOTENCY_CODES)
        for refusals in extra:
            for status, names in refusals.items():
                codes[status] = (*codes.get(status, ()), *names)
        return dict(sorted(codes.items()))

    def _general_statuses(self) -> list[int]:
        statuses = [400, 401, 406, 422, 429, 503]
        if needed_scope(self) not in (PUBLIC, ANY):
            statuses.append(403)
        if "{" in self.path:
            statuses.append(404)
        if self.method in JSON_BODY:
            statuses += [411, 413]
            if self.get_request_serializer() is not None:
                statuses += [415]
        if self.action in getattr(self.view, "versioned", ()):
            statuses += [412, 428]
        if self.action in getattr(self.view, "versioned_if_sent", ()):
            statuses += [412]
        return statuses

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        responses = super()._get_response_bodies(direction)
        for status, names in self.codes().items():
            described = OpenApiResponse(
                ProblemRepresentation,
                description=", ".join(f"`{name}`" for name in names),
            )
            responses[str(status)] = self._get_response_for_code(
                described, str(status), [PROBLEM_CONTENT_TYPE], direction
            )
        return responses
