from datetime import timedelta

import pytest

from evently.accounts import links, operations
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User
from evently.accounts.tests.requests import answered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still_time")]

NEW = "another secret"


@pytest.fixture
def ana():
    return UserFactory(email="ana@example.org", password=PASSWORD)


def test_passwords_are_hashed_with_argon2(ana):
    assert ana.password.startswith("argon2$argon2id$")


def test_request_password_reset_ignores_unknown_emails(ana, announced, origin):
    operations.request_password_reset(email="ANA@example.org ", origin=origin)
    operations.request_password_reset(email="nobody@example.org", origin=origin)

    assert answered(announced) == [("password_reset_requested", ana)]


def test_reset_password_works_once(ana):
    token = links.password_reset_token(ana)

    user = operations.reset_password(token=token, password=NEW)

    assert user.check_password(NEW)
    with pytest.raises(operations.LinkExpired):
        operations.reset_password(token=token, password="yet another")
    assert User.objects.get(pk=ana.pk).check_password(NEW)


def test_reset_password_ends_sessions_tokens_and_links(ana):
    session, token = ana.get_session_auth_hash(), issued_token(ana)
    login = links.login_token(ana)

    user = operations.reset_password(token=links.password_reset_token(ana), password=NEW)

    assert user.get_session_auth_hash() != session
    assert operations.authenticate_token(token.secret) is None
    with pytest.raises(operations.LinkExpired):
        operations.log_in_by_link(token=login)


def test_reset_password_verifies_the_email():
    user = UserFactory(email_verified_at=None, password=PASSWORD)

    user = operations.reset_password(token=links.password_reset_token(user), password=NEW)

    assert user.is_verified
    assert User.objects.get(pk=user.pk).check_password(NEW)


def test_reset_password_sets_the_first_password_of_a_guest(origin):
    guest = operations.find_or_create_guest(email="guest@example.org", name="Guest")

    operations.reset_password(token=links.password_reset_token(guest), password=NEW)

    assert (
        operations.authenticate_with_password(
            email="guest@example.org", password=NEW, origin=origin
        )
        == guest
    )


def test_reset_password_keeps_the_link_after_a_weak_password(ana):
    token = links.password_reset_token(ana)

    with pytest.raises(operations.WeakPassword) as refusal:
        operations.reset_password(token=token, password="short")
    assert "10 characters" in refusal.value.fields["password"]
    assert operations.reset_password(token=token, password=NEW) == ana


def test_reset_password_expires(ana, still_time):
    token = links.password_reset_token(ana)
    still_time.move(timedelta(hours=3, minutes=59))
    ana = operations.reset_password(token=token, password=PASSWORD)

    token = links.password_reset_token(ana)
    still_time.move(timedelta(hours=4, seconds=5))

    with pytest.raises(operations.LinkExpired):
        operations.reset_password(token=token, password=NEW)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\x00", "ä", "\ud800", "." * 1000])
def test_reset_password_refuses_malformed_tokens(token):
    with pytest.raises(operations.LinkExpired):
        operations.reset_password(token=token, password=NEW)


def test_change_password(ana):
    pending = links.password_reset_token(ana)

    user = operations.change_password(user_id=ana.pk, current_password=PASSWORD, password=NEW)

    assert user.check_password(NEW)
    assert isinstance(user.link_version, int)
    with pytest.raises(operations.LinkExpired):
        operations.reset_password(token=pending, password="yet another")


def test_change_password_needs_the_current_one(ana):
    with pytest.raises(operations.WrongPassword) as refusal:
        operations.change_password(user_id=ana.pk, current_password="wrong", password=NEW)

    assert refusal.value.fields.keys() == {"current_password"}
    assert User.objects.get(pk=ana.pk).check_password(PASSWORD)


def test_change_password_is_throttled(ana):
    for _ in range(10):
        with pytest.raises(operations.WrongPassword):
            operations.change_password(user_id=ana.pk, current_password="wrong", password=NEW)

    with pytest.raises(operations.TooManyAttempts):
        operations.change_password(user_id=ana.pk, current_password=PASSWORD, password=NEW)


def test_change_password_refuses_a_weak_one(ana):
    with pytest.raises(operations.WeakPassword):
        operations.change_password(user_id=ana.pk, current_password=PASSWORD, password="short")


def test_change_password_sets_the_first_password_of_a_guest():
    guest = operations.find_or_create_guest(email="guest@example.org", name="Guest")

    user = operations.change_password(user_id=guest.pk, current_password="", password=NEW)

    assert user.check_password(NEW)


def test_audit_log_redacts_the_password(ana):
    from evently.audit.models import AuditLog

    operations.change_password(user_id=ana.pk, current_password=PASSWORD, password=NEW)

    row = AuditLog.objects.get(row_id=ana.pk, action="update")
    assert row.after == {"password_hash": "[redacted]"}
