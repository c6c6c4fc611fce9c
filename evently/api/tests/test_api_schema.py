"""The OpenAPI document declares what responses have."""

import pytest
from drf_spectacular.generators import SchemaGenerator

DOCUMENT = SchemaGenerator().get_schema(request=None, public=True)
COMPONENTS = DOCUMENT["components"]
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def resolved(part):
    """Return a part of the document, or what it refers to."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    return COMPONENTS[kind][name]


def headers_of(operation, status):
    return set(resolved(operation["responses"][status]).get("headers", ()))


def test_problems_declare_their_members():
    members = set(COMPONENTS["schemas"]["ProblemRepresentation"]["properties"])

    assert members >= {
        "code",
        "errors",
        "scope",
        "current_price",
        "seen_price",
        "quoted_quantity",
        "quoted_price",
        "version",
    }


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{one[0]} {one[1]}" for one in OPERATIONS]
)
def test_operations_declare_their_headers(method, path, operation):
    for status in operation["responses"]:
        assert headers_of(operation, status) >= {"RateLimit", "RateLimit-Policy", "X-Request-ID"}
        assert ("Retry-After" in headers_of(operation, status)) == (status in ("409", "429", "503"))
    success = min(operation["responses"])
    parameters = {resolved(one)["name"] for one in operation.get("parameters", ())}
    if method == "get" and not path.endswith((".csv", ".parquet")):
        assert "ETag" in headers_of(operation, success)
        assert {"304", "406"} <= set(operation["responses"])
        assert "If-None-Match" in parameters
    if method == "post" and {} not in operation["security"]:
        # Every POST by a user can be repeated with its key.
        assert "Idempotency-Key" in parameters
        assert "Idempotent-Replayed" in headers_of(operation, success)


def test_export_is_typed():
    export = COMPONENTS["schemas"]["ExportRepresentation"]["properties"]

    assert set(export) >= {"exported_at", "person", "bookings", "promotions", "mails", "api_tokens"}
    booking = export["bookings"]["items"]["properties"]
    assert booking["id"] == {"type": "string", "format": "uuid"}
    assert booking["quantity"] == {"type": "integer"}
    assert booking["cancelled_at"] == {"type": ["string", "null"], "format": "date-time"}


def test_bodies_take_no_unknown_fields():
    for _, path, operation in OPERATIONS:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert resolved(content["schema"])["additionalProperties"] is False, path
    assert COMPONENTS["schemas"]["NotifyPreferences"]["additionalProperties"] is False
    user = COMPONENTS["schemas"]["UserRepresentation"]
    assert "additionalProperties" not in user
    assert user["properties"]["emails_wait_until"]["type"] == ["string", "null"]
