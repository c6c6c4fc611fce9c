"""Notifications about an account.

All but the welcome go by email only. Their links log the user in, so they are made when the
email is written, and never stored.
"""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from evently.accounts import links as account_links
from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.errors import DomainError
from evently.formatting import counted, duration, seats, span
from evently.links import absolute
from events.models import Event
from notifications.emails.email_content import EmailContent, call_to_action
from notifications.kinds.base import EMAIL_ONLY, IN_APP_ONLY, Category, Kind, Link, Message, Urgency
from notifications.models import Notification, TemplateType

WELCOME_KEY = "welcome"


def _is_repeated(notification: Notification) -> bool:
    """Return whether a later notification of the same kind says the same, with a newer link."""
    return Notification.objects.filter(
        user_id=notification.user_id,
        type=notification.type,
        created_at__gte=notification.created_at,
        pk__gt=notification.pk,
    ).exists()


# ── Welcome ─────────────────────────────────────────────────────────────────
def welcome(user: User, *, by_email: bool = True) -> Message:
    """Greet a new account."""
    return WELCOME.message(
        channels=None if by_email else IN_APP_ONLY,
        user_id=user.pk,
        key=WELCOME_KEY,
        text="Welcome! You will find your bookings, waitlist entries and news about them here.",
    )


def _welcome_link(notification: Notification) -> Link:
    return Link(reverse("home"), "Find an event")


def _write_welcome(notification: Notification, user: User) -> EmailContent:
    return EmailContent(values={"verifyUrl": verify_url(user)})


WELCOME = Kind(
    name="welcome",
    label="Welcome",
    # Its email asks to confirm the email address, so it always goes out.
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    icon="sparkles",
    link=_welcome_link,
    template=TemplateType.WELCOME,
    write_email=_write_welcome,
)


# ── Confirm the email address ───────────────────────────────────────────────
def verify_address(user: User) -> Message:
    """Send a link that confirms the email address."""
    return _email_only(VERIFY_ADDRESS, user, "We sent you a link to confirm your email address.")


def _write_verify_address(notification: Notification, user: User) -> EmailContent:
    return call_to_action(
        heading="Please confirm your email address",
        text=(
            "This link confirms that this email address is yours. It works for "
            f"{duration(account_links.VERIFICATION_LIFETIME)}, and may ask for the password that "
            "you chose when you signed up."
        ),
        button_text="Confirm my email address",
        button_url=verify_url(user),
    )


VERIFY_ADDRESS = Kind(
    name="verify_address",
    label="Confirm email address",
    category=Category.ACCOUNT,
    on_request=True,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_verify_address,
    is_superseded=_is_repeated,
)


# ── Account exists ──────────────────────────────────────────────────────────
def account_exists(user: User) -> Message:
    """Notify the owner of an account that someone signed up with their email address again."""
    text = "Someone, most likely you, tried to sign up with your email address."
    return _email_only(ACCOUNT_EXISTS, user, text)


def _write_account_exists(notification: Notification, user: User) -> EmailContent:
    # Rows that were pending at migration 0005, or written by processes older than it.
    if "refused" in notification.data:
        return _write_guest_refused(notification, user)
    return call_to_action(
        heading="You already have an account",
        text=(
            f"{notification.message} You already have an account at {settings.SITE_NAME}. If you "
            "have forgotten your password, choose a new one. If it was not you, you can ignore "
            "this email."
        ),
        button_text="Choose a new password",
        button_url=_password_url(user),
    )


ACCOUNT_EXISTS = Kind(
    name="account_exists",
    label="Account already exists",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_account_exists,
    is_superseded=_is_repeated,
)


# ── Password reset ──────────────────────────────────────────────────────────
def password_reset(user: User) -> Message:
    """Send a link to choose a new password."""
    return _email_only(PASSWORD_RESET, user, "We sent you a link to choose a new password.")


def _write_password_reset(notification: Notification, user: User) -> EmailContent:
    # As in _write_account_exists.
    if "because" in notification.data:
        return _write_password_ended(notification, user)
    return call_to_action(
        heading="Choose a new password",
        text=(
            "This link lets you choose a new password. It works once and expires after "
            f"{_password_link_lifetime()}. If you did not ask for it, you can ignore this email: "
            "your password stays as it is."
        ),
        button_text="Choose a new password",
        button_url=_password_url(user),
    )


PASSWORD_RESET = Kind(
    name="password_reset",
    label="Password reset",
    category=Category.ACCOUNT,
    on_request=True,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_password_reset,
    is_superseded=_is_repeated,
)


# ── Login link ──────────────────────────────────────────────────────────────
def login_link(user: User) -> Message:
    """Send a link that logs in without a password."""
    return _email_only(LOGIN_LINK, user, "We sent you a login link.")


def _write_login_link(notification: Notification, user: User) -> EmailContent:
    return call_to_action(
        heading=f"Log in to {settings.SITE_NAME}",
        text=(
            "This login link logs you in without a password. It works once and expires after "
            f"{_login_lifetime()}. If you did not ask for it, you can ignore this email."
        ),
        button_text="Log in",
        button_url=_login_url(user),
    )


LOGIN_LINK = Kind(
    name="login_link",
    label="Login link",
    category=Category.ACCOUNT,
    on_request=True,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_login_link,
    is_superseded=_is_repeated,
)


# ── Password changed ────────────────────────────────────────────────────────
def password_changed(user: User, *, tokens_revoked: int | None) -> Message:
    """Notify a user that the password of the account was changed, and what ended with it.

    tokens_revoked: how many API tokens; None if they were kept.
    """
    if tokens_revoked is None:
        tokens = " API tokens still work, as chosen with the change."
    elif tokens_revoked == 0:
        tokens = ""
    else:
        were = "was" if tokens_revoked == 1 else "were"
        tokens = f" {counted(tokens_revoked, 'API token')} {were} revoked."
    return _email_only(
        PASSWORD_CHANGED,
        user,
        f"A new password has been set for your account at {settings.SITE_NAME}, and all other "
        f"sessions have been logged out.{tokens}",
    )


def _write_password_changed(notification: Notification, user: User) -> EmailContent:
    return call_to_action(
        heading="Your account has a new password",
        text=(
            f"{notification.message} If it was not you, choose a new password with this link, "
            "which also logs out all sessions and revokes all API tokens. It works once and "
            f"expires after {_password_link_lifetime()}."
        ),
        button_text="This was not me: choose a new password",
        button_url=_password_url(user),
    )


PASSWORD_CHANGED = Kind(
    name="password_changed",
    label="Password changed",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_password_changed,
)


# ── Password ended ──────────────────────────────────────────────────────────
def password_ended(user: User) -> Message:
    """Notify the owner of an email address that a booking as a guest ended their password."""
    text = (
        "Your email address had never been confirmed, so the password of this account no longer "
        "works."
    )
    return _email_only(PASSWORD_ENDED, user, text)


def _write_password_ended(notification: Notification, user: User) -> EmailContent:
    return call_to_action(
        heading="Please choose a new password",
        text=(
            "Someone, most likely you, has just booked seats or joined a waitlist at "
            f"{settings.SITE_NAME} with this email address; a separate email has the details. "
            f"{notification.message} This link lets you choose a new password and logs you "
            f"in. It works once and expires after {_password_link_lifetime()}; after that, request "
            "another one on the login page."
        ),
        button_text="Choose a new password",
        button_url=_password_url(user),
    )


PASSWORD_ENDED = Kind(
    name="password_ended",
    label="Password no longer works",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_password_ended,
    is_superseded=_is_repeated,
)


# ── Guest refused ───────────────────────────────────────────────────────────
GUEST_REFUSALS = {
    "person_limit": (
        "for this event, you already have, are waiting for or have been offered as many seats as "
        "one person may have. Log in to see them."
    ),
    "already_waiting": "you are already on this waitlist. Log in to see your position.",
    "deletion_pending": (
        "you have asked us to delete the account with this email address. To book again, log in "
        "and keep the account."
    ),
    "rebooking_limit": (
        "seats for this event have been booked and cancelled several times with this email "
        "address. Please wait before booking it again."
    ),
    "rejoining_limit": (
        "this waitlist has been joined and left several times with this email address. Please "
        "wait an hour before joining it again."
    ),
    "account_inactive": (
        "the account with this email address has been deactivated. Please contact the organizers "
        "of this site."
    ),
}


def guest_refused(event: Event, user: User, *, quantity: int, refusal: DomainError) -> Message:
    """Notify the owner of an email address of a guest's request with it, and why it was refused.

    The guest sees none of it, so that strangers learn nothing about the account.
    """
    what = (
        f"{seats(quantity)} for {event.name}, {span(event.event_date, event.ends_at, event.zone)}"
    )
    return GUEST_REFUSED.message(
        user_id=user.pk,
        key=f"guest_refused:{uuid7()}",
        text=(
            f"Someone, most likely you, asked for {what} with your email address, without logging "
            f"in. Nothing has changed: {GUEST_REFUSALS.get(refusal.code, refusal.text)} If it was "
            "not you, you can ignore this."
        ),
        event_id=event.pk,
        data={"refused": refusal.code},
    )


def _write_guest_refused(notification: Notification, user: User) -> EmailContent:
    if not user.is_active:
        # A login link would not work for a deactivated account.
        return call_to_action(
            heading="Nothing was booked",
            text=notification.message,
            button_text=f"Go to {settings.SITE_NAME}",
            button_url=settings.PUBLIC_URL,
        )
    return call_to_action(
        heading="Nothing was booked",
        text=(
            f"{notification.message} The login link below logs you in without a password. It "
            f"works once and expires after {_login_lifetime()}."
        ),
        button_text="Log in",
        button_url=_login_url(user),
    )


GUEST_REFUSED = Kind(
    name="guest_refused",
    label="Guest request refused",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_guest_refused,
)


# ── Shared ──────────────────────────────────────────────────────────────────
def _email_only(kind: Kind, user: User, text: str) -> Message:
    """Return a message whose key is its own: each request is answered with an email."""
    return kind.message(user_id=user.pk, key=f"{kind.name}:{uuid7()}", text=text)


def _password_link_lifetime() -> str:
    return duration(timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT))


def _login_url(user: User) -> str:
    return absolute(reverse("log_in_by_link", args=[account_links.login_token(user)]))


def verify_url(user: User) -> str:
    """Return the link that confirms the email address."""
    return absolute(reverse("verify_address", args=[account_links.verification_token(user)]))


def _password_url(user: User) -> str:
    return absolute(reverse("password_new", args=[account_links.password_reset_token(user)]))


def _login_lifetime() -> str:
    return duration(account_links.LOGIN_LIFETIME)
