"""Wrong input at every route of the OpenAPI document: a clear 4xx, never a 5xx."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from evently.accounts.factories import OrganizerFactory, UserFactory, issued_token
from evently.accounts.models import ApiToken
from evently.accounts.operations import revoke_token
from evently.api.tests.client import api, assert_problem
from tests.api_operations import (
    DOCUMENT,
    LISTS,
    OPERATIONS,
    PRIVATE,
    PUBLIC,
    SCOPED,
    WITH_BODY,
    WITH_ID,
    address,
    ids,
    make_story,
    scopes_of,
    send,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_limits(settings):
    """Disable rate limits."""
    settings.API_RATE_PER_MINUTE = 1_000_000


@pytest.fixture
def story():
    return make_story()


def from_elsewhere(client):
    """Change a client's IP address, so that no rate limit hides another error."""
    client.defaults["REMOTE_ADDR"] = api().defaults["REMOTE_ADDR"]
    return client


# ── Authentication ──────────────────────────────────────────────────────────
@pytest.mark.parametrize(("method", "path", "operation"), PRIVATE, ids=ids(PRIVATE))
def test_private_operations_refuse_missing_and_invalid_tokens(method, path, operation):
    url = address(path, {})
    missing = send(api(), method, url)
    assert_problem(missing, 401, "not_authenticated")
    assert missing.headers["WWW-Authenticate"] == 'Bearer realm="evently"'
    for header in ("Bearer", "Bearer ", "Basic YTpi", "Bearer evt_x y", "Bearer \xff", "x" * 9000):
        wrong = send(api(), method, url, HTTP_AUTHORIZATION=header)
        assert_problem(wrong, 401, "token_invalid")
        assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("method", "path", "operation"), SCOPED, ids=ids(SCOPED))
def test_private_operations_refuse_other_scopes(method, path, operation):
    organizer = OrganizerFactory()
    scope = scopes_of(operation)
    others = [name for name in ("read", "book", "organize") if name != scope]
    problem = assert_problem(
        send(api(organizer, *others), method, address(path, {})), 403, "scope_missing"
    )
    assert problem["scope"] == scope


@pytest.mark.parametrize(("method", "path", "operation"), PUBLIC, ids=ids(PUBLIC))
def test_public_operations_refuse_bad_tokens(method, path, operation):
    response = send(api(), method, address(path, {}), HTTP_AUTHORIZATION="Bearer evt_nonsense")

    assert_problem(response, 401, "token_invalid")


def test_expired_and_revoked_tokens_are_refused():
    user = UserFactory()
    expired, revoked, left = (issued_token(user), issued_token(user), issued_token(UserFactory()))
    past = timezone.now() - timedelta(days=1)
    ApiToken.objects.filter(pk=expired.token.pk).update(
        created_at=past - timedelta(days=1), expires_at=past
    )
    revoke_token(user_id=user.pk, token_id=revoked.token.pk)
    left.token.user.is_active = False
    left.token.user.save(update_fields=["is_active"])
    for issued in (expired, revoked, left):
        response = api().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
        assert_problem(response, 401, "token_invalid")


def test_organizer_operations_refuse_other_users():
    user = OrganizerFactory()
    client = api(user, "organize")
    type(user).objects.filter(pk=user.pk).update(role="user")

    assert_problem(client.post("/api/v1/events/", {}), 403, "organizers_only")


# ── Ids ─────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("method", "path", "operation"), WITH_ID, ids=ids(WITH_ID))
def test_unknown_ids_are_not_found(method, path, operation):
    client = api(OrganizerFactory())
    body = {"data": "{}", "content_type": "application/json"} if method != "GET" else {}
    headers = {"HTTP_IF_MATCH": "*"}

    assert_problem(send(client, method, address(path, {}), **body, **headers), 404, "not_found")
    for wrong in ("1", "x", "null", "%F0%9F%8E%B9", "0" * 300, "..%2F", "%ff"):
        url = path
        for part in path.split("/"):
            url = url.replace(part, wrong) if part.startswith("{") else url
        assert_problem(send(client, method, url, **body, **headers), 404, "not_found")


@pytest.mark.parametrize(("method", "path", "operation"), WITH_ID, ids=ids(WITH_ID))
def test_rows_of_other_users_are_not_found(story, method, path, operation):
    _, ids = story
    if "event" in path and scopes_of(operation) != "organize":
        pytest.skip("events are public")
    stranger = api(OrganizerFactory())
    body = {"data": "{}", "content_type": "application/json"} if method != "GET" else {}
    response = send(stranger, method, address(path, ids), **body, HTTP_IF_MATCH="*")

    if "event" in path:
        assert_problem(response, 403, "not_your_event")
    else:
        assert_problem(response, 404, "not_found")


# ── Bodies ──────────────────────────────────────────────────────────────────
MALFORMED = {
    "empty braces open": b"{",
    "not JSON": b"quantity=1",
    "two values": b"{}{}",
    "NaN": b'{"quantity": NaN}',
    "infinity": b'{"quantity": -Infinity}',
    "a float that is too large": b'{"quantity": 1e999}',
    "deep nesting": b"[" * 200_000,
    "nested objects": b'{"a":' * 50_000,
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"quantity": 1}'.encode("utf-16"),
    "an unpaired surrogate": b'{"name": "\\ud83d"}',
    "a huge number": b'{"quantity": ' + b"9" * 5000 + b"}",
    "a null byte": b"\x00",
}


@pytest.mark.parametrize(("method", "path", "operation"), WITH_BODY, ids=ids(WITH_BODY))
def test_malformed_bodies_are_refused(story, method, path, operation):
    organizer, own = story
    client, url = api(organizer), address(path, own)
    for name, content in MALFORMED.items():
        response = send(
            client, method, url, data=content, content_type="application/json", HTTP_IF_MATCH="*"
        )
        assert (name, response.status_code) == (name, 400)
        assert_problem(response, 400, "malformed")


@pytest.mark.parametrize(("method", "path", "operation"), WITH_BODY, ids=ids(WITH_BODY))
def test_strange_content_types_are_refused(story, method, path, operation):
    organizer, own = story
    client, url = api(organizer), address(path, own)
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "nonsense",
        "application/",
    ):
        response = send(client, method, url, data=b"{}", content_type=kind, HTTP_IF_MATCH="*")
        assert_problem(response, 415, "unsupported_media_type")
    for charset in ("zlib", "hex", "rot13", "utf-16", "nonsense", "idna"):
        kind = f"application/json; charset={charset}"
        response = send(client, method, url, data=b"{", content_type=kind, HTTP_IF_MATCH="*")
        assert_problem(response, 400, "malformed")


@pytest.mark.parametrize(("method", "path", "operation"), WITH_BODY, ids=ids(WITH_BODY))
def test_bodies_of_10_mb_are_refused(story, method, path, operation):
    organizer, own = story
    content = json.dumps({"name": "x" * 10_000_000}).encode()
    response = send(
        api(organizer),
        method,
        address(path, own),
        data=content,
        content_type="application/json",
    )

    assert_problem(response, 413, "body_too_large")


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=ids(OPERATIONS))
def test_chunked_bodies_are_refused(story, method, path, operation):
    organizer, own = story
    # Such a body has no Content-Length, so Django reads nothing of it.
    client = api(organizer, "read", "book", "organize", "delete_account")
    response = send(client, method, address(path, own), HTTP_TRANSFER_ENCODING="chunked")

    assert_problem(response, 411, "length_required")


@pytest.mark.parametrize(("method", "path", "operation"), WITH_BODY, ids=ids(WITH_BODY))
def test_bodies_that_are_not_objects_are_refused(story, method, path, operation):
    organizer, own = story
    client, url = api(organizer), address(path, own)
    for value in ([], [{}], "text", 7, True):
        response = send(
            client,
            method,
            url,
            data=json.dumps(value),
            content_type="application/json",
            HTTP_IF_MATCH="*",
        )
        assert_problem(response, 422, "invalid")


BAD_VALUES = [
    None,
    "",
    " ",
    "x",
    "0",
    0,
    -1,
    11,
    1.5,
    1e300,
    2**31,
    2**63,
    2**70,
    -(2**70),
    "9" * 2000,
    "1e999999999",
    "NaN",
    "-0",
    "٣",
    True,
    [],
    [[]],
    ["x", 1],
    {},
    {"a": {"b": [1]}},
    "null\x00byte",
    "emoji 🎹",
    "\u202eright to left",
    "x" * 30_000,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2027-02-30T00:00:00Z",
    "2027-05-01T10:00:00",
    "'; DROP TABLE events; --",
    "../../etc/passwd",
    "{{7*7}}",
    str(uuid4()),
]
# Some values are valid for some fields, such as a name with an emoji.
FINE = (200, 201, 202, 204)


def try_each(names, values, send_with):
    """Try each name with each value: several names at once first, which takes few requests.

    A value that is refused beside others would be refused alone, too; the rest are tried alone,
    since nothing past the checks of single fields has seen them.
    """
    for shift in range(len(values)):
        given = {name: values[(shift + place) % len(values)] for place, name in enumerate(names)}
        refused = fields_refused(send_with(given), given)
        for name in given.keys() - refused:
            alone = {name: given[name]}
            fields_refused(send_with(alone), alone)


def fields_refused(response, given):
    """Return which fields a problem names; nothing but a complete 4xx or a success is accepted."""
    if response.status_code in FINE:
        return set()
    assert 400 <= response.status_code < 500, (given, response.content)
    code = response.json()["code"]
    assert code != "rate_limited"
    return set(assert_problem(response, response.status_code, code).get("errors", ()))


def fields_of(operation):
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = DOCUMENT["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return list(schema["properties"])


@pytest.mark.parametrize(("method", "path", "operation"), WITH_BODY, ids=ids(WITH_BODY))
def test_bad_values_are_refused_with_a_problem(story, method, path, operation):
    organizer, own = story
    base = {
        "event": str(own["event_id"]),
        "quantity": 1,
        "email": f"{uuid4().hex}@example.org",
        "password": "correct horse battery",
        "name": "Piano",
        "venue": "Mill",
        "event_date": "2100-01-01T10:00:00Z",
        "total_capacity": 5,
        "floor": "5.00",
        "ceiling": "20.00",
    }
    fields = fields_of(operation)
    others = {} if method == "PATCH" else {name: base[name] for name in fields if name in base}
    client = api(organizer)
    # PATCH uses the same serializer as POST, so a part of the values is enough.
    values = BAD_VALUES[:: 5 if method == "PATCH" and len(fields) > 10 else 1]
    try_each(
        fields,
        values,
        lambda given: send(
            from_elsewhere(client),
            method,
            address(path, own),
            data=json.dumps(others | given),
            content_type="application/json",
            HTTP_IF_MATCH="*",
        ),
    )


# ── Queries and headers ─────────────────────────────────────────────────────
@pytest.mark.parametrize(("method", "path", "operation"), LISTS, ids=ids(LISTS))
def test_bad_queries_are_refused_with_a_problem(story, method, path, operation):
    organizer, own = story
    client = api(organizer)
    names = [one["name"] for one in operation["parameters"] if one.get("in") == "query"]
    values = [str(value) for value in BAD_VALUES if value is not None and len(str(value)) < 3000]
    values += ["WzAsInhd", "W10", "bnVsbA", "eyJhIjoxfQ"]
    # Unknown parameters are refused before the known ones are looked at.
    for several in (names, ["format", "page", "unknown"]):
        try_each(several, values, lambda given: client.get(address(path, own), given))


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=ids(OPERATIONS))
def test_bad_headers_are_refused_with_a_problem(story, method, path, operation):
    organizer, own = story
    client, url = api(organizer), address(path, own)
    body = {"data": "{}", "content_type": "application/json"} if method != "GET" else {}
    for header in (
        "HTTP_IF_MATCH",
        "HTTP_IDEMPOTENCY_KEY",
        "HTTP_X_CONFIRM_ADDRESS",
        "HTTP_ACCEPT",
    ):
        for value in ("", "x", '"', '"999999999999999999"', "\xff", "x" * 5000, 'W/"1"', "1\x00"):
            response = send(from_elsewhere(client), method, url, **body, **{header: value})
            fields_refused(response, {header: value})


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_unsupported_methods_are_refused(story, path):
    organizer, own = story
    client = api(organizer)
    there = {method.upper() for method in DOCUMENT["paths"][path]}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"} - there:
        response = send(client, method, address(path, own))
        assert_problem(response, 405, "method_not_allowed")
        assert set(response.headers["Allow"].split(", ")) - {"HEAD"} == there
