"""Mails of accounts; their links let somebody in, so they are made here and stored nowhere."""

from django.conf import settings
from django.urls import reverse

from evently.accounts import links as account_links
from evently.accounts.models import User
from evently.formatting import minutes
from evently.links import absolute
from notifications.emails.email_content import Content, with_button
from notifications.models import Notification

ONCE_WITHIN_AN_HOUR = " The link below logs you in without a password, once, within an hour."


def welcome(notification: Notification, person: User) -> Content:
    """Greet a new account, and ask to confirm the address."""
    return Content(values={"verifyUrl": _verify_url(person)})


def verify_address(notification: Notification, person: User) -> Content:
    """Ask to confirm the address, again."""
    return with_button(
        heading="Please confirm your address",
        text=(
            "The link shows that this address is yours, and works for seven days. Have the "
            "password at hand that you chose when you signed up."
        ),
        button_text="Confirm my address",
        button_url=_verify_url(person),
    )


def account_exists(notification: Notification, person: User) -> Content:
    """Tell the owner of an address that somebody tried to sign up with it, or to book."""
    if "refused" in notification.data:
        return _guest_refused(notification, person)
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
    if "because" in notification.data:
        return _password_ended(person)
    hours = minutes(settings.PASSWORD_RESET_TIMEOUT // 60)
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
        button_url=_login_url(person),
    )


def _password_ended(person: User) -> Content:
    hours = minutes(settings.PASSWORD_RESET_TIMEOUT // 60)
    return with_button(
        heading="Please set a new password",
        text=(
            f"Somebody, most likely you, has just booked or joined a line at {settings.SITE_NAME} "
            "with this address; another mail tells of that. The address had never been confirmed, "
            "so the password that was set for it before no longer works, whoever set it. This "
            f"link sets a new one and logs you in, once, within {hours}. Later, ask for another "
            "one on the page for logging in."
        ),
        button_text="Set a new password",
        button_url=_password_url(person),
    )


def _guest_refused(notification: Notification, person: User) -> Content:
    # Whose account is switched off has no use for a link that lets them in.
    may_enter = person.is_active
    return with_button(
        heading="Nothing was booked",
        text=notification.message + (ONCE_WITHIN_AN_HOUR if may_enter else ""),
        button_text="Log in" if may_enter else f"Go to {settings.SITE_NAME}",
        button_url=_login_url(person) if may_enter else settings.PUBLIC_URL,
    )


def _login_url(person: User) -> str:
    return absolute(reverse("log_in_by_link", args=[account_links.login_token(person)]))


def _verify_url(person: User) -> str:
    return absolute(reverse("verify_address", args=[account_links.verification_token(person)]))


def _password_url(person: User) -> str:
    return absolute(reverse("password_new", args=[account_links.password_reset_token(person)]))
