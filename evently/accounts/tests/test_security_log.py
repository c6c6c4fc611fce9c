"""Logins and credentials in the log: by the user's id, without personal data."""

import pytest
from django.urls import reverse
from structlog.testing import capture_logs

from evently.accounts import operations
from evently.accounts.factories import UserFactory, issued_token
from evently.accounts.operations import passwords
from evently.accounts.operations.second_factors import WrongCode, check_code
from evently.accounts.password_rules import SiteWordsValidator
from evently.accounts.tests.factors import with_app

pytestmark = pytest.mark.django_db

PASSWORD = "a quiet rainy morning"


@pytest.fixture
def ana():
    return UserFactory(email="ana@example.org", name="Ana", password=PASSWORD)


def security_lines(logs):
    return [line for line in logs if line["event"] != "request"]


def test_logins_are_logged(client, ana):
    with capture_logs() as logs:
        for email, password in (
            ("ana@example.org", "wrong"),
            ("nobody@example.org", "wrong"),
            ("ana@example.org", PASSWORD),
        ):
            client.post(reverse("log_in"), {"email": email, "password": password})
        client.post(reverse("log_out"))
    said = [(line["event"], line["user_id"], line.get("reason")) for line in security_lines(logs)]
    assert said == [
        ("login failed", str(ana.pk), "wrong password"),
        ("login failed", None, "unknown email address"),
        ("logged in", str(ana.pk), None),
        ("logged out", str(ana.pk), None),
    ]
    for private in ("ana@", "nobody@", PASSWORD, "Ana"):
        assert private not in str(logs)


def test_a_changed_password_is_logged(client, ana):
    with capture_logs() as logs:
        operations.change_password(
            user_id=ana.pk, current_password=PASSWORD, password="another quiet morning"
        )
    assert ("password changed", str(ana.pk)) in [
        (line["event"], line.get("user_id")) for line in logs
    ]


def test_second_factors_are_logged(ana):
    with capture_logs() as logs:
        with_app(ana)
        with pytest.raises(WrongCode):
            check_code(user_id=ana.pk, code="000000")
    said = [(line["event"], line.get("change") or line.get("reason")) for line in logs]
    assert said == [("second factor changed", "app_added"), ("login failed", "wrong code")]


def test_a_request_that_was_refused_names_the_user(client, ana):
    bearer = {"Authorization": f"Bearer {issued_token(ana, 'read').secret}"}
    client.force_login(ana)
    with capture_logs() as logs:
        for response in (
            client.post("/api/v1/bookings/", {}, "application/json", headers=bearer),
            client.get("/account/"),
            client.get("/api/v1/me/", headers={"Authorization": "Bearer none"}),
        ):
            assert response.status_code in (200, 401, 403)
    lines = [line for line in logs if line["event"] == "request"]
    assert [(line["status"], line.get("user_id")) for line in lines] == [
        (403, str(ana.pk)),
        (200, None),
        (401, None),
    ]


@pytest.mark.parametrize(
    ("password", "passes"),
    [
        ("Evently-Tickets-2026", False),
        ("evently2026!", False),
        ("my evently events", False),
        ("BookingAdmin99", False),
        ("a ticket for the moon", True),
        ("quiet rainy morning", True),
        ("4815162342-99", True),
    ],
)
def test_passwords_of_words_of_the_site_are_refused(password, passes):
    if passes:
        passwords.check_strength(password)
        return
    with pytest.raises(passwords.WeakPassword, match="words of this site"):
        passwords.check_strength(password)
    assert SiteWordsValidator().get_help_text()
