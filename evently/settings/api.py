"""The API, its rate limit and its schema."""

from evently.environment import env

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["evently.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["evently.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "evently.api.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["evently.api.throttling.TokenRateThrottle"],
    "EXCEPTION_HANDLER": "evently.api.problems.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,
    "PAGE_SIZE": 20,
    # Only the schema has `?format=`.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
API_RATE_PER_MINUTE = env.int("API_RATE_PER_MINUTE", default=300)
SPECTACULAR_SETTINGS = {
    "TITLE": "Evently API",
    "DESCRIPTION": (
        "Find events, book seats, join waitlists, and organize events. Amounts are strings, times "
        "are RFC 3339 in UTC, ids are UUIDs. Errors are `application/problem+json` with a stable "
        "`code`. Send `Authorization: Bearer <token>` with a token from `POST auth/token/`."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "evently.api.openapi_sharing.share",
    ],
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "EventStatus": "events.models.EventStatus",
        "BookingStatus": "bookings.models.BookingStatus",
        "EntryStatus": "waitlists.models.EntryStatus",
        "PromotionStatus": "waitlists.models.PromotionStatus",
        "DeliveryStatus": "notifications.models.DeliveryStatus",
        "AttemptOutcome": "notifications.sent_models.AttemptOutcome",
        "ReturnOutcome": "notifications.return_models.ReturnOutcome",
        "MessageState": "notifications.message_models.MessageState",
        "NotificationKind": "notifications.kinds.KIND_CHOICES",
    },
}
