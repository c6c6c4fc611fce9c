"""Sessions that are over, and forms that were sent in them."""

import time
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evently.accounts import held_forms
from evently.accounts.models import UserSession
from evently.accounts.operations.sessions import digest_of_session
from evently.accounts.sessions import NOTED_AT
from evently.tests.forms import filled_fields

DAYS = timedelta(days=14)
HOURS = timedelta(hours=12)
MINUTE = timedelta(minutes=1)
HTMX = {"HTTP_HX_REQUEST": "true"}
SENDING = {held_forms.SENDING: "yes"}


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
