"""API: sign-up, tokens and the current user."""

import pytest

from evently.accounts.factories import PASSWORD, OrganizerFactory, UserFactory
from evently.accounts.models import ApiToken, User
from evently.api.tests.client import api, assert_problem

pytestmark = pytest.mark.django_db
REGISTER, TOKEN, ME = "/api/v1/auth/register/", "/api/v1/auth/token/", "/api/v1/me/"
ADA = {"email": "ada@example.org", "name": "Ada 🎹", "password": PASSWORD}


def test_register_creates_an_account_that_can_get_a_token():
    client = api()

    created = client.post(REGISTER, ADA)
    issued = client.post(TOKEN, {"email": "ADA@example.org", "password": PASSWORD})

    assert created.status_code == 201
    assert (created.json()["email"], created.json()["name"]) == ("ada@example.org", "Ada 🎹")
    assert PASSWORD not in created.content.decode()
    assert (issued.status_code, issued.json()["scopes"]) == (200, ["book", "read"])
    assert issued.json()["expires_at"].endswith("Z")
    assert issued.headers["Cache-Control"] == "no-store"
    header = f"Bearer {issued.json()['token']}"
    assert client.get(ME, HTTP_AUTHORIZATION=header).json()["name"] == "Ada 🎹"


def test_register_answers_the_same_for_known_emails():
    first, again = (api().post(REGISTER, ADA) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"email": "nonsense"}, "address_invalid", "email"),
        ({"email": None}, "invalid", "email"),
        ({"name": ""}, "invalid", "name"),
        ({"name": "a\x00b"}, "invalid", "name"),
        ({"name": "x" * 256}, "invalid", "name"),
        ({"password": "short"}, "weak_password", "password"),
        ({"password": "password1234"}, "weak_password", "password"),
        ({"password": ""}, "invalid", "password"),
    ],
)
def test_register_refuses_invalid_fields(change, code, field):
    response = api().post(REGISTER, ADA | change)

    assert list(assert_problem(response, 422, code)["errors"]) == [field]
    assert not User.objects.exists()


def test_token_needs_the_right_password():
    UserFactory(email="ada@example.org", password=PASSWORD)
    guest = UserFactory()
    client = api()

    for email, password in (
        ("ada@example.org", "wrong password"),
        ("nobody@example.org", PASSWORD),
        (guest.email, PASSWORD),
        ("ada@example.org", PASSWORD + " "),
    ):
        response = client.post(TOKEN, {"email": email, "password": password})
        assert_problem(response, 403, "wrong_credentials")
    assert not ApiToken.objects.exists()


def test_token_has_the_requested_scopes():
    organizer = OrganizerFactory(password=PASSWORD)
    body = {"email": organizer.email, "password": PASSWORD}
    client = api()

    assert client.post(TOKEN, body).json()["scopes"] == ["book", "organize", "read"]
    assert client.post(TOKEN, body | {"scopes": ["read"]}).json()["scopes"] == ["read"]
    assert_problem(client.post(TOKEN, body | {"scopes": ["all"]}), 422, "invalid")
    assert_problem(client.post(TOKEN, body | {"scopes": []}), 422, "invalid")


def test_attendees_get_no_organize_scope():
    user = UserFactory(password=PASSWORD)

    response = api().post(
        TOKEN, {"email": user.email, "password": PASSWORD, "scopes": ["organize"]}
    )

    assert_problem(response, 403, "scope_not_allowed")


def test_token_is_throttled():
    user = UserFactory(password=PASSWORD)
    client = api()
    guess = {"email": user.email, "password": "wrong password"}
    for _ in range(5):
        assert_problem(client.post(TOKEN, guess), 403, "wrong_credentials")

    response = client.post(TOKEN, guess | {"password": PASSWORD})

    assert_problem(response, 429, "too_many_attempts")
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("scope", ["read", "book", "organize"])
def test_token_of_any_scope_revokes_itself(scope):
    client = api(OrganizerFactory(), scope)

    assert client.delete(TOKEN).status_code == 204
    assert_problem(client.get(ME), 401, "token_invalid")


def test_profile_can_be_read_and_changed():
    client = api(UserFactory(name="Ada"))
    read = client.get(ME)
    assert read.json()["email"].endswith("@example.org")
    assert "password" not in read.content.decode()

    preferences = {"waitlist_join": {"email": False}}
    changed = client.patch(
        ME,
        {"name": "Ada 🎹", "preferences": preferences},
        headers={"If-Match": read.headers["ETag"]},
    )

    assert (changed.status_code, changed.json()["name"]) == (200, "Ada 🎹")
    assert changed.json()["preferences"] == preferences
    assert client.get(ME).json() == changed.json()
    late = client.patch(ME, {"name": "x"}, headers={"If-Match": read.headers["ETag"]})
    assert_problem(late, 412, "edited_meanwhile")
    assert_problem(client.patch(ME, {"name": "x"}), 428, "if_match_required")


def test_time_zone_can_be_changed():
    client = api(UserFactory())
    assert client.get(ME).json()["timezone"] == ""
    for name in ("Pacific/Auckland", "Asia/Calcutta", ""):
        changed = client.patch(ME, {"timezone": name}, headers={"If-Match": "*"})
        assert (changed.status_code, changed.json()["timezone"]) == (200, name)
    for name in ("Europe/Atlantis", "x" * 65, None, 5):
        refused = client.patch(ME, {"timezone": name}, headers={"If-Match": "*"})
        assert set(assert_problem(refused, 422, "invalid")["errors"]) == {"timezone"}


@pytest.mark.parametrize(
    ("preferences", "field", "sentence"),
    [
        ("x", "preferences", "Must be an object"),
        ([], "preferences", "Must be an object"),
        ({"waitlist_jion": {"email": False}}, "preferences.waitlist_jion", "waitlist_join"),
        ({"waitlist_join": False}, "preferences.waitlist_join", "Must be an object of channels"),
        ({"waitlist_join": {"sms": True}}, "preferences.waitlist_join.sms", "use in_app, email"),
        ({"all": {"email": "no"}}, "preferences.all.email", "true or false"),
        ({"verify_address": {"email": False}}, "preferences.verify_address.email", "always sent"),
        ({"a\x00": {}}, "preferences.a\x00", "There is no such notification type."),
    ],
)
def test_invalid_preferences_are_refused(preferences, field, sentence):
    response = api(UserFactory()).patch(ME, {"preferences": preferences}, headers={"If-Match": "*"})

    errors = assert_problem(response, 422, "invalid")["errors"]
    assert set(errors) == {field}
    assert sentence in errors[field][0]


def test_read_only_fields_are_refused():
    user = UserFactory()
    client = api(user)
    before = client.get(ME).json()

    changes = {"email": "else@example.org", "role": "admin", "nmae": "Ada"}
    response = client.patch(ME, changes, headers={"If-Match": "*"})

    errors = assert_problem(response, 422, "invalid")["errors"]
    assert set(errors) == set(changes)
    assert "/account/" in errors["email"][0]
    assert errors["nmae"] == ["There is no such field. Did you mean “name”?"]
    assert client.get(ME).json() == before
