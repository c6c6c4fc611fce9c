"""Email verification, and what an unverified account loses when its owner appears."""

import threading

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from evently.accounts import links, operations
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.locks import lock_user
from evently.accounts.models import ApiToken, User
from evently.tests.running import wait_for
from evently.tests.sql import WAITING_SESSIONS, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still_time")]

OWN = "a sentence of my own"


@pytest.fixture
def unverified():
    """Return a user with a password and an unverified email address."""
    return UserFactory(email="ana@example.org", email_verified_at=None, password=PASSWORD)


def fresh(user) -> User:
    return User.objects.with_keys().get(pk=user.pk)


def page_of(user) -> str:
    return reverse("verify_address", args=[links.verification_token(user)])


def can_log_in(origin, password=PASSWORD, email="ana@example.org") -> bool:
    try:
        operations.authenticate_with_password(email=email, password=password, origin=origin)
    except operations.WrongCredentials:
        return False
    return True


# ── The page ────────────────────────────────────────────────────────────────
def test_button_alone_does_not_verify_for_visitors(client, unverified):
    page = client.get(page_of(unverified))
    response = client.post(page_of(unverified))

    assert "I did not choose a password" in page.content.decode()
    assert response.status_code == 422
    assert not fresh(unverified).is_verified


def test_button_alone_verifies_for_the_logged_in_user(client, unverified):
    client.force_login(unverified)
    token = issued_token(unverified)

    assert "password" not in client.get(page_of(unverified)).content.decode()
    assert client.post(page_of(unverified)).status_code == 200

    assert fresh(unverified).is_verified
    assert fresh(unverified).check_password(PASSWORD)
    assert operations.authenticate_token(token.secret) is not None
    assert client.get(reverse("account")).status_code == 200


def test_user_of_another_account_is_asked_for_the_password(client, unverified):
    client.force_login(UserFactory())

    assert client.post(page_of(unverified)).status_code == 422
    assert not fresh(unverified).is_verified


def test_password_verifies_on_any_device_and_stays(client, unverified):
    answer = client.post(page_of(unverified), {"password": PASSWORD})

    assert answer.status_code == 200
    assert "Your email address is confirmed" in answer.content.decode()
    assert fresh(unverified).is_verified
    assert fresh(unverified).check_password(PASSWORD)


@pytest.mark.parametrize("password", ["wrong", "x" * 2000, "null\x00", "", "😀"])
def test_wrong_password_does_not_verify(client, unverified, password):
    answer = client.post(page_of(unverified), {"password": password})

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"password"}
    assert not fresh(unverified).is_verified


def test_password_guesses_count_as_logins(client, unverified):
    for _ in range(5):
        assert client.post(page_of(unverified), {"password": "wrong"}).status_code == 422

    answer = client.post(page_of(unverified), {"password": PASSWORD})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert not fresh(unverified).is_verified


def test_verifying_by_email_ends_the_password_and_asks_for_a_new_one(client, unverified, origin):
    mallory = Client()
    mallory.force_login(unverified)
    token = issued_token(unverified)

    answer = client.post(page_of(unverified), {"by_email": "1"})

    assert fresh(unverified).is_verified
    assert not can_log_in(origin)
    assert mallory.get(reverse("account")).status_code == 302
    assert operations.authenticate_token(token.secret) is None
    assert "no longer works" in client.get(answer.url).content.decode()
    assert client.post(answer.url, {"password": OWN}).url == reverse("account")
    assert can_log_in(origin, OWN)


def test_verifying_by_email_works_once(client, unverified):
    client.post(page_of(unverified), {"by_email": "1"})

    answer = Client().post(page_of(unverified), {"by_email": "1"})

    assert answer.status_code == 200, "it only shows that the email address is confirmed"
    with pytest.raises(operations.LinkExpired):
        operations.verify_address_by_email(token=links.verification_token(unverified))


def test_verifying_an_account_without_a_password_redirects_to_choosing_one(client):
    guest = operations.find_or_create_guest(email="ana@example.org", name="Ana")

    page = client.get(page_of(guest)).content.decode()
    answer = client.post(page_of(guest), {"by_email": "1"})

    assert 'name="password"' not in page
    assert answer.url.startswith(reverse("password_forgotten"))
    assert fresh(guest).is_verified


def test_verifying_again_shows_that_it_is_done(client, unverified):
    client.post(page_of(unverified), {"password": PASSWORD})

    for answer in (client.get(page_of(unverified)), client.post(page_of(unverified))):
        assert answer.status_code == 200
        assert "Your email address is confirmed" in answer.content.decode()


def test_signing_up_with_the_email_of_another_person_gives_no_access(client, origin):
    """Mallory signs up with Ana's email address; Ana, unaware of it, presses the button."""
    operations.register(email="ana@example.org", name="Mallory", password=PASSWORD, origin=origin)
    user = User.objects.get()

    client.post(page_of(user))
    operations.find_or_create_guest(email="ana@example.org", name="Ana")
    with transaction.atomic():
        operations.end_unverified_password(user_id=user.pk)

    assert not can_log_in(origin)


def test_verify_address_refuses_an_ended_session(unverified):
    session = unverified.get_session_auth_hash()
    operations.end_other_sessions(user_id=unverified.pk)

    with pytest.raises(operations.SessionEnded):
        operations.verify_address(token=links.verification_token(unverified), session=session)
    assert not fresh(unverified).is_verified


# ── Logging in by a link ────────────────────────────────────────────────────
def test_log_in_by_link_warns_that_it_ends_an_unverified_password(client, unverified):
    url = reverse("log_in_by_link", args=[links.login_token(unverified)])

    assert "stops working" in client.get(url).content.decode()
    assert client.post(url).url == f"{reverse('account')}#password"
    assert "Please choose a new password" in client.get(reverse("account")).content.decode()


def test_log_in_by_link_does_not_warn_verified_users(client):
    url = reverse("log_in_by_link", args=[links.login_token(UserFactory(password=PASSWORD))])

    assert "stops working" not in client.get(url).content.decode()
    assert client.post(url).url == reverse("my_bookings")


# ── Guest bookings under an unverified email address ────────────────────────
def end_password(user) -> None:
    with transaction.atomic():
        operations.end_unverified_password(user_id=user.pk)


def test_end_unverified_password_ends_sessions_tokens_and_preferences(
    unverified, origin, announced
):
    User.objects.filter(pk=unverified.pk).update(preferences={"all": {"email": False}})
    session, token = unverified.get_session_auth_hash(), issued_token(unverified)

    end_password(unverified)

    user = fresh(unverified)
    assert (user.is_guest, user.is_verified, user.preferences) == (True, False, {})
    assert user.get_session_auth_hash() != session
    assert operations.authenticate_token(token.secret) is None
    assert not can_log_in(origin)
    assert announced == [("password_ended", user)]


def test_end_unverified_password_keeps_a_verified_account(announced):
    user = UserFactory(password=PASSWORD)
    token = issued_token(user)

    end_password(user)

    assert fresh(user).check_password(PASSWORD)
    assert operations.authenticate_token(token.secret) is not None
    assert announced == []


def test_end_unverified_password_does_not_notify_guests(announced):
    end_password(UserFactory(email_verified_at=None))

    assert announced == []


# Requests of a logged-in user that run while the password is being ended.
CONCURRENT_REQUESTS = {
    "password": ("account", {"current_password": PASSWORD, "password": OWN}),
    "token": ("account", {"token_name": "mine", "scopes": ["read"], "lifetime": "30"}),
    "session": ("log_out_elsewhere", {}),
    # Gives no access, but would hide the emails from the owner.
    "preferences": ("account", {}),
}


@pytest.mark.parametrize("way", CONCURRENT_REQUESTS)
def test_concurrent_request_gives_no_new_access(client, unverified, way):
    name, fields = CONCURRENT_REQUESTS[way]
    client.force_login(unverified)

    def send():
        client.post(reverse(name), {"act": way, **fields})
        connection.close()

    thread = threading.Thread(target=send)
    with transaction.atomic():
        lock_user(unverified.pk)
        thread.start()
        assert wait_for(lambda: run(WAITING_SESSIONS))
        operations.end_unverified_password(user_id=unverified.pk)
    thread.join()

    assert fresh(unverified).is_guest
    assert fresh(unverified).preferences == {}
    assert not ApiToken.objects.exists()
    assert client.get(reverse("account")).status_code == 302


@pytest.mark.parametrize("way", CONCURRENT_REQUESTS)
def test_request_with_a_valid_session_succeeds(client, unverified, way):
    name, fields = CONCURRENT_REQUESTS[way]
    client.force_login(unverified)

    assert client.post(reverse(name), {"act": way, **fields}).status_code in (200, 302)
    assert client.get(reverse("account")).status_code == 200


def test_password_checked_just_before_gets_no_token(unverified, origin):
    user = operations.authenticate_with_password(
        email="ana@example.org", password=PASSWORD, origin=origin
    )
    end_password(unverified)

    with pytest.raises(operations.SessionEnded):
        operations.issue_token(
            user_id=user.pk, name="x", scopes=["read"], session=user.get_session_auth_hash()
        )


# ── Roles ───────────────────────────────────────────────────────────────────
def test_make_organizer_refuses_an_unverified_password(unverified):
    with pytest.raises(operations.AddressUnverified):
        operations.make_organizer(user_id=unverified.pk)

    end_password(unverified)
    assert operations.make_organizer(user_id=unverified.pk).is_organizer
