"""Pages of accounts: sign-up, login, and the account page."""

import re
from difflib import unified_diff

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from evently.accounts import links
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import ApiToken, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user(client):
    user = UserFactory(password=PASSWORD)
    client.force_login(user)
    return user


def log_in(client, email, password=PASSWORD, **more):
    return client.post(reverse("log_in"), {"email": email, "password": password, **more})


# Tokens of forms, ids and times in pages.
VARYING = re.compile(
    r'(value|key)="[^"]{20,}"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|<time.*?</time>'
)


def sign_up(email, **fields):
    """Sign up in a browser of its own, and return the browser and the response."""
    browser = Client()
    form = {"name": "Ada", "email": email, "password": PASSWORD, **fields}
    return browser, browser.post(reverse("sign_up"), form)


def test_sign_up_logs_in_and_goes_on_where_the_visitor_was():
    target = reverse("my_bookings")
    browser, response = sign_up("ada@example.org", next=target)

    assert (response.status_code, response.url) == (302, target)
    page = browser.get(reverse("account")).content.decode()
    assert "ada@example.org" in page
    assert "Please confirm your email address" in page
    assert User.objects.count() == 1


def test_sign_up_looks_the_same_for_an_address_that_has_an_account():
    """In its response, session and cookies, and on the pages that follow."""
    owner = UserFactory(email="known@example.org", name="Owner")
    seen = []
    for email in ("known@example.org", "newer@example.org"):
        browser, response = sign_up(email)
        pages = [
            browser.get(reverse(name)).content.decode().replace(email, "…")
            for name in (
                "home",
                "account",
                "my_bookings",
                "my_waitlists",
                "inbox",
                "delete_account",
            )
        ]
        again = browser.post(reverse("send_verification"))
        seen.append(
            (
                (response.status_code, response.url, sorted(browser.cookies)),
                [VARYING.sub("", page) for page in pages],
                (again.status_code, again.url),
            )
        )
        assert all("Owner" not in page for page in pages)

    for known, newer in zip(seen[0][1], seen[1][1], strict=True):
        differences = unified_diff(known.splitlines(), newer.splitlines(), lineterm="", n=0)
        assert "\n".join(differences) == ""
    assert seen[0] == seen[1]
    assert User.objects.with_keys().with_address("known@example.org").get() == owner


def test_sign_up_never_logs_in_to_the_existing_account():
    owner = UserFactory(email="known@example.org", password="the owner's own one")
    browser, _ = sign_up("known@example.org")

    user_id = browser.session["_auth_user_id"]
    assert user_id != str(owner.pk)
    duplicate = User.objects.with_keys().get(pk=user_id)
    assert (duplicate.is_duplicate, duplicate.email) == (True, "known@example.org")
    assert log_in(Client(), "known@example.org").status_code == 403
    assert log_in(Client(), "known@example.org", "the owner's own one").status_code == 302


def test_link_in_the_email_asks_for_no_password_in_the_same_browser():
    browser, _ = sign_up("ada@example.org")
    url = reverse("verify_address", args=[links.verification_token(User.objects.get())])
    assert 'type="password"' not in browser.get(url).content.decode()
    assert 'type="password"' in Client().get(url).content.decode()

    browser.post(url)

    ada = User.objects.get()
    assert ada.is_verified
    assert ada.check_password(PASSWORD)


def test_each_error_stands_once():
    _, response = sign_up("nobody", password="short")

    page = response.content.decode()
    for errors in response.context["form"].errors.values():
        for error in errors:
            assert page.count(escape(error)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "a\x00@example.org"},
        {"name": " "},
        {"name": "nu\x00ll"},
        {"password": "short"},
        {"password": "x" * 2000},
        {"password": "1234567890"},
    ],
)
def test_sign_up_shows_errors_by_field(client, wrong):
    fields = {"name": "Ada 🎷", "email": "ada@example.org", "password": PASSWORD} | wrong
    response = client.post(reverse("sign_up"), fields)
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == wrong.keys()
    assert User.objects.count() == 0


def test_log_in_redirects_to_next(client):
    user = UserFactory(password=PASSWORD)
    target = reverse("my_bookings")
    assert client.get(target).url == f"{reverse('log_in')}?next={target}"
    assert log_in(client, user.email, next=target).url == target
    assert client.get(target).status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"]
)
def test_log_in_does_not_redirect_to_other_sites(client, elsewhere):
    user = UserFactory(password=PASSWORD)
    assert log_in(client, user.email, next=elsewhere).url == "/"


def test_log_in_shows_one_error_for_wrong_and_unknown(client):
    user = UserFactory(password=PASSWORD)
    wrong = log_in(client, user.email, "not the password")
    unknown = log_in(client, "who@example.org")
    assert wrong.status_code == unknown.status_code == 403
    assert wrong.context["form"].errors == unknown.context["form"].errors


def test_log_in_is_throttled(client, still_time):
    user = UserFactory(password=PASSWORD)
    for _ in range(5):
        log_in(client, user.email, "wrong")
    response = log_in(client, user.email)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("email", ["", "x\x00", "😀", "x" * 999])
def test_log_in_accepts_any_input(client, email):
    assert log_in(client, email).status_code in (403, 422)


def test_log_out_needs_a_post(client, user):
    assert client.get(reverse("log_out")).status_code == 200
    assert client.get(reverse("account")).status_code == 200
    assert client.post(reverse("log_out")).status_code == 302
    assert client.get(reverse("account")).status_code == 302


def test_log_out_needs_a_csrf_token(user):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(reverse("log_out")).status_code == 403


@pytest.mark.parametrize("name", ["password_forgotten", "log_in_link"])
def test_requesting_a_link_answers_the_same_for_unknown_emails(client, name):
    UserFactory(email="known@example.org")
    assert client.get(reverse(name)).status_code == 200
    responses = [
        client.post(reverse(name), {"email": email})
        for email in ("known@example.org", "other@example.org")
    ]
    assert [response.status_code for response in responses] == [200, 200]
    assert len(responses[0].content) == len(responses[1].content)
    assert client.post(reverse(name), {"email": ""}).status_code == 422


def test_new_password_by_link_works_once(client):
    user = UserFactory()
    url = reverse("password_new", args=[links.password_reset_token(user)])
    assert client.get(url).status_code == 200
    assert client.post(url, {"password": "short"}).status_code == 422
    assert client.post(url, {"password": PASSWORD}).url == reverse("account")
    assert client.get(reverse("account")).status_code == 200
    assert client.post(url, {"password": PASSWORD}).status_code == 422
    assert Client().get(reverse("password_new", args=["x.y.z"])).status_code == 422


def test_verify_address_needs_a_post(client):
    user = UserFactory(email_verified_at=None)
    client.force_login(user)
    url = reverse("verify_address", args=[links.verification_token(user)])
    assert client.get(url).status_code == 200
    assert not User.objects.get(pk=user.pk).is_verified, "opening the link must not verify"
    assert client.post(url).status_code == 200
    assert User.objects.get(pk=user.pk).is_verified


def test_log_in_by_link_needs_a_post_and_works_once(client):
    user = UserFactory()
    url = reverse("log_in_by_link", args=[links.login_token(user)])
    assert client.get(url).status_code == 200
    assert client.get(reverse("account")).status_code == 302, "opening the link must not log in"
    assert client.post(url).status_code == 302
    assert client.get(reverse("account")).status_code == 200
    assert Client().post(url).status_code == 422


def act(client, act, **fields):
    return client.post(reverse("account"), {"act": act, **fields})


def test_account_saves_the_name(client, user):
    assert act(client, "profile", name="Grace 🎺").status_code == 302
    assert User.objects.with_keys().get(pk=user.pk).name == "Grace 🎺"
    assert act(client, "profile", name="").status_code == 422
    assert act(client, "nonsense").status_code == 302


def test_account_saves_the_time_zone(client, user):
    assert act(client, "profile", name="Grace", timezone="Pacific/Auckland").status_code == 302
    assert User.objects.get(pk=user.pk).timezone == "Pacific/Auckland"
    assert act(client, "profile", name="Grace", timezone="Europe/Atlantis").status_code == 422
    assert act(client, "profile", name="Grace", timezone="").status_code == 302
    assert User.objects.get(pk=user.pk).timezone == ""


def test_account_keeps_a_time_zone_that_it_does_not_suggest(client, user):
    User.objects.filter(pk=user.pk).update(timezone="US/Pacific")
    page = client.get(reverse("account")).content.decode()
    assert '<option value="US/Pacific" selected>' in page
    assert act(client, "profile", name="Grace", timezone="US/Pacific").status_code == 302


def test_account_saves_email_settings_and_keeps_other_preferences(client, user):
    User.objects.filter(pk=user.pk).update(preferences={"theme": "dark"})
    assert act(client, "preferences", offers="on").status_code == 302
    preferences = User.objects.get(pk=user.pk).preferences
    assert preferences["theme"] == "dark"
    assert preferences["waitlist_promotion"] == {"email": True}
    assert preferences["ticket_accepted"] == {"email": False}
    # It has the tickets, so it cannot be turned off.
    assert "booking_confirm" not in preferences
    form = client.get(reverse("account")).context["preferences_form"]
    assert {name: field.initial for name, field in form.fields.items()} == {
        "bookings": False,
        "line": False,
        "offers": True,
        "changes": False,
        "reminders": False,
        "messages": False,
    }


def test_account_changes_the_password_and_stays_logged_in(client, user):
    wrong = act(client, "password", current_password="no", password="another good one")
    assert wrong.status_code == 422
    right = act(client, "password", current_password=PASSWORD, password="another good one")
    assert right.status_code == 302
    assert client.get(reverse("account")).status_code == 200


def test_account_creates_a_token_and_shows_it_once(client, user):
    response = act(client, "token", token_name="shop", scopes=["read", "book"], lifetime="30")
    secret = response.context["new_token"]
    assert secret in response.content.decode()
    assert secret not in client.get(reverse("account")).content.decode()
    token = ApiToken.objects.get()
    assert token.scopes == ["book", "read"]
    assert (
        act(client, "token", token_name="x", scopes=["organize"], lifetime="30").status_code == 422
    )
    assert act(client, "token", token_name="x", scopes=["read"], lifetime="9").status_code == 422
    assert client.post(reverse("revoke_token", args=[token.pk])).status_code == 302
    assert ApiToken.objects.get().revoked_at is not None


def test_account_does_not_revoke_tokens_of_other_users(client, user):
    theirs = issued_token(UserFactory()).token
    assert client.post(reverse("revoke_token", args=[theirs.pk])).status_code == 404


def test_account_logs_out_everywhere_else(client, user):
    other = Client()
    other.force_login(user)
    assert client.post(reverse("log_out_elsewhere")).status_code == 302
    assert client.get(reverse("account")).status_code == 200
    assert other.get(reverse("account")).status_code == 302


def test_account_exports_data(client, user):
    response = client.get(reverse("export_data"))
    assert response.json()["person"]["email"] == user.email
    assert "attachment" in response.headers["Content-Disposition"]


def test_account_sends_the_verification_again(client):
    user = UserFactory(email_verified_at=None, password=PASSWORD)
    client.force_login(user)
    assert "Please confirm your email address" in client.get(reverse("account")).content.decode()
    assert client.post(reverse("send_verification")).status_code == 302


@pytest.mark.parametrize(
    "name", ["account", "my_bookings", "my_waitlists", "delete_account", "export_data"]
)
def test_private_pages_redirect_to_login(client, name):
    assert client.get(reverse(name)).url.startswith(reverse("log_in"))
