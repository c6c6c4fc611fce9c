"""Whose an address is: confirming it, and who is shut out before it is proven."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from evently.accounts import links, operations
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import ApiToken, User
from evently.accounts.operations import proof
from evently.tests.sql import value

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still_time")]

OWN = "a sentence of my own"


@pytest.fixture
def unproven():
    """Return somebody who signed up with an address that nobody has confirmed."""
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
def test_the_button_alone_does_not_confirm_for_somebody_not_logged_in(client, unproven):
    shown = client.get(page_of(unproven))
    answer = client.post(page_of(unproven))

    assert "I did not choose a password" in shown.content.decode()
    assert answer.status_code == 422
    assert not fresh(unproven).is_verified


def test_the_button_alone_confirms_for_who_is_logged_in(client, unproven):
    client.force_login(unproven)
    token = issued_token(unproven)

    assert "password" not in client.get(page_of(unproven)).content.decode()
    assert client.post(page_of(unproven)).status_code == 200

    assert fresh(unproven).is_verified
    assert fresh(unproven).check_password(PASSWORD)
    assert operations.authenticate_token(token.secret) is not None
    assert client.get(reverse("account")).status_code == 200


def test_somebody_logged_in_to_another_account_is_asked_for_the_password(client, unproven):
    client.force_login(UserFactory())

    assert client.post(page_of(unproven)).status_code == 422
    assert not fresh(unproven).is_verified


def test_the_password_confirms_on_any_device_and_stays(client, unproven):
    answer = client.post(page_of(unproven), {"password": PASSWORD})

    assert answer.status_code == 200
    assert "your address is confirmed" in answer.content.decode()
    assert fresh(unproven).is_verified
    assert fresh(unproven).check_password(PASSWORD)


@pytest.mark.parametrize("password", ["wrong", "x" * 2000, "null\x00", "", "😀"])
def test_a_wrong_password_confirms_nothing(client, unproven, password):
    answer = client.post(page_of(unproven), {"password": password})

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"password"}
    assert not fresh(unproven).is_verified


def test_guessing_the_password_is_slowed_down_like_a_log_in(client, unproven):
    for _ in range(5):
        assert client.post(page_of(unproven), {"password": "wrong"}).status_code == 422

    answer = client.post(page_of(unproven), {"password": PASSWORD})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert not fresh(unproven).is_verified


def test_who_did_not_choose_the_password_ends_it_and_chooses_one(client, unproven, origin):
    mallory = Client()
    mallory.force_login(unproven)
    token = issued_token(unproven)

    answer = client.post(page_of(unproven), {"anew": "1"})

    assert fresh(unproven).is_verified
    assert not can_log_in(origin)
    assert mallory.get(reverse("account")).status_code == 302
    assert operations.authenticate_token(token.secret) is None
    assert "no longer works" in client.get(answer.url).content.decode()
    assert client.post(answer.url, {"password": OWN}).url == reverse("account")
    assert can_log_in(origin, OWN)


def test_who_did_not_choose_the_password_does_so_once(client, unproven):
    client.post(page_of(unproven), {"anew": "1"})

    answer = Client().post(page_of(unproven), {"anew": "1"})

    assert answer.status_code == 200, "it only says that the address is confirmed"
    with pytest.raises(operations.TokenInvalid):
        operations.verify_address_anew(token=links.verification_token(unproven))


def test_confirming_for_an_account_without_a_password_leads_to_one(client):
    guest = operations.find_or_create_guest(email="ana@example.org", name="Ana")

    shown = client.get(page_of(guest)).content.decode()
    answer = client.post(page_of(guest), {"anew": "1"})

    assert 'name="password"' not in shown
    assert answer.url.startswith(reverse("password_forgotten"))
    assert fresh(guest).is_verified


def test_confirming_again_says_that_it_is_done(client, unproven):
    client.post(page_of(unproven), {"password": PASSWORD})

    for answer in (client.get(page_of(unproven)), client.post(page_of(unproven))):
        assert answer.status_code == 200
        assert "your address is confirmed" in answer.content.decode()


def test_an_address_taken_in_advance_is_of_no_use(client, origin):
    """Mallory signs up with Ana's address; Ana, who knows nothing of it, presses the button."""
    operations.register(email="ana@example.org", name="Mallory", password=PASSWORD, origin=origin)
    user = User.objects.get()

    client.post(page_of(user))
    operations.find_or_create_guest(email="ana@example.org", name="Ana")
    with transaction.atomic():
        operations.end_unverified_password(user_id=user.pk)

    assert not can_log_in(origin)


def test_confirming_needs_the_session_that_holds(unproven):
    session = unproven.get_session_auth_hash()
    operations.end_other_sessions(user_id=unproven.pk)

    with pytest.raises(operations.SessionEnded):
        operations.verify_address(token=links.verification_token(unproven), session=session)
    assert not fresh(unproven).is_verified


# ── Coming in by a link ─────────────────────────────────────────────────────
def test_log_in_by_link_says_that_it_ends_an_unproven_password(client, unproven):
    url = reverse("log_in_by_link", args=[links.login_token(unproven)])

    assert "stops working" in client.get(url).content.decode()
    assert client.post(url).url == f"{reverse('account')}#password"
    assert "Choose a password" in client.get(reverse("account")).content.decode()


def test_log_in_by_link_says_nothing_of_it_to_others(client):
    url = reverse("log_in_by_link", args=[links.login_token(UserFactory(password=PASSWORD))])

    assert "stops working" not in client.get(url).content.decode()
    assert client.post(url).url == reverse("my_bookings")


# ── What is booked under an unproven address ────────────────────────────────
def disarm(user) -> None:
    with transaction.atomic():
        operations.end_unverified_password(user_id=user.pk)


def test_disarming_ends_password_sessions_tokens_and_preferences(unproven, origin, announced):
    User.objects.filter(pk=unproven.pk).update(preferences={"all": {"email": False}})
    session, token = unproven.get_session_auth_hash(), issued_token(unproven)

    disarm(unproven)

    user = fresh(unproven)
    assert (user.is_guest, user.is_verified, user.preferences) == (True, False, {})
    assert user.get_session_auth_hash() != session
    assert operations.authenticate_token(token.secret) is None
    assert not can_log_in(origin)
    assert announced == [("password_ended", user)]


def test_disarming_leaves_a_proven_account_alone(announced):
    user = UserFactory(password=PASSWORD)
    token = issued_token(user)

    disarm(user)

    assert fresh(user).check_password(PASSWORD)
    assert operations.authenticate_token(token.secret) is not None
    assert announced == []


def test_disarming_who_has_no_password_tells_nobody(announced):
    disarm(UserFactory(email_verified_at=None))

    assert announced == []


# What somebody does who is logged in, while they are shut out.
SOMEBODY_WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
CARRYING_ON = {
    "password": ("account", {"current_password": PASSWORD, "password": OWN}),
    "token": ("account", {"token_name": "mine", "scopes": ["read"], "lifetime": "30"}),
    "session": ("log_out_elsewhere", {}),
    # No way in, but a way to keep the mails from the owner.
    "preferences": ("account", {}),
}


@pytest.mark.parametrize("way", CARRYING_ON)
def test_a_request_under_way_gives_no_new_way_in(client, unproven, way):
    name, fields = CARRYING_ON[way]
    client.force_login(unproven)

    def carry_on():
        client.post(reverse(name), {"act": way, **fields})
        connection.close()

    thread = threading.Thread(target=carry_on)
    with transaction.atomic():
        proof.lock_user(unproven.pk)
        thread.start()
        wait_until(lambda: value(SOMEBODY_WAITS))
        operations.end_unverified_password(user_id=unproven.pk)
    thread.join()

    assert fresh(unproven).is_guest
    assert fresh(unproven).preferences == {}
    assert not ApiToken.objects.exists()
    assert client.get(reverse("account")).status_code == 302


@pytest.mark.parametrize("way", CARRYING_ON)
def test_a_request_whose_session_holds_acts(client, unproven, way):
    name, fields = CARRYING_ON[way]
    client.force_login(unproven)

    assert client.post(reverse(name), {"act": way, **fields}).status_code in (200, 302)
    assert client.get(reverse("account")).status_code == 200


def test_a_password_checked_just_before_gets_no_token(unproven, origin):
    seen = operations.authenticate_with_password(
        email="ana@example.org", password=PASSWORD, origin=origin
    )
    disarm(unproven)

    with pytest.raises(operations.SessionEnded):
        operations.issue_token(
            user_id=seen.pk, name="x", scopes=["read"], session=seen.get_session_auth_hash()
        )


def wait_until(is_so) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


# ── Roles ───────────────────────────────────────────────────────────────────
def test_nobody_organizes_by_an_address_that_is_not_proven(unproven):
    with pytest.raises(operations.AddressUnproven):
        operations.make_organizer(user_id=unproven.pk)

    disarm(unproven)
    assert operations.make_organizer(user_id=unproven.pk).is_organizer
