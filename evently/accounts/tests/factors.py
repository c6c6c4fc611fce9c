"""Users with second factors, and browsers that log them in."""

import pyotp
from django.test import Client
from django.urls import reverse

from evently.accounts.factories import PASSWORD
from evently.accounts.models import User
from evently.accounts.operations import passkeys, second_factors
from evently.accounts.second_factor_state import pending_secret
from evently.accounts.tests.authenticators import Authenticator
from evently.database.clock import now

CHALLENGE = b"c" * 32


def read(user):
    return User.objects.with_keys().get(pk=user.pk)


def code_of(secret, steps=0):
    """Return the app's code for now, or for so many steps later."""
    return pyotp.TOTP(secret).at(now(), counter_offset=steps)


def with_app(user):
    """Set up an authenticator app; return (secret, recovery codes).

    The code of the step before confirms it, so that the current one is unused.
    """
    second_factors.begin_app(user_id=user.pk)
    secret = pending_secret(read(user))
    codes = second_factors.confirm_app(user_id=user.pk, code=code_of(secret, -1))
    return secret, codes


def with_passkey(user, name="Phone", **options):
    """Add a passkey; return (authenticator, recovery codes)."""
    authenticator = Authenticator(**options)
    asked = passkeys.registration_options(user=read(user), passkeys=[], challenge=CHALLENGE)
    codes = passkeys.add_passkey(
        user_id=user.pk, name=name, answer=authenticator.create(asked), challenge=CHALLENGE
    )
    return authenticator, codes


def enter_password(user, browser=None, **more):
    """Take the first step of logging in; return the browser and the response."""
    browser = browser or Client()
    form = {"email": user.email, "password": PASSWORD, **more}
    return browser, browser.post(reverse("log_in"), form)


def is_logged_in(browser):
    return browser.get(reverse("account")).status_code == 200
