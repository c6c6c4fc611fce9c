"""What ends API tokens, sessions and emailed links: a new password, logging out, a lost role."""

import pytest
from django.urls import reverse

from evently.accounts import links, operations
from evently.accounts.factories import PASSWORD, OrganizerFactory, UserFactory, issued_token
from evently.api.tests.client import api

pytestmark = pytest.mark.django_db

NEW = "another good one"


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD)


@pytest.fixture
def works(ana):
    """Return a function that tells whether a token issued before still works."""
    secret = issued_token(ana, "read").secret
    return lambda: operations.authenticate_token(secret) is not None


def change(ana, **options):
    return operations.change_password(
        user_id=ana.pk, current_password=PASSWORD, password=NEW, **options
    )


def reset(ana):
    operations.reset_password(token=links.password_reset_token(ana), password=NEW)


@pytest.mark.parametrize(
    "act",
    [
        change,
        reset,
        lambda ana: operations.end_other_sessions(user_id=ana.pk),
        lambda ana: operations.set_active(user_id=ana.pk, active=False),
    ],
    ids=["change", "reset", "everywhere", "deactivated"],
)
def test_tokens_and_emailed_links_end(ana, works, act):
    link = links.login_token(ana)
    assert works()

    act(ana)

    assert not works()
    operations.set_active(user_id=ana.pk, active=True)
    assert not works()
    with pytest.raises(operations.LinkExpired):
        operations.log_in_by_link(token=link)


def test_tokens_stay_if_the_user_chose_to_keep_them(ana, works):
    change(ana, keep_tokens=True)
    operations.end_other_sessions(user_id=ana.pk, keep_tokens=True)

    assert works()


def test_another_users_tokens_stay(ana):
    other = issued_token(UserFactory(), "read")

    change(ana)

    assert operations.authenticate_token(other.secret)


def test_tokens_of_an_unverified_account_end_with_a_guest_booking():
    stranger = UserFactory(password=PASSWORD, email_verified_at=None)
    token = issued_token(stranger)

    operations.end_unverified_password(user_id=stranger.pk)

    assert operations.authenticate_token(token.secret) is None


def test_organize_tokens_do_not_come_back_with_the_role():
    organizer = OrganizerFactory()
    organizing, both = (
        issued_token(organizer, "organize"),
        issued_token(organizer, "read", "organize"),
    )

    operations.withdraw_organizer(user_id=organizer.pk)
    operations.make_organizer(user_id=organizer.pk)

    assert operations.authenticate_token(organizing.secret) is None
    assert operations.authenticate_token(both.secret).scopes == ["read"]


def test_api_answers_that_the_token_is_invalid(ana):
    client = api(ana)
    assert client.get("/api/v1/me/").status_code == 200

    change(ana)

    answer = client.get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


# ── Pages ───────────────────────────────────────────────────────────────────
def change_on_the_page(client, **fields):
    form = {"act": "password", "current_password": PASSWORD, "password": NEW, **fields}
    return client.post(reverse("account"), form, follow=True).content.decode()


@pytest.fixture
def logged_in(client, ana):
    client.force_login(ana)
    return client


def test_page_says_that_tokens_end_and_offers_to_keep_them(logged_in, works):
    assert "Keep my API tokens" in logged_in.get(reverse("account")).content.decode()

    assert "Your API tokens have been revoked." in change_on_the_page(logged_in)

    assert not works()


def test_page_keeps_tokens_on_request(logged_in, works):
    assert "tokens have been revoked" not in change_on_the_page(logged_in, keep_tokens="on")
    kept = {"sessions-keep_tokens": "on"}
    assert logged_in.post(reverse("log_out_elsewhere"), kept).status_code == 302

    assert works()
    page = logged_in.post(reverse("log_out_elsewhere"), follow=True).content.decode()
    assert "Your API tokens have been revoked." in page
    assert not works()


def test_page_of_a_user_without_tokens_does_not_mention_them(logged_in):
    assert "Keep my API tokens" not in logged_in.get(reverse("account")).content.decode()
    assert "tokens have been revoked" not in change_on_the_page(logged_in)
