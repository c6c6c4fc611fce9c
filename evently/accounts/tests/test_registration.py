import re
import threading
from datetime import timedelta

import pytest
from django.db import connection

from evently.accounts import links, operations
from evently.accounts.email_models import EmailRequest
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User
from evently.accounts.queries import user_with_address
from evently.accounts.tests.requests import answered
from evently.audit.models import AuditLog
from evently.person_names import NameInvalid
from evently.privacy.addresses import AddressInvalid
from evently.privacy.models import PersonKey
from evently.throttle import TooManyAttempts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still_time")]


def register(origin, **changes):
    columns = {"email": "ana@example.org", "name": "Ana", "password": PASSWORD} | changes
    return operations.register(**columns, origin=origin)


def test_register_creates_an_unverified_user(origin, announced):
    assert register(origin, email=" Ana@Example.org ", name=" Ana  B ") is None

    user = user_with_address("ana@example.org")
    assert (user.email, user.name, user.role) == ("Ana@Example.org", "Ana B", "user")
    assert not user.is_verified
    assert user.check_password(PASSWORD)
    assert answered(announced) == [
        ("user_registered", user),
        ("address_verification_requested", user),
    ]


def test_register_again_changes_nothing_and_notifies_the_owner(origin, announced):
    user = UserFactory(email="ana@example.org", name="Ana", password=PASSWORD)

    answer = register(origin, email="ANA@example.org", name="Mallory", password="another secret")

    user.refresh_from_db()
    assert answer is None
    assert User.objects.count() == 1
    assert (user.name, user.check_password(PASSWORD)) == ("Ana", True)
    assert answered(announced) == [("registration_repeated", user)]


def test_register_does_not_notify_a_deactivated_user(origin, announced):
    UserFactory(email="ana@example.org", is_active=False)

    assert register(origin) is None
    assert answered(announced) == []


def test_register_for_a_guest_does_not_set_a_password(origin, announced):
    guest = operations.find_or_create_guest(email="ana@example.org", name="Ana")

    register(origin)

    guest.refresh_from_db()
    assert guest.is_guest
    assert answered(announced) == [("registration_repeated", guest)]


@pytest.mark.parametrize("email", ["new@example.org", "ana@example.org"])
def test_register_hashes_a_password_when_the_address_is_taken_too(
    origin, announced, hashings, email
):
    """Hashing is what takes time, so the time does not reveal who has an account."""
    UserFactory(email="ana@example.org")
    hashings.clear()

    register(origin, email=email)

    assert hashings == [(1, 8, 1)]


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"email": "ana"}, AddressInvalid, "email"),
        ({"email": "ana\x00@example.org"}, AddressInvalid, "email"),
        ({"name": ""}, NameInvalid, "name"),
        ({"name": "A\x00"}, NameInvalid, "name"),
        ({"password": "short"}, operations.WeakPassword, "password"),
        ({"password": "password1234"}, operations.WeakPassword, "password"),
        ({"password": "12345678901234"}, operations.WeakPassword, "password"),
        ({"password": "x" * 1025}, operations.WeakPassword, "password"),
        ({"password": "correct horse \ud800"}, operations.WeakPassword, "password"),
    ],
)
def test_register_refuses(origin, announced, changes, refusal, field):
    with pytest.raises(refusal) as caught:
        register(origin, **changes)

    assert caught.value.fields.keys() == {field}
    assert (User.objects.count(), announced) == (0, [])


def test_register_is_answered_again_where_a_receiver_failed(origin, announced):
    def fail(sender, **kwargs):
        raise ZeroDivisionError

    from evently.accounts.signals import user_registered

    user_registered.connect(fail, weak=False)
    register(origin)
    with pytest.raises(ZeroDivisionError):
        answered(announced)

    assert (User.objects.count(), PersonKey.objects.count()) == (1, 1)
    assert EmailRequest.objects.count() == 1, "it is answered again later"


@pytest.mark.django_db(transaction=True)
def test_concurrent_register_creates_one_account(origin, announced):
    barrier, failures = threading.Barrier(4), []

    def work():
        try:
            barrier.wait()
            register(origin)
        except Exception as error:  # noqa: BLE001  (handed to the test)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert (User.objects.count(), PersonKey.objects.count()) == (1, 1)
    assert [name for name, _ in answered(announced)].count("user_registered") == 1
    assert [name for name, _ in answered(announced)].count("registration_repeated") == 3


def test_register_leaves_no_personal_data_in_the_audit_log(origin, announced):
    register(origin)

    text = "".join(f"{row.actor}{row.before}{row.after}" for row in AuditLog.objects.all())
    # By the word: sealed values and ids have any letters.
    assert re.search(r"\bana\b", text.lower()) is None


# ── Verifying ───────────────────────────────────────────────────────────────
def verify(user, token):
    return operations.verify_address(token=token, session=user.get_session_auth_hash())


def test_verify_address(origin, announced):
    register(origin)
    user = user_with_address("ana@example.org")
    token = links.verification_token(user)

    verified = verify(user, token)

    assert verified == user
    assert verified.is_verified
    assert verified.check_password(PASSWORD)
    first = User.objects.get().email_verified_at
    assert verify(user, token).email_verified_at == first


def test_verify_address_refuses_other_tokens():
    user = UserFactory(email_verified_at=None)
    good = links.verification_token(user)

    for token in ("", "x", good[:-1], "f" + good[1:], links.login_token(user), "ä", "\ud800"):
        with pytest.raises(operations.LinkExpired):
            verify(user, token)
    assert not User.objects.get().is_verified


def test_verify_address_expires_after_a_week(still_time):
    in_time, late = UserFactory.create_batch(2, email_verified_at=None)
    tokens = [links.verification_token(user) for user in (in_time, late)]

    still_time.move(timedelta(days=6, hours=23))
    assert verify(in_time, tokens[0]) == in_time
    still_time.move(timedelta(hours=1, seconds=5))
    token = tokens[1]

    with pytest.raises(operations.LinkExpired):
        verify(late, token)


def test_verify_address_refuses_once_the_email_has_changed():
    user = UserFactory(email_verified_at=None)
    token = links.verification_token(user)
    user.save(update_fields=user.seal(user.key, email="other@example.org"))

    with pytest.raises(operations.LinkExpired):
        verify(user, token)


def test_request_address_verification(origin, announced):
    user, verified = UserFactory(email_verified_at=None), UserFactory()

    operations.request_address_verification(user_id=user.pk, origin=origin)
    operations.request_address_verification(user_id=verified.pk, origin=origin)

    assert answered(announced) == [("address_verification_requested", user)]


def test_tokens_are_url_safe():
    user = UserFactory()
    for token in (
        links.verification_token(user),
        links.password_reset_token(user),
        links.login_token(user),
    ):
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)


# ── Guests ──────────────────────────────────────────────────────────────────
def test_find_or_create_guest_creates_one_without_a_password(announced):
    guest = operations.find_or_create_guest(email="ana@example.org", name="Ana")

    assert (guest.email, guest.name, guest.is_guest, guest.is_verified) == (
        "ana@example.org",
        "Ana",
        True,
        False,
    )
    assert answered(announced) == []


def test_find_or_create_guest_finds_the_same_again(django_assert_max_num_queries):
    guest = operations.find_or_create_guest(email="ana@example.org", name="Ana")

    with django_assert_max_num_queries(8):
        again = operations.find_or_create_guest(email="ANA@example.org", name="Other")

    assert again == guest
    assert again.name == "Ana"
    assert again.is_guest


def test_find_or_create_guest_keeps_a_verified_account():
    user = UserFactory(email="ana@example.org", password=PASSWORD)
    token = issued_token(user)

    found = operations.find_or_create_guest(email="ana@example.org", name="Ana")

    assert found == user
    assert found.check_password(PASSWORD)
    assert operations.authenticate_token(token.secret) is not None


def test_find_or_create_guest_keeps_an_unverified_account(origin, announced):
    register(origin)
    user = user_with_address("ana@example.org")
    session, token = user.get_session_auth_hash(), issued_token(user)

    guest = operations.find_or_create_guest(email="ana@example.org", name="Ana")

    assert guest == user
    assert guest.get_session_auth_hash() == session
    assert operations.authenticate_token(token.secret) is not None


def test_find_or_create_guest_refuses():
    UserFactory(email="off@example.org", is_active=False)

    with pytest.raises(operations.AccountInactive):
        operations.find_or_create_guest(email="off@example.org", name="Ana")
    with pytest.raises(AddressInvalid):
        operations.find_or_create_guest(email="off", name="Ana")
    with pytest.raises(NameInvalid):
        operations.find_or_create_guest(email="new@example.org", name=" ")
    assert User.objects.count() == 1


@pytest.mark.parametrize("has_account", [True, False])
def test_find_or_create_guest_is_limited_by_email(has_account):
    if has_account:
        UserFactory(email="ana@example.org")
    for _ in range(20):
        operations.find_or_create_guest(email="ana@example.org", name="Mallory")

    with pytest.raises(TooManyAttempts):
        operations.find_or_create_guest(email="ANA@example.org", name="Mallory")
    operations.find_or_create_guest(email="bo@example.org", name="Bo")
