"""Sessions that were not used, or whose time is up: who logs in again, and is told why."""

import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from boxoffice.tests.organizing import EVENTS
from evently.accounts import links, session_limits
from evently.accounts.factories import (
    PASSWORD,
    OrganizerFactory,
    SuperuserFactory,
    UserFactory,
    issued_token,
)
from evently.accounts.models import Role, User, UserSession
from evently.accounts.queries import live_sessions, sessions_of
from evently.accounts.sessions import NOTED_AT
from evently.accounts.tests.ended import (
    DAYS,
    HOURS,
    HTMX,
    MINUTE,
    held_up,
    is_logged_in,
    leave_unused,
    let_expire,
    logged_in,
    text_of,
)
from evently.accounts.tests.factors import read
from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD, name="Ana")


@pytest.mark.parametrize(
    ("factory", "limit"),
    [(UserFactory, DAYS), (OrganizerFactory, HOURS), (SuperuserFactory, HOURS)],
)
def test_session_ends_when_it_was_not_used(factory, limit):
    user = factory()
    browser = logged_in(user)
    leave_unused(browser, limit - MINUTE)
    assert len(sessions_of(user.pk)) == 1
    assert is_logged_in(browser)

    leave_unused(browser, limit + MINUTE)

    assert sessions_of(user.pk) == []
    response = browser.get(reverse("account"))
    assert response.url == f"{reverse('log_in')}?next={reverse('account')}"
    words = "14 days" if limit == DAYS else "12 hours"
    assert f"ended after {words} without use. Please log in again." in text_of(
        browser.get(response.url)
    )
    assert not Session.objects.filter(session_key=browser.cookies["sessionid"].value).exists()
    assert not UserSession.objects.exists()


def test_limits_are_settings_and_the_use_is_noted_often_enough_for_them(settings):
    user = UserFactory()
    assert session_limits.noting_interval() == timedelta(hours=1)
    settings.SESSION_IDLE_LIMIT = timedelta(hours=2)
    assert session_limits.noting_interval() == timedelta(minutes=10)
    assert session_limits.idle_limit(OrganizerFactory()) == timedelta(hours=2)
    browser = logged_in(user)
    leave_unused(browser, timedelta(minutes=110))
    assert is_logged_in(browser)
    leave_unused(browser, timedelta(minutes=130))
    assert not live_sessions().exists()
    assert not is_logged_in(browser)


def test_use_puts_the_end_off(ana):
    browser = logged_in(ana)
    for _ in range(2):
        leave_unused(browser, DAYS - MINUTE)
        assert is_logged_in(browser)
    assert browser.session[NOTED_AT] > time.time() - 60


def test_shorter_limit_holds_as_soon_as_a_user_becomes_an_organizer(ana):
    browser = logged_in(ana)
    leave_unused(browser, HOURS + MINUTE)
    assert len(sessions_of(ana.pk)) == 1

    User.objects.filter(pk=ana.pk).update(role=Role.ADMIN)

    assert sessions_of(ana.pk) == []
    assert not is_logged_in(browser)


def test_session_of_a_release_that_noted_no_use_goes_on(ana):
    browser = logged_in(ana)
    session = browser.session
    del session[NOTED_AT]
    session.save()

    assert is_logged_in(browser)

    assert NOTED_AT in browser.session


@pytest.mark.parametrize("headers", [HTMX, {"HTTP_SEC_FETCH_DEST": "empty"}])
def test_form_is_kept_though_its_page_has_asked_for_a_part_meanwhile(ana, headers):
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    browser.get(reverse("inbox_badge"), **headers)
    held_up(browser.post(reverse("account"), {"act": "profile", "name": "Anna", "timezone": ""}))


def test_what_a_page_asks_for_by_itself_is_no_use_and_ends_nothing(ana):
    browser = logged_in(ana)
    leave_unused(browser, DAYS - MINUTE)
    before = browser.session[NOTED_AT]
    assert browser.get(reverse("inbox_badge"), **HTMX).status_code == 200
    assert browser.session[NOTED_AT] == before

    leave_unused(browser, DAYS + MINUTE)

    assert browser.get(reverse("inbox_badge"), **HTMX).status_code == 286
    login = browser.get(
        reverse("inbox"), **HTMX, HTTP_HX_CURRENT_URL=f"http://testserver{reverse('inbox')}"
    )
    assert login.headers["HX-Redirect"] == f"{reverse('log_in')}?next={reverse('inbox')}"
    assert UserSession.objects.count() == 1
    assert "ended after 14 days without use" in text_of(browser.get(login.headers["HX-Redirect"]))
    assert not UserSession.objects.exists()


def test_htmx_is_led_to_no_other_site(ana):
    login = Client().get(reverse("inbox"), **HTMX, HTTP_HX_CURRENT_URL="https://evil.example/x")
    assert login.headers["HX-Redirect"] == f"{reverse('log_in')}?next=/"


def test_public_page_is_that_of_a_visitor_and_says_why(ana):
    event = EventFactory()
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)

    page = text_of(browser.get(reverse("event_detail", args=[event.pk])))

    assert "ended after 14 days without use" in page
    assert reverse("log_in") in page
    again = text_of(browser.get(reverse("event_detail", args=[event.pk])))
    assert "without use" not in again


def test_session_whose_time_is_up_says_so(ana):
    browser = logged_in(ana)
    let_expire(browser)

    response = browser.get(reverse("my_bookings"), follow=True)

    assert "Your session ended 30 days after you logged in." in text_of(response)
    assert not Session.objects.exists()


def test_expired_session_of_a_visitor_is_just_gone():
    browser = Client()
    session = browser.session
    session["x"] = 1
    session.save()
    browser.cookies["sessionid"] = session.session_key
    let_expire(browser)
    assert "session ended" not in text_of(browser.get(reverse("log_in")))


def test_api_lists_no_session_that_is_over(ana, client):
    header = {"HTTP_AUTHORIZATION": f"Bearer {issued_token(ana).secret}"}
    leave_unused(logged_in(ana), DAYS + MINUTE)
    logged_in(ana)

    listed = client.get("/api/v1/me/sessions/", **header).json()["results"]

    assert len(listed) == 1


def test_admin_asks_again_and_leads_back():
    organizer = OrganizerFactory(password=PASSWORD)
    browser = logged_in(organizer)
    leave_unused(browser, HOURS + MINUTE)

    login = browser.get(EVENTS)

    page = browser.get(login.url)
    assert "ended after 12 hours without use. Please log in again." in text_of(page)
    entered = {"username": organizer.email, "password": PASSWORD, "next": EVENTS}
    assert browser.post(login.url, entered).url == EVENTS
    assert browser.get(EVENTS).status_code == 200


def test_login_link_leads_back_in_this_browser(ana):
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    login = browser.get(browser.get(reverse("inbox")).url)
    ask = f"{reverse('log_in_link')}?next={quote(reverse('inbox'), safe='')}"
    assert ask in text_of(login)
    browser.post(ask, {"email": ana.email})

    link = reverse("log_in_by_link", args=[links.login_token(read(ana))])

    assert browser.post(link).url == reverse("inbox")
    elsewhere = Client()
    link = reverse("log_in_by_link", args=[links.login_token(read(ana))])
    assert elsewhere.post(link).url == reverse("my_bookings")
