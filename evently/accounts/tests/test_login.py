from datetime import timedelta

import pytest
from django.contrib.auth import authenticate, get_user

from evently import throttle
from evently.accounts import links, operations
from evently.accounts.backends import AddressBackend
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User
from evently.accounts.tests.requests import answered
from evently.origin import Origin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still_time")]


def log_in(email="ana@example.org", password=PASSWORD, ip="192.0.2.7"):
    return operations.authenticate_with_password(
        email=email, password=password, origin=Origin(ip_address=ip)
    )


@pytest.fixture
def ana():
    return UserFactory(email="ana@example.org", password=PASSWORD)


def test_authenticate_with_password_ignores_case_and_spaces_of_the_email(
    ana, django_assert_num_queries
):
    with django_assert_num_queries(1):
        user = log_in(" ANA@Example.ORG")
        assert (user, user.name) == (ana, ana.name)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ana@example.org", "wrong"),
        ("ana@example.org", ""),
        ("ana@example.org", "x" * 100_000),
        ("ana@example.org", "\ud800"),
        ("ana@example.org", PASSWORD + "\x00"),
        ("bo@example.org", PASSWORD),
        ("", ""),
        ("\x00", "\x00"),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_authenticate_with_password_refuses_all_with_one_error(ana, email, password):
    with pytest.raises(operations.WrongCredentials) as refusal:
        log_in(email, password)
    assert (refusal.value.text, refusal.value.details) == (operations.WrongCredentials.message, {})


def test_authenticate_with_password_refuses_guests_and_deactivated_users(ana):
    operations.find_or_create_guest(email="guest@example.org", name="Guest")
    UserFactory(email="off@example.org", password=PASSWORD, is_active=False)

    for email in ("guest@example.org", "off@example.org"):
        for password in (PASSWORD, "", "!"):
            with pytest.raises(operations.WrongCredentials):
                log_in(email, password)


@pytest.mark.parametrize("email", ["ana@example.org", "nobody@example.org", "guest@example.org"])
def test_password_is_hashed_once_for_unknown_emails_too(hashings, ana, email):
    """Hashing is what takes time, so the time does not reveal who has an account."""
    operations.find_or_create_guest(email="guest@example.org", name="Guest")
    hashings.clear()

    with pytest.raises(operations.WrongCredentials):
        log_in(email, "wrong")

    assert hashings == [(1, 8, 1)]


# ── Throttling ──────────────────────────────────────────────────────────────
def fail(times, **kwargs):
    for _ in range(times):
        with pytest.raises(operations.WrongCredentials):
            log_in(password="wrong", **kwargs)


def test_login_is_limited_even_with_the_right_password(ana):
    fail(5)

    with pytest.raises(operations.TooManyAttempts) as refusal:
        log_in()
    assert 0 < refusal.value.retry_after_seconds <= 900
    assert log_in(ip="192.0.2.8") == ana


def test_login_is_limited_alike_for_unknown_emails():
    fail(5, email="nobody@example.org")

    with pytest.raises(operations.TooManyAttempts):
        log_in("nobody@example.org")


def test_login_is_limited_across_clients(ana):
    for n in range(50):
        fail(1, ip=f"198.51.100.{n}")

    with pytest.raises(operations.TooManyAttempts):
        log_in(ip="203.0.113.1")


def test_login_is_limited_across_emails_of_one_client():
    for n in range(100):
        fail(1, email=f"person{n}@example.org")

    with pytest.raises(operations.TooManyAttempts):
        log_in("one.more@example.org")
    fail(1, email="one.more@example.org", ip="192.0.2.99")


def test_successful_logins_do_not_count(ana):
    for _ in range(20):
        assert log_in() == ana


def test_an_ipv6_network_counts_as_one_client(ana):
    for n in range(5):
        fail(1, ip=f"2001:db8:1:2::{n}")

    with pytest.raises(operations.TooManyAttempts):
        log_in(ip="2001:db8:1:2:ffff::1")
    assert log_in(ip="2001:db8:1:3::1") == ana


# ── Links ───────────────────────────────────────────────────────────────────
def test_login_link_works_once(ana, announced, origin):
    operations.request_login_link(email="ANA@example.org", origin=origin)
    assert answered(announced) == [("login_link_requested", ana)]
    token = links.login_token(ana)

    assert operations.log_in_by_link(token=token) == ana
    with pytest.raises(operations.LinkExpired):
        operations.log_in_by_link(token=token)


def test_request_login_link_ignores_unknown_and_deactivated(announced, origin):
    UserFactory(email="off@example.org", is_active=False)

    for email in ("nobody@example.org", "off@example.org", "", "\x00", "\ud800"):
        assert operations.request_login_link(email=email, origin=origin) is None
    assert answered(announced) == []


def test_login_link_keeps_password_sessions_and_tokens_of_a_verified_account(ana):
    session, token = ana.get_session_auth_hash(), issued_token(ana)

    user = operations.log_in_by_link(token=links.login_token(ana))

    assert user.check_password(PASSWORD)
    assert user.get_session_auth_hash() == session
    assert operations.authenticate_token(token.secret) is not None


def test_login_link_verifies_the_email_and_ends_earlier_access():
    user = UserFactory(email_verified_at=None, password=PASSWORD)
    session, token = user.get_session_auth_hash(), issued_token(user)

    owner = operations.log_in_by_link(token=links.login_token(user))

    assert (owner.is_verified, owner.is_guest) == (True, True)
    assert owner.get_session_auth_hash() != session
    assert operations.authenticate_token(token.secret) is None


def test_login_link_expires(ana, still_time):
    token = links.login_token(ana)
    still_time.move(timedelta(minutes=59))
    ana = operations.log_in_by_link(token=token)

    token = links.login_token(ana)
    still_time.move(timedelta(hours=1, seconds=5))

    with pytest.raises(operations.LinkExpired):
        operations.log_in_by_link(token=token)


def test_login_link_ends_when_the_account_is_deactivated(ana):
    token = links.login_token(ana)
    operations.set_active(user_id=ana.pk, active=False)

    with pytest.raises(operations.LinkExpired):
        operations.log_in_by_link(token=token)


def test_links_serve_one_purpose_each(ana):
    with pytest.raises(operations.LinkExpired):
        operations.log_in_by_link(token=links.password_reset_token(ana))
    with pytest.raises(operations.LinkExpired):
        operations.log_in_by_link(token=links.verification_token(ana))
    with pytest.raises(operations.LinkExpired):
        operations.reset_password(token=links.login_token(ana), password="another secret")


def test_emails_to_one_address_are_limited_alike_for_known_and_unknown(announced):
    UserFactory(email="ana@example.org")
    for email in ("ana@example.org", "nobody@example.org"):
        for n in range(5):
            operations.request_login_link(email=email, origin=Origin(f"192.0.2.{n}"))
        with pytest.raises(operations.TooManyAttempts):
            operations.request_login_link(email=email, origin=Origin("192.0.2.77"))
        with pytest.raises(operations.TooManyAttempts):
            operations.request_password_reset(email=email, origin=Origin("192.0.2.78"))
        with pytest.raises(operations.TooManyAttempts):
            operations.register(
                email=email, name="A", password=PASSWORD, origin=Origin("192.0.2.79")
            )
    assert len(answered(announced)) == 5


def test_emails_requested_by_one_client_are_limited(announced):
    requested = [f"person{n}@example.org" for n in range(201)]
    for email in requested[:200]:
        operations.request_login_link(email=email, origin=Origin("192.0.2.1"))

    with pytest.raises(operations.TooManyAttempts):
        operations.request_login_link(email=requested[200], origin=Origin("192.0.2.1"))
    operations.request_login_link(email=requested[200], origin=Origin("192.0.2.2"))


# ── Django's authentication ─────────────────────────────────────────────────
def test_backend_authenticates_by_email(ana, rf):
    assert authenticate(rf.post("/"), username="ana@example.org", password=PASSWORD) == ana
    assert authenticate(rf.post("/"), email="ana@example.org", password=PASSWORD) == ana
    assert authenticate(None, username="ana@example.org", password=PASSWORD) == ana
    assert authenticate(rf.post("/"), username="ana@example.org", password="wrong") is None
    assert authenticate(rf.post("/"), username="ana@example.org") is None


def test_backend_is_throttled(ana, rf):
    for _ in range(5):
        assert authenticate(rf.post("/"), username="ana@example.org", password="wrong") is None
    with pytest.raises(throttle.TooManyAttempts):
        authenticate(rf.post("/"), username="ana@example.org", password=PASSWORD)


def test_backend_finds_the_sessions_user_in_one_query(ana, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert AddressBackend().get_user(ana.pk).email == "ana@example.org"
    assert AddressBackend().get_user(UserFactory(is_active=False).pk) is None


def test_sessions_end_with_password_change_and_deactivation(ana, client, rf):
    def is_logged_in():
        request = rf.get("/")
        request.session = client.session
        return get_user(request).is_authenticated

    client.force_login(ana)
    assert is_logged_in()
    operations.change_password(user_id=ana.pk, current_password=PASSWORD, password="another secret")
    assert not is_logged_in()

    client.force_login(User.objects.get(pk=ana.pk))
    assert is_logged_in()
    operations.end_other_sessions(user_id=ana.pk)
    assert not is_logged_in()

    client.force_login(User.objects.get(pk=ana.pk))
    operations.set_active(user_id=ana.pk, active=False)
    operations.set_active(user_id=ana.pk, active=True)
    assert not is_logged_in()


def test_logging_in_writes_nothing_to_users(ana, client):
    from evently.audit.models import AuditLog

    before = User.objects.get(pk=ana.pk).updated_at
    client.force_login(ana)

    assert User.objects.get(pk=ana.pk).updated_at == before
    assert AuditLog.objects.filter(table_name="users", action="update").count() == 0
