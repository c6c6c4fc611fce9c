"""Unknown and read-only fields and parameters are refused by every operation."""

import json

import pytest

from evently.accounts.factories import UserFactory
from evently.api.tests.client import api, assert_problem
from notifications.factories import NotificationFactory
from tests.api_operations import DOCUMENT, OPERATIONS, WITH_BODY, address, ids, make_story, send

pytestmark = pytest.mark.django_db
SCOPES = ("read", "book", "organize", "delete_account")


@pytest.fixture
def story():
    return make_story()


def properties(content):
    """Return the names of the properties of a JSON body in the document."""
    schema = content.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return set(DOCUMENT["components"]["schemas"].get(name, {}).get("properties", ()))


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=ids(OPERATIONS))
def test_unknown_parameters_are_refused(story, method, path, operation):
    organizer, own = story
    known = [one["name"] for one in operation.get("parameters", ()) if one.get("in") == "query"]
    url = f"{address(path, own)}?max_prise=1&x=&x=2&{'y' * 90}=1"

    problem = assert_problem(
        send(api(organizer, *SCOPES), method, url, HTTP_IF_MATCH="*"), 400, "unknown_parameter"
    )

    assert set(problem["errors"]) == {"max_prise", "x", "y" * 60 + "…"}
    near = " Did you mean “max_price”?" if "max_price" in known else ""
    assert problem["errors"]["max_prise"] == [f"There is no such parameter.{near}"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=ids(OPERATIONS))
def test_parameters_that_are_sent_twice_are_refused(story, method, path, operation):
    organizer, own = story
    for one in operation.get("parameters", ()):
        if one.get("in") == "query":
            url = f"{address(path, own)}?{one['name']}=1&{one['name']}=2"
            problem = assert_problem(
                send(api(organizer, *SCOPES), method, url), 400, "unknown_parameter"
            )
            assert set(problem["errors"]) == {one["name"]}


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=ids(OPERATIONS))
def test_unknown_fields_are_refused(story, method, path, operation):
    organizer, own = story
    content = json.dumps({"zzz": 1, "qqq": None})

    response = send(
        api(organizer, *SCOPES),
        method,
        address(path, own),
        data=content,
        content_type="application/json",
        HTTP_IF_MATCH="*",
    )

    errors = assert_problem(response, 422, "invalid")["errors"]
    assert {"zzz", "qqq"} <= set(errors)
    sentence = "There is no such field." if "requestBody" in operation else "takes no fields"
    assert all(sentence in errors[name][0] for name in ("zzz", "qqq"))


@pytest.mark.parametrize(("method", "path", "operation"), WITH_BODY, ids=ids(WITH_BODY))
def test_fields_that_are_only_shown_say_what_to_do(story, method, path, operation):
    organizer, own = story
    taken = properties(operation["requestBody"]["content"])
    shown = properties(next(iter(operation["responses"].values())).get("content", {}))
    response = send(
        api(organizer, *SCOPES),
        method,
        address(path, own),
        data=json.dumps(dict.fromkeys(sorted(shown - taken)[:20])),
        content_type="application/json",
        HTTP_IF_MATCH="*",
    )

    errors = assert_problem(response, 422, "invalid")["errors"]
    for name in sorted(shown - taken)[:20]:
        assert errors[name][0].startswith("This field is read-only. "), (name, errors[name])


def test_very_many_unknown_fields_are_answered_briefly():
    body = {f"field{number}": 1 for number in range(20_000)}

    response = api(UserFactory()).patch("/api/v1/me/", body, headers={"If-Match": "*"})

    assert len(assert_problem(response, 422, "invalid")["errors"]) == 20


def test_field_that_is_sent_twice_is_refused():
    response = api(UserFactory()).generic(
        "POST",
        "/api/v1/bookings/",
        data='{"quantity": 1, "quantity": 2}',
        content_type="application/json",
    )

    assert "twice" in assert_problem(response, 400, "malformed")["detail"]


def test_notifications_are_marked_as_read_with_the_scope_book_only():
    notification = NotificationFactory()
    for path in (f"notifications/{notification.pk}/read/", "notifications/read-all/"):
        reader = api(notification.user, "read").post(f"/api/v1/{path}")
        assert assert_problem(reader, 403, "scope_missing")["scope"] == "book"
        assert api(notification.user, "book").post(f"/api/v1/{path}").status_code == 200
