"""The OpenAPI document and the page to browse it."""

import json
import re
from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from evently.api.tests.client import api

OPENAPI = "/api/v1/schema/"


@pytest.fixture(scope="module")
def document():
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def routes(patterns, prefix="/"):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern) and (pattern.name or "").startswith("api_"):
            yield prefix + str(pattern.pattern)


def test_document_is_openapi_3_1_and_has_every_route(document):
    there = {
        path.replace("<uuid:", "{").replace(">", "}")
        for path in routes(get_resolver().url_patterns)
    }

    assert document["openapi"].startswith("3.1")
    assert there - {OPENAPI, "/api/v1/docs/"} == set(document["paths"])


def resolved(document, part):
    """Return a part of the document, or the component that it refers to."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    return document["components"][kind][name]


def refusals(document, method, path, status):
    responses = document["paths"][path][method]["responses"]
    return resolved(document, responses[status])["description"]


def test_operations_document_their_problems(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            statuses = operation["responses"].keys()
            assert {"406", "429", "503"} <= statuses, (path, method)
            for status in statuses:
                if status >= "400":
                    content = resolved(document, operation["responses"][status])["content"]
                    assert list(content) == ["application/problem+json"], (path, method)
            if {"bearer": []} not in operation["security"]:
                assert {"401", "403"} <= statuses, (path, method)
            assert operation["description"], (path, method)


def test_every_post_by_a_user_takes_a_key(document):
    keyed, posts = set(), set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            names = [resolved(document, one)["name"] for one in operation.get("parameters", ())]
            if "Idempotency-Key" in names:
                keyed.add((method, path))
            if method == "post" and {} not in operation["security"]:
                posts.add((method, path))

    assert keyed == posts | {("delete", "/api/v1/waitlists/{entry_id}/")}
    refused = refusals(document, "post", "/api/v1/waitlists/", "422")
    assert "`idempotency_key_invalid`" in refused


def test_booking_names_its_refusals(document):
    path = "/api/v1/bookings/"

    assert "201" in document["paths"][path]["post"]["responses"]
    for code in ("sold_out", "waitlist_first", "price_changed", "sales_closed", "person_limit"):
        assert f"`{code}`" in refusals(document, "post", path, "409")
    for code in ("invalid", "price_required", "idempotency_mismatch"):
        assert f"`{code}`" in refusals(document, "post", path, "422")


def test_names_are_unambiguous(document):
    schemas = document["components"]["schemas"]

    assert {"BookingRepresentation", "EventRepresentation", "EntryRepresentation"} <= set(schemas)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_document_is_served():
    as_yaml = api().get(OPENAPI)
    as_json = api().get(OPENAPI, {"format": "json"})

    assert yaml.safe_load(as_yaml.content) == json.loads(as_json.content)
    assert "RateLimit" in as_yaml.headers


def test_docs_have_nothing_inline():
    response = api().get("/api/v1/docs/", headers={"Accept": "text/html"})

    page = response.content.decode()
    assert response.status_code == 200
    assert "<style" not in page
    assert re.findall(r"<script(?! src=)", page) == []
    assert "http" not in page
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
