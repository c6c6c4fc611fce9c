"""Sessions that were not used, or whose time is up: who is asked to log in again, and what is kept.

Pages of all apps are asked here, since their forms survive it.
"""

import time
from datetime import timedelta
from threading import Barrier, Thread
from urllib.parse import quote, urlencode

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking
from boxoffice.tests.organizing import EVENTS, event_page, form_of
from evently.accounts import ended_sessions, links, session_limits
from evently.accounts.factories import (
    PASSWORD,
    OrganizerFactory,
    SuperuserFactory,
    UserFactory,
    issued_token,
)
from evently.accounts.models import Role, User, UserSession
from evently.accounts.operations.sessions import digest_of_session
from evently.accounts.queries import live_sessions, sessions_of
from evently.accounts.sessions import KEPT_FORM, NOTED_AT
from evently.accounts.tests.factors import code_of, enter_password, read, with_app
from evently.tests.forms import filled_fields
from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)

DAYS = timedelta(days=14)
HOURS = timedelta(hours=12)
MINUTE = timedelta(minutes=1)
HTMX = {"HTTP_HX_REQUEST": "true"}
SENDING = {ended_sessions.SENDING: "yes"}


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD, name="Ana")


def logged_in(user):
    browser = Client()
    browser.force_login(user)
    return browser


def leave_unused(browser, length):
    """Let so much time pass for a session, in both places where its last use is noted."""
    session = browser.session
    session[NOTED_AT] = int(time.time() - length.total_seconds())
    session.save()
    UserSession.objects.filter(session_digest=digest_of_session(session.session_key)).update(
        last_seen_at=timezone.now() - length
    )


def let_expire(browser):
    Session.objects.filter(session_key=browser.session.session_key).update(
        expire_date=timezone.now() - MINUTE
    )


def is_logged_in(browser):
    return browser.get(reverse("account")).status_code == 200


def text_of(response):
    return response.content.decode()


def held_up(response):
    """Assert that a form was kept, and return the URL of the login page."""
    assert response.status_code == 302, text_of(response)
    assert response.url == f"{reverse('log_in')}?next={reverse('send_kept_form')}"
    return response.url


def send_kept(browser):
    """Send the kept form by the page that offers it."""
    page = browser.get(reverse("send_kept_form"))
    assert "Send what you entered?" in text_of(page)
    assert filled_fields(page) == SENDING
    return press_send(browser, page.context["action"])


def press_send(browser, url, **more):
    form = urlencode(SENDING)
    return browser.post(url, form, content_type="application/x-www-form-urlencoded", **more)


# ── When a session is over ──────────────────────────────────────────────────
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
    assert f"it was not used for {words}. Please log in again." in text_of(
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
    assert "it was not used for 14 days" in text_of(browser.get(login.headers["HX-Redirect"]))
    assert not UserSession.objects.exists()


def test_htmx_is_led_to_no_other_site(ana):
    login = Client().get(reverse("inbox"), **HTMX, HTTP_HX_CURRENT_URL="https://evil.example/x")
    assert login.headers["HX-Redirect"] == f"{reverse('log_in')}?next=/"


def test_public_page_is_that_of_a_visitor_and_says_why(ana):
    event = EventFactory()
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)

    page = text_of(browser.get(reverse("event_detail", args=[event.pk])))

    assert "it was not used for 14 days" in page
    assert reverse("log_in") in page
    again = text_of(browser.get(reverse("event_detail", args=[event.pk])))
    assert "it was not used" not in again


def test_session_whose_time_is_up_says_so(ana):
    browser = logged_in(ana)
    let_expire(browser)

    response = browser.get(reverse("my_bookings"), follow=True)

    assert "Your session ended, 30 days after you logged in." in text_of(response)
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
    assert "it was not used for 12 hours. Please log in again." in text_of(page)
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


# ── Forms that were sent too late ───────────────────────────────────────────
@pytest.mark.parametrize("end", [lambda browser: leave_unused(browser, 2 * DAYS), let_expire])
def test_booking_is_made_after_the_login(ana, end):
    event = EventFactory(priced=20)
    url = reverse("book", args=[event.pk])
    browser = logged_in(ana)
    form = filled_fields(browser.get(f"{url}?quantity=2"))
    end(browser)

    login = held_up(browser.post(url, form))

    assert not Booking.objects.exists()
    page = browser.get(login)
    assert "log in to send what you entered" in text_of(page)
    _, response = enter_password(ana, browser, next=filled_fields(page)["next"])
    assert response.url == reverse("send_kept_form")
    booked = send_kept(browser)
    booking = Booking.objects.get()
    assert (booking.user_id, booking.quantity) == (ana.pk, 2)
    assert str(booking.pk) in booked.url
    again = press_send(browser, url, follow=True)
    assert "sent already, or was kept for too long" in text_of(again)
    assert Booking.objects.count() == 1


def test_event_edited_in_the_admin_is_saved_after_the_login():
    organizer = OrganizerFactory(password=PASSWORD)
    event = EventFactory(created_by=organizer, published_at=None)
    browser = logged_in(organizer)
    form = form_of(browser, event_page(event)) | {"name": "Jazz & Co – “late”"}
    leave_unused(browser, HOURS + MINUTE)

    held_up(browser.post(event_page(event), form))
    enter_password(organizer, browser)
    send_kept(browser)

    event.refresh_from_db()
    assert event.name == "Jazz & Co – “late”"


def test_form_outlasts_the_second_step(ana):
    secret, _ = with_app(ana)
    browser = logged_in(read(ana))
    leave_unused(browser, DAYS + MINUTE)
    held_up(browser.post(reverse("account"), {"act": "profile", "name": "Anna", "timezone": ""}))

    enter_password(ana, browser, next=reverse("send_kept_form"))
    done = browser.post(reverse("second_step"), {"code": code_of(secret)})

    assert done.url == reverse("send_kept_form")
    send_kept(browser)
    assert read(ana).name == "Anna"


def test_kept_form_is_its_users_alone_and_for_an_hour(ana, monkeypatch):
    entered = {"act": "profile", "name": "Anna", "timezone": ""}
    bo = UserFactory(password=PASSWORD)
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    held_up(browser.post(reverse("account"), entered))
    assert browser.session.get_expiry_age() <= ended_sessions.KEPT_SECONDS
    assert "Anna" not in str(dict(browser.session))

    enter_password(bo, browser)
    assert browser.get(reverse("send_kept_form")).url == reverse("home")
    press_send(browser, reverse("account"))
    assert read(bo).name != "Anna"

    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    held_up(browser.post(reverse("account"), entered))
    enter_password(ana, browser)
    monkeypatch.setattr(ended_sessions, "KEPT_SECONDS", -1)
    assert browser.get(reverse("send_kept_form")).url == reverse("home")
    press_send(browser, reverse("account"))
    assert read(ana).name == "Ana"


def test_kept_form_is_sent_to_its_own_page_only(ana):
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    held_up(browser.post(reverse("account"), {"act": "profile", "name": "Anna", "timezone": ""}))
    enter_password(ana, browser)

    press_send(browser, reverse("log_out_elsewhere"))

    assert read(ana).name == "Ana"
    assert KEPT_FORM not in browser.session


def test_passwords_are_not_kept(ana):
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    new = {"act": "password", "current_password": PASSWORD, "password": "another fine sentence"}
    held_up(browser.post(reverse("account"), new))
    enter_password(ana, browser)
    kept = read(ana).key.open("kept_form", browser.session[KEPT_FORM])
    assert "act=password" in kept
    assert "fine" not in kept

    assert "This field is required" in text_of(send_kept(browser))


def test_file_is_not_kept_which_the_page_says():
    organizer = OrganizerFactory(password=PASSWORD)
    browser = logged_in(organizer)
    leave_unused(browser, HOURS + MINUTE)
    page = "/admin/events/eventimport/add/"
    form = {"file": SimpleUploadedFile("events.csv", b"Subject"), "timezone": "Europe/Berlin"}

    login = browser.post(page, form, HTTP_REFERER=f"http://testserver{page}").url

    assert login == f"{reverse('log_in')}?next={page}"
    assert "could not be kept" in text_of(browser.get(login))


def test_form_that_is_too_large_is_not_kept(ana, monkeypatch):
    monkeypatch.setattr(ended_sessions, "MOST_CHARACTERS", 100)
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    referer = f"http://testserver{reverse('account')}"
    login = browser.post(reverse("account"), {"name": "x" * 200}, HTTP_REFERER=referer).url
    assert login == f"{reverse('log_in')}?next={reverse('account')}"


@pytest.mark.parametrize("name", ["log_in", "log_out", "sign_up", "password_forgotten"])
def test_forms_that_need_no_session_go_on(ana, name):
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    form = {"email": ana.email, "password": PASSWORD, "name": "Ana"}

    response = browser.post(reverse(name), form)

    assert "next=" not in response.headers.get("Location", "")
    assert response.status_code in (200, 302)
    assert UserSession.objects.count() == (1 if name in ("log_in", "sign_up") else 0)


def test_two_forms_at_once_are_both_led_to_the_login(ana):
    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    key, barrier, urls = browser.session.session_key, Barrier(2), []

    def send():
        mine = Client()
        mine.cookies["sessionid"] = key
        barrier.wait()
        urls.append(mine.post(reverse("account"), {"act": "profile", "name": "Anna"}).url)
        connection.close()

    threads = [Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # The second one may find the session gone, like any visitor's.
    assert all(url.startswith(f"{reverse('log_in')}?next=") for url in urls)
    assert any(url.endswith(reverse("send_kept_form")) for url in urls)
    assert not UserSession.objects.exists()
