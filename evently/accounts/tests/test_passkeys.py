"""Passkeys: added, used as the second step and instead of the password, copied, replayed."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from evently.accounts.factories import PASSWORD, UserFactory
from evently.accounts.models import Passkey
from evently.accounts.operations import passkeys
from evently.accounts.tests.authenticators import Authenticator
from evently.accounts.tests.factors import (
    CHALLENGE,
    enter_password,
    is_logged_in,
    read,
    with_app,
    with_passkey,
)
from evently.origin import Origin
from evently.throttle import TooManyAttempts

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD)


def options(browser, name):
    response = browser.post(reverse(name))
    assert response.status_code == 200
    return response.content.decode()


def answer(browser, authenticator, *, name="passkey_check_options", to="second_step"):
    given = authenticator.get(options(browser, name))
    return browser.post(reverse(to), {"passkey_answer": given})


def sign_in(browser, authenticator):
    return answer(browser, authenticator, name="passkey_options", to="log_in_with_passkey")


def test_passkey_is_added_used_and_removed_on_the_pages(ana):
    browser, _ = enter_password(ana)
    authenticator = Authenticator()
    made = authenticator.create(options(browser, "passkey_add_options"))

    done = browser.post(reverse("add_passkey"), {"name": " My phone ", "passkey_answer": made})

    assert len(done.context["codes"]) == 10
    assert is_logged_in(browser)
    passkey = Passkey.objects.get()
    assert (passkey.name, passkey.transports) == ("My phone", ["internal"])
    assert "My phone" in browser.get(reverse("security")).content.decode()

    other, response = enter_password(ana)
    assert response.url == reverse("second_step")
    assert answer(other, authenticator).status_code == 302
    assert is_logged_in(other)
    passkey.refresh_from_db()
    assert passkey.sign_count == 1
    assert passkey.last_used_at is not None

    other.post(reverse("remove_passkey", args=[passkey.pk]))
    assert not Passkey.objects.exists()


def test_passkey_logs_in_without_a_password(ana):
    authenticator, _ = with_passkey(ana)
    with_app(ana)
    browser = Client()
    asked = json.loads(options(browser, "passkey_options"))
    assert asked["allowCredentials"] == []
    assert asked["userVerification"] == "required"

    assert sign_in(browser, authenticator).url == reverse("home")

    assert is_logged_in(browser)


def test_security_key_without_a_pin_is_a_second_step_only(ana):
    authenticator, _ = with_passkey(ana, verifies=False)

    browser = Client()
    assert sign_in(browser, authenticator).status_code == 403
    assert not is_logged_in(browser)

    enter_password(ana, browser)
    answer(browser, authenticator)
    assert is_logged_in(browser)


@pytest.mark.parametrize("case", ["unknown", "of a user who is deactivated"])
def test_refusal_does_not_tell_who_has_an_account(ana, case):
    authenticator, _ = with_passkey(ana)
    if case == "unknown":
        Passkey.objects.all().delete()
    else:
        type(ana).objects.filter(pk=ana.pk).update(is_active=False)

    response = sign_in(Client(), authenticator)

    assert response.status_code == 403
    assert "This passkey could not be checked" in response.content.decode()


def test_answer_works_once_and_for_its_ceremony_only(ana):
    authenticator, _ = with_passkey(ana, counts=False)
    browser, _ = enter_password(ana)
    given = authenticator.get(options(browser, "passkey_check_options"))
    other, _ = enter_password(ana)
    form = {"passkey_answer": given}
    assert other.post(reverse("second_step"), form).status_code == 403  # no challenge of its own
    options(other, "passkey_check_options")
    assert other.post(reverse("second_step"), form).status_code == 403
    assert browser.post(reverse("log_in_with_passkey"), form).status_code == 403
    # That used up the challenge.
    assert browser.post(reverse("second_step"), form).status_code == 403
    assert answer(browser, authenticator).status_code == 302
    assert is_logged_in(browser)
    assert not is_logged_in(other)


def test_old_challenge_has_ended(ana):
    authenticator, _ = with_passkey(ana)
    browser, _ = enter_password(ana)
    given = authenticator.get(options(browser, "passkey_check_options"))
    session = browser.session
    session["passkey_challenge"] = [*session["passkey_challenge"][:2], 1]
    session.save()
    assert browser.post(reverse("second_step"), {"passkey_answer": given}).status_code == 403


def test_copy_of_a_passkey_is_found_by_its_counter(ana):
    authenticator, _ = with_passkey(ana)
    asked = passkeys.request_options(passkeys=[], challenge=CHALLENGE)
    for _ in range(3):
        passkeys.check_passkey(user_id=ana.pk, answer=authenticator.get(asked), challenge=CHALLENGE)
    authenticator.count = 1
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.check_passkey(user_id=ana.pk, answer=authenticator.get(asked), challenge=CHALLENGE)


@pytest.mark.parametrize(
    "change",
    ["origin", "key", "owner", "handle", "challenge"],
)
def test_what_is_not_the_users_passkey_is_refused(ana, change):
    authenticator, _ = with_passkey(ana)
    user, challenge = ana, CHALLENGE
    if change == "origin":
        authenticator.origin = "http://localhost.evil.example"
    elif change == "key":
        authenticator.private_key = Authenticator().private_key
    elif change == "owner":
        user = UserFactory()
    elif change == "handle":
        authenticator.user_handle = "AAAA"
    else:
        challenge = b"d" * 32
    asked = passkeys.request_options(passkeys=[], challenge=CHALLENGE)
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.check_passkey(
            user_id=user.pk, answer=authenticator.get(asked), challenge=challenge
        )


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "1", '{"id": 1}', "x" * 30_000, "{", '{"id": "\\ud800"}']
)
def test_malformed_answers_are_refused(ana, text):
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.sign_in_with_passkey(answer=text, challenge=CHALLENGE, origin=Origin())
    with pytest.raises(passkeys.PasskeyNotAdded):
        passkeys.add_passkey(user_id=ana.pk, name="x", answer=text, challenge=CHALLENGE)


@pytest.mark.parametrize("part", ["attestationObject", "clientDataJSON"])
@pytest.mark.parametrize("cut", [0, 1, 40, 90, 150, "end"])
def test_damaged_registrations_are_refused(ana, part, cut):
    made = json.loads(
        Authenticator().create(
            passkeys.registration_options(user=read(ana), passkeys=[], challenge=CHALLENGE)
        )
    )
    text = made["response"][part]
    made["response"][part] = text[:-3] if cut == "end" else text[:cut]
    with pytest.raises(passkeys.PasskeyNotAdded):
        passkeys.add_passkey(user_id=ana.pk, name="x", answer=json.dumps(made), challenge=CHALLENGE)


@pytest.mark.parametrize("part", ["authenticatorData", "clientDataJSON", "signature"])
@pytest.mark.parametrize("cut", [0, 1, 30, 49, "end"])
def test_damaged_answers_are_refused(ana, part, cut):
    authenticator, _ = with_passkey(ana)
    asked = passkeys.request_options(passkeys=[], challenge=CHALLENGE)
    given = json.loads(authenticator.get(asked))
    text = given["response"][part]
    given["response"][part] = text[:-3] if cut == "end" else text[:cut]
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.check_passkey(user_id=ana.pk, answer=json.dumps(given), challenge=CHALLENGE)


def test_passkey_is_added_once_and_so_many(ana, monkeypatch):
    authenticator, _ = with_passkey(ana)
    asked = passkeys.registration_options(user=read(ana), passkeys=[], challenge=CHALLENGE)
    again = authenticator.create(asked)
    with pytest.raises(passkeys.PasskeyKnown):
        passkeys.add_passkey(user_id=ana.pk, name="x", answer=again, challenge=CHALLENGE)
    monkeypatch.setattr(passkeys, "MOST_PASSKEYS", 1)
    with pytest.raises(passkeys.TooManyPasskeys):
        with_passkey(ana)


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\x07b"])
def test_passkey_has_a_name(ana, name):
    with pytest.raises(passkeys.PasskeyNameInvalid):
        passkeys.add_passkey(user_id=ana.pk, name=name, answer="{}", challenge=CHALLENGE)


def test_options_need_a_login_where_they_are_about_a_user(client):
    assert client.post(reverse("passkey_add_options")).status_code == 403
    assert client.post(reverse("passkey_check_options")).status_code == 403


def test_attempts_of_one_client_are_limited(ana):
    origin = Origin(ip_address="192.0.2.77")
    for _ in range(100):
        with pytest.raises(passkeys.WrongPasskey):
            passkeys.sign_in_with_passkey(answer="", challenge=CHALLENGE, origin=origin)
    with pytest.raises(TooManyAttempts):
        passkeys.sign_in_with_passkey(answer="", challenge=CHALLENGE, origin=origin)
