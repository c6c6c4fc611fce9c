"""Notifications about a change of an account's email address.

They do not go to the address of the account: a link to the new one, which confirms it, and word to
the old one, which can undo it.
"""

from django.conf import settings
from django.urls import reverse

from evently.accounts.email_changes import (
    CONFIRM_LIFETIME,
    UNDO_LIFETIME,
    change_token,
    undo_token,
)
from evently.accounts.models import EmailChange, User
from evently.database.clock import now
from evently.formatting import duration
from evently.links import absolute
from notifications.emails.email_content import EmailContent, EmailObsolete, call_to_action
from notifications.kinds.base import EMAIL_ONLY, Category, Kind, Message, Urgency
from notifications.models import Notification


# ── To the new address ──────────────────────────────────────────────────────
def email_change(user: User, change: EmailChange) -> Message:
    """Send a link that changes the address of an account to the new address."""
    return EMAIL_CHANGE.message(
        user_id=user.pk,
        key=f"email_change:{change.pk}",
        text="We sent a link to your new email address.",
        data={"change": change.pk},
    )


def _write_email_change(notification: Notification, user: User) -> EmailContent:
    change = _change_of(notification)
    if change.confirmed_at is not None or change.requested_at < now() - CONFIRM_LIFETIME:
        raise EmailObsolete
    address = _opened(user, change.new_email)
    if User.objects.with_address(address).exclude(pk=user.pk).exists():
        # The request itself must not reveal that, so its owner is told.
        return call_to_action(
            heading="This email address has an account",
            text=(
                "Someone, most likely you, wants to use this email address for another account at "
                f"{settings.SITE_NAME}. It belongs to an account already, so nothing was changed. "
                "If that was not you, you can ignore this email."
            ),
            button_text="Log in to this account",
            button_url=absolute(reverse("log_in")),
        )
    return call_to_action(
        heading="Use this email address?",
        text=(
            "This link makes this the email address of your account at "
            f"{settings.SITE_NAME}. It works once and expires after {duration(CONFIRM_LIFETIME)}. "
            "If you did not ask for it, you can ignore this email."
        ),
        button_text="Use this address",
        button_url=absolute(reverse("confirm_email_change", args=[change_token(change)])),
    )


EMAIL_CHANGE = Kind(
    name="email_change",
    label="Confirm a new email address",
    category=Category.ACCOUNT,
    on_request=True,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_email_change,
    recipient=lambda notification, user: _opened(user, _change_of(notification).new_email),
)


# ── To the old address ──────────────────────────────────────────────────────
def email_changed(user: User, change: EmailChange) -> Message:
    """Tell the old address of an account that it has another one now."""
    return EMAIL_CHANGED.message(
        user_id=user.pk,
        key=f"email_changed:{change.pk}",
        text="The email address of your account has been changed.",
        data={"change": change.pk},
    )


def _write_email_changed(notification: Notification, user: User) -> EmailContent:
    change = _change_of(notification)
    if change.undone_at is not None:
        raise EmailObsolete
    return call_to_action(
        heading="Your email address has been changed",
        text=(
            f"Your account at {settings.SITE_NAME} has another email address now, and emails no "
            "longer come here. If that was not you, undo it within "
            f"{duration(UNDO_LIFETIME)}: your account gets this address back, everyone is logged "
            "out of it, and you choose a new password."
        ),
        button_text="Undo the change",
        button_url=absolute(reverse("undo_email_change", args=[undo_token(change)])),
    )


EMAIL_CHANGED = Kind(
    name="email_changed",
    label="Email address changed",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_email_changed,
    recipient=lambda notification, user: _opened(user, _change_of(notification).old_email),
)


# ── Shared ──────────────────────────────────────────────────────────────────
def _change_of(notification: Notification) -> EmailChange:
    """Return the change that a message is about. Raises EmailObsolete where it is gone."""
    change = EmailChange.objects.filter(
        pk=notification.data.get("change"), user_id=notification.user_id
    ).first()
    if change is None:
        raise EmailObsolete
    return change


def _opened(user: User, sealed: str) -> str:
    key = user.key
    address = key and key.open("recipient", sealed)
    if not address:
        raise EmailObsolete
    return address
