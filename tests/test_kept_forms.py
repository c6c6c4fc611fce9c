"""Forms that were sent in a session that is over: kept, and sent after the login."""

from threading import Barrier, Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from boxoffice.tests.organizing import event_page, form_of
from evently.accounts import held_forms
from evently.accounts.factories import (
    PASSWORD,
    OrganizerFactory,
    UserFactory,
)
from evently.accounts.models import UserSession
from evently.accounts.sessions import KEPT_FORM
from evently.accounts.tests.ended import (
    DAYS,
    HOURS,
    MINUTE,
    held_up,
    leave_unused,
    let_expire,
    logged_in,
    press_send,
    send_kept,
    text_of,
)
from evently.accounts.tests.factors import code_of, enter_password, read, with_app
from evently.tests.forms import filled_fields
from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD, name="Ana")


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
    assert browser.session.get_expiry_age() <= held_forms.KEPT_SECONDS
    assert "Anna" not in str(dict(browser.session))

    enter_password(bo, browser)
    assert browser.get(reverse("send_kept_form")).url == reverse("home")
    press_send(browser, reverse("account"))
    assert read(bo).name != "Anna"

    browser = logged_in(ana)
    leave_unused(browser, DAYS + MINUTE)
    held_up(browser.post(reverse("account"), entered))
    enter_password(ana, browser)
    monkeypatch.setattr(held_forms, "KEPT_SECONDS", -1)
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
    monkeypatch.setattr(held_forms, "MOST_CHARACTERS", 100)
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
