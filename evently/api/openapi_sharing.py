"""What all operations of the OpenAPI document share, written once under its `components`."""

import json
from typing import Any

from evently.api.problems import REPLAYED_HEADER
from evently.http_errors import PROBLEM_CONTENT_TYPE
from evently.idempotency.keys import HEADER as IDEMPOTENCY_HEADER
from evently.logs import REQUEST_ID_HEADER

RETRIED = ("409", "429", "503")
EMAILS_WAIT_HEADER = "Evently-Emails-Wait-Until"
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Of this body. Send it as If-Match with a change, and as If-None-Match to "
        "get 304 while the body is the same.",
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "The path of what was created.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "RateLimit": {
        "description": "Requests that are left (`r`) until the window ends in `t` seconds.",
        "schema": {"type": "string"},
        "example": '"default";r=287;t=42',
    },
    "RateLimit-Policy": {
        "description": "Requests (`q`) for each window of `w` seconds.",
        "schema": {"type": "string"},
        "example": '"default";q=300;w=60',
    },
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {"type": "integer"},
    },
    REPLAYED_HEADER: {
        "description": "`true` where this is the first response to the key again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    REQUEST_ID_HEADER: {
        "description": "The id that you sent, or a new one; logs have it, too.",
        "schema": {"type": "string"},
    },
    EMAILS_WAIT_HEADER: {
        "description": "Until when emails about this request wait, as the address is unconfirmed.",
        "schema": {"type": "string", "format": "date-time"},
    },
}
STREAMED = {"text/csv", "application/vnd.apache.parquet"}


def share(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the headers of responses, and move what is repeated to the components (a hook)."""
    components = result["components"]
    components["headers"] = HEADERS
    responses = components.setdefault("responses", {})
    parameters = components.setdefault("parameters", {})
    for methods in result["paths"].values():
        for method, operation in methods.items():
            _add_headers(method, operation, components["schemas"])
            _close(operation.get("requestBody", {}), components["schemas"])
            found = operation["responses"]
            for status, response in found.items():
                if PROBLEM_CONTENT_TYPE in response.get("content", {}) or status == "304":
                    name = _name_for(responses, f"Problem{status}", response)
                    found[status] = {"$ref": f"#/components/responses/{name}"}
            operation["parameters"] = [
                _shared_parameter(parameters, one) for one in operation.get("parameters", ())
            ]
    return result


def _add_headers(method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    responses = operation["responses"]
    sent = {one["name"] for one in operation.get("parameters", ())}
    if method == "get":
        responses["304"] = {"description": "The body is the one of `If-None-Match`."}
    for status, response in responses.items():
        names = ["RateLimit", "RateLimit-Policy", REQUEST_ID_HEADER]
        is_success = status.startswith("2")
        if status in RETRIED:
            names.append("Retry-After")
        if status == "304" or (is_success and _has_etag(method, response, schemas)):
            names.append("ETag")
        if is_success and IDEMPOTENCY_HEADER in sent:
            names.append(REPLAYED_HEADER)
            if status == "201":
                names.append("Location")
        if is_success and method != "get":
            names.append(EMAILS_WAIT_HEADER)
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    operation["responses"] = dict(sorted(responses.items()))


def _close(part: Any, schemas: dict[str, Any]) -> None:
    """Declare of the objects in a request's body that they take no unknown fields."""
    if isinstance(part, list):
        for inner in part:
            _close(inner, schemas)
    elif isinstance(part, dict):
        schema = schemas.get(str(part.get("$ref", "")).rsplit("/", 1)[-1], {})
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
            _close(list(schema["properties"].values()), schemas)
        _close([value for name, value in part.items() if name != "examples"], schemas)


def _has_etag(method: str, response: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Return whether a success has an ETag, as `evently.api.etags` decides."""
    if method == "get":
        # Files are sent in parts, and never kept as a whole.
        return not STREAMED & response.get("content", {}).keys()
    reference = response.get("content", {}).get("application/json", {}).get("schema", {})
    schema = schemas.get(reference.get("$ref", "").rsplit("/", 1)[-1], {})
    return "version" in schema.get("properties", {})


def _name_for(shared: dict[str, Any], stem: str, part: dict[str, Any]) -> str:
    """Return the name of a component that is equal to this part, and add it where it is new."""
    number, name = 1, stem
    while name in shared and json.dumps(shared[name]) != json.dumps(part):
        number += 1
        name = f"{stem}_{number}"
    shared[name] = part
    return name


def _shared_parameter(shared: dict[str, Any], parameter: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to a header parameter; others stay where they are."""
    if parameter.get("in") != "header":
        return parameter
    name = _name_for(shared, parameter["name"], parameter)
    return {"$ref": f"#/components/parameters/{name}"}
