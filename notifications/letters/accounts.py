"""Mails of accounts; their links let somebody in, so they are made here and stored nowhere."""

from django.conf import settings
from django.urls import reverse

from evently.accounts import links as account_links
from evently.accounts.models import User
from evently.links import absolute
from notifications import wording
from notifications.letters.content import Content, with_button
from notifications.models import Notification


def welcome(notification: Notification, person: User) -> Content:
    """Greet a new account, and ask to confirm the address."""
    return Content(values={"verifyUrl": _verify_url(person)})


def verify_address(notification: Notification, person: User) -> Content:
    """Ask to confirm the address, again."""
    return with_button(
        heading="Please confirm your address",
        text="One tap shows that this address is yours. The link works for seven days.",
        button_text="Confirm my address",
        button_url=_verify_url(person),
    )


def account_exists(notification: Notification, person: User) -> Content:
    """Tell the owner of an address that somebody tried to sign up with it."""
    return with_button(
        heading="You have an account already",
        text=(
            f"Somebody, most likely you, tried to sign up at {settings.SITE_NAME} with this "
            "address. There is an account with it already. If you have forgotten the password, "
            "choose a new one. If it was not you, there is nothing to do."
        ),
        button_text="Choose a new password",
        button_url=_password_url(person),
    )


def password_reset(notification: Notification, person: User) -> Content:
    """Let somebody choose a new password."""
    hours = wording.minutes(settings.PASSWORD_RESET_TIMEOUT // 60)
    return with_button(
        heading="Choose a new password",
        text=(
            f"This link lets you choose a new password, once, within {hours}. If you did not ask "
            "for it, you can ignore this mail: your password stays as it is."
        ),
        button_text="Choose a new password",
        button_url=_password_url(person),
    )


def login_link(notification: Notification, person: User) -> Content:
    """Let somebody in without a password."""
    return with_button(
        heading=f"Log in to {settings.SITE_NAME}",
        text=(
            "This link logs you in without a password, once, within an hour. If you did not ask "
            "for it, you can ignore this mail."
        ),
        button_text="Log in",
        button_url=absolute(reverse("log_in_by_link", args=[account_links.login_token(person)])),
    )


def _verify_url(person: User) -> str:
    return absolute(reverse("verify_address", args=[account_links.verification_token(person)]))


def _password_url(person: User) -> str:
    return absolute(reverse("password_new", args=[account_links.password_reset_token(person)]))
