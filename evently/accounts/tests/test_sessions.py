"""Sessions: kept in Django's table, read by a prepared statement."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore as DjangoStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evently.accounts.factories import UserFactory
from evently.accounts.sessions import SessionStore

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
