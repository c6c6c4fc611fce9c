"""Sessions: kept in Django's table, read by a prepared statement, listed for their users."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore as DjangoStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evently.accounts import operations
from evently.accounts.devices import device_of
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User, UserSession
from evently.accounts.operations.sessions import delete_expired_sessions, note_session
from evently.accounts.queries import sessions_of
from evently.accounts.sessions import NOTED_AT, SessionStore
from evently.origin import Origin

pytestmark = pytest.mark.django_db

PAGE = "account"


@pytest.fixture
def browser():
    browser = Client()
    browser.force_login(UserFactory())
    assert browser.get(reverse(PAGE)).status_code == 200
    return browser


def test_session_that_has_expired_logs_out(browser):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert browser.get(reverse(PAGE)).status_code == 302


def test_session_ends_with_logout_though_the_cookie_was_kept(browser):
    cookie = browser.cookies["sessionid"].value
    browser.post(reverse("log_out"))

    browser.cookies["sessionid"] = cookie

    assert browser.get(reverse(PAGE)).status_code == 302
    assert not Session.objects.exists()


@pytest.mark.parametrize("key", ["unknown-key-of-a-session", "short"])
def test_unknown_session_key_is_that_of_a_visitor_and_is_not_kept(key):
    store = SessionStore(key)

    assert store.get("anything") is None
    assert store.session_key is None


def test_sessions_are_those_of_django():
    """The release before wrote them, and reads those of this one."""
    old = DjangoStore()
    old["name"] = "Ana"
    old.save()
    new = SessionStore(old.session_key)
    assert new["name"] == "Ana"

    new["name"] = "Bo"
    new.save()

    assert DjangoStore(old.session_key)["name"] == "Bo"


# ── The list of sessions ────────────────────────────────────────────────────
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0"
)


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD)


def log_in(ana, user_agent=FIREFOX, address="192.0.2.7"):
    browser = Client(HTTP_USER_AGENT=user_agent, REMOTE_ADDR=address)
    browser.post(reverse("log_in"), {"email": ana.email, "password": PASSWORD})
    assert is_logged_in(browser)
    return browser


def is_logged_in(browser):
    return browser.get(reverse(PAGE)).status_code == 200


def listed(ana):
    return [session.device for session in sessions_of(ana.pk)]


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        (
            "Mozilla/5.0 (Linux; Android 16) Chrome/141.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.16", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_device_is_named_by_browser_and_system(user_agent, device):
    assert device_of(user_agent) == device


def test_account_page_lists_sessions_and_ends_one(ana):
    desk, phone = log_in(ana), log_in(ana, IPHONE, "2001:db8::7")

    page = desk.get(reverse(PAGE)).content.decode()

    assert "Firefox on Windows" in page
    assert "Safari on iPhone" in page
    assert "2001:db8::7" in page
    assert page.count("This session") == 1
    (other,) = [one for one in sessions_of(ana.pk) if one.device == "Safari on iPhone"]
    ended = desk.post(reverse("end_session", args=[other.id]), follow=True)
    assert "has been logged out" in ended.content.decode()
    assert not is_logged_in(phone)
    assert is_logged_in(desk)
    assert listed(ana) == ["Firefox on Windows"]
    again = desk.post(reverse("end_session", args=[other.id]), follow=True)
    assert "has ended already" in again.content.decode()


def test_session_of_another_user_cannot_be_ended(ana):
    bo = UserFactory(password=PASSWORD)
    desk, other = log_in(ana), log_in(bo)
    (session,) = sessions_of(bo.pk)

    desk.post(reverse("end_session", args=[session.id]))

    assert is_logged_in(other)


def test_logout_takes_the_session_off_the_list(ana):
    desk = log_in(ana)
    log_in(ana, IPHONE)

    desk.post(reverse("log_out"))

    assert listed(ana) == ["Safari on iPhone"]


@pytest.mark.parametrize("act", ["log out elsewhere", "change the password"])
def test_what_ends_other_sessions_empties_the_list_but_for_this_one(ana, act):
    desk = log_in(ana)
    phone = log_in(ana, IPHONE)
    since = sessions_of(ana.pk)[-1].started_at
    if act == "log out elsewhere":
        desk.post(reverse("log_out_elsewhere"))
    else:
        new = {"current_password": PASSWORD, "password": "another fine sentence"}
        desk.post(reverse(PAGE), {"act": "password", **new})

    assert is_logged_in(desk)
    assert not is_logged_in(phone)
    (session,) = sessions_of(ana.pk, current=desk.session.session_key)
    assert (session.device, session.is_current) == ("Firefox on Windows", True)
    assert session.started_at == since


def test_deactivating_an_account_ends_its_sessions(ana):
    desk = log_in(ana)

    operations.set_active(user_id=ana.pk, active=False)
    operations.set_active(user_id=ana.pk, active=True)

    assert listed(ana) == []
    assert not is_logged_in(desk)


def test_use_is_noted_once_an_hour_and_costs_no_query_between(ana, django_assert_num_queries):
    desk = log_in(ana)
    ends = desk.session.get_expiry_date()
    (before,) = sessions_of(ana.pk)
    path = reverse("my_bookings")
    # The session with its user, the bookings, unread messages, the pending deletion.
    with django_assert_num_queries(4):
        desk.get(path)
    session = desk.session
    session[NOTED_AT] -= 3601
    session.save()
    UserSession.objects.update(last_seen_at=before.started_at - timedelta(hours=2))

    desk.get(path, REMOTE_ADDR="192.0.2.8")

    (after,) = sessions_of(ana.pk)
    assert after.last_seen_at > before.last_seen_at
    assert (after.ip_address, after.started_at) == ("192.0.2.8", before.started_at)
    assert desk.session.get_expiry_date() == ends
    with django_assert_num_queries(4):
        desk.get(path)


def test_session_of_the_release_before_is_listed_once_it_is_used(ana):
    desk = log_in(ana)
    session = SessionStore()
    session.update({name: desk.session[name] for name in ("_auth_user_id", "_auth_user_backend")})
    UserSession.objects.all().delete()
    session["_auth_user_hash"] = ana.get_session_auth_hash()
    session.save()
    desk.cookies["sessionid"] = session.session_key

    assert is_logged_in(desk)

    assert listed(ana) == ["Firefox on Windows"]


def test_the_user_of_a_session_is_whom_its_data_names(ana):
    """The list of sessions only saves a query."""
    desk, other = log_in(ana), UserFactory()
    UserSession.objects.update(user=other)

    assert desk.get(reverse(PAGE)).wsgi_request.user == ana


def test_user_who_is_deactivated_is_a_visitor_though_the_session_is_there(ana):
    desk = log_in(ana)
    data = Session.objects.get()
    User.objects.filter(pk=ana.pk).update(is_active=False)
    data.save(force_insert=not Session.objects.exists())

    assert not is_logged_in(desk)


def test_session_without_a_login_is_read_in_one_query(django_assert_num_queries):
    store = SessionStore()
    store["anything"] = "kept"
    store.save()
    again = SessionStore(store.session_key)

    with django_assert_num_queries(1):
        assert again["anything"] == "kept"
    assert again.read_user is None


def test_session_that_ended_meanwhile_is_not_listed_again(ana):
    origin = Origin()
    assert note_session(user_id=ana.pk, session_key="gone", origin=origin) is None
    assert listed(ana) == []


def test_expired_sessions_go_off_the_list(ana):
    log_in(ana)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    delete_expired_sessions()

    assert not UserSession.objects.exists()


def test_sessions_in_the_api(ana, client):
    desk = log_in(ana)
    header = {"HTTP_AUTHORIZATION": f"Bearer {issued_token(ana).secret}"}
    (session,) = client.get("/api/v1/me/sessions/", **header).json()["results"]
    assert session["device"] == "Firefox on Windows"
    assert session["ip_address"] == "192.0.2.7"

    path = f"/api/v1/me/sessions/{session['id']}/"
    other = {"HTTP_AUTHORIZATION": f"Bearer {issued_token(UserFactory()).secret}"}
    assert client.delete(path, **other).status_code == 404
    assert client.delete(path, **header).status_code == 204
    assert not is_logged_in(desk)
    assert client.delete(path, **header).status_code == 404
