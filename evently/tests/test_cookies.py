"""Names of cookies, and those of a release before."""

import json
import os
import subprocess
import sys

import pytest
from django.urls import reverse

from evently.accounts.factories import UserFactory
from evently.environment import BASE_DIR
from evently.tests.running import production

NAMES = """
import json, django
from django.conf import settings
django.setup()
from evently.cookies import HostMessages
print(json.dumps({
    name: getattr(settings, name) for name in (
        "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH", "SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN")
} | {"messages": HostMessages.cookie_name}))
"""


@pytest.mark.slow
@pytest.mark.processes
def test_with_https_cookies_are_bound_to_the_host():
    https = {"PUBLIC_URL": "https://tickets.example.org", "TRUSTED_PROXIES": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", NAMES],
        env=os.environ | production() | https | {"DJANGO_SETTINGS_MODULE": "evently.settings"},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "messages": "__Host-messages",
        # What browsers demand of such a name.
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_PATH": "/",
        "CSRF_COOKIE_PATH": "/",
        "SESSION_COOKIE_DOMAIN": None,
        "CSRF_COOKIE_DOMAIN": None,
    }


@pytest.fixture
def renamed(settings):
    def rename():
        settings.SESSION_COOKIE_NAME = "__Host-sessionid"
        settings.CSRF_COOKIE_NAME = "__Host-csrftoken"

    return rename


@pytest.mark.django_db
def test_an_upgrade_logs_no_user_out_and_breaks_no_open_form(client, renamed):
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(UserFactory())
    page = strict.get("/account/")
    token = str(page.context["csrf_token"])

    renamed()
    strict.handler.load_middleware()

    assert strict.get("/account/").status_code == 200
    # A form that was open during the upgrade.
    assert strict.post(reverse("log_out"), {"csrfmiddlewaretoken": token}).status_code == 302
    assert strict.get("/account/").status_code == 302


@pytest.mark.django_db
def test_an_earlier_cookie_does_not_replace_one_of_the_new_name(client, renamed):
    owner, other = UserFactory(), UserFactory()
    client.force_login(other)
    planted = client.cookies["sessionid"].value
    renamed()
    client.handler.load_middleware()
    client.force_login(owner)
    client.cookies["sessionid"] = planted
    assert client.get("/account/").context["user"] == owner
