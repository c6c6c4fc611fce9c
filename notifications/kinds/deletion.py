"""Notifications about deleting an account. All go by email only, as their links act without login.

Their category cannot be turned off, so the owner always hears of a deletion.
"""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from evently.accounts import links as account_links
from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.erasure.models import Erasure
from evently.erasure.receipts import receipt_link
from evently.formatting import duration, moment
from evently.links import absolute
from evently.time_zones import zone_or_utc
from notifications.emails.email_content import (
    AttachedFile,
    EmailContent,
    EmailObsolete,
    call_to_action,
)
from notifications.kinds.base import EMAIL_ONLY, Category, Kind, Message, Urgency
from notifications.models import Notification

LINK_LIFETIME: timedelta = account_links.DELETION_LINK_LIFETIME


# ── Confirm the deletion ────────────────────────────────────────────────────
def confirm_deletion(user: User) -> Message:
    """Send a link that deletes the account, to a user without a password."""
    return CONFIRM_DELETION.message(
        user_id=user.pk,
        key=f"confirm_deletion:{uuid7()}",
        text="We sent you a link to delete your account.",
    )


def _write_confirm_deletion(notification: Notification, user: User) -> EmailContent:
    return call_to_action(
        heading="Delete your account?",
        text=(
            f"This link leads to a page that deletes your account at {settings.SITE_NAME}. It "
            f"works once and expires after {duration(LINK_LIFETIME)}. If you did not ask for it, "
            "you can ignore this email: your account stays."
        ),
        button_text="Delete my account",
        button_url=absolute(
            reverse("delete_account_by_link", args=[account_links.deletion_token(user)])
        ),
    )


CONFIRM_DELETION = Kind(
    name="confirm_deletion",
    label="Confirm account deletion",
    category=Category.ACCOUNT,
    on_request=True,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_confirm_deletion,
)


# ── Deletion requested ──────────────────────────────────────────────────────
def deletion_requested(user: User) -> Message:
    """Notify the owner that the account will be deleted, and how to keep it."""
    due = moment(user.deletion_due_at, zone_or_utc(user.timezone))
    return DELETION_REQUESTED.message(
        user_id=user.pk,
        key=f"deletion_requested:{uuid7()}",
        text=(
            f"Your account at {settings.SITE_NAME} will be deleted on {due}.\n\nUntil "
            "then your tickets, places on waitlists and offers stay valid, but you cannot make new "
            "bookings or join waitlists. Then upcoming bookings are cancelled, you leave all "
            "waitlists, and your name and email address are erased."
        ),
    )


def _write_deletion_requested(notification: Notification, user: User) -> EmailContent:
    if not user.is_leaving:
        # Undone, or carried out, before this email could be sent.
        raise EmailObsolete
    return call_to_action(
        heading="Your account will be deleted",
        text=(
            f"{notification.message}\n\nIf you change your mind, or if it was not you, keep your "
            "account with this link, which works until the account is deleted. If it was not you, "
            "also choose a new password."
        ),
        button_text="Keep my account",
        button_url=absolute(reverse("keep_account_by_link", args=[account_links.keep_token(user)])),
    )


DELETION_REQUESTED = Kind(
    name="deletion_requested",
    label="Account deletion requested",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    channels=EMAIL_ONLY,
    write_email=_write_deletion_requested,
)


# ── Account deleted ─────────────────────────────────────────────────────────
def account_deleted(user: User, erasure: Erasure) -> Message:
    """Notify the owner, for the last time, that the account is deleted, with the receipt."""
    return ACCOUNT_DELETED.message(
        user_id=user.pk,
        key=f"account_deleted:{user.pk}",
        text=(
            f"Your account at {settings.SITE_NAME} has been deleted.\n\n"
            "Upcoming bookings, if there were any, are cancelled; you get a separate email about "
            "each of them.\n\n"
            "The attached receipt says what was erased, and what lies beyond our reach.\n\n"
            "This is the last email to you. Once your mail server has accepted it, in two days at "
            "the latest, the key of your name and email address is destroyed, and the page of the "
            "receipt says so."
        ),
        data={"erasure": str(erasure.pk)},
    )


def _write_account_deleted(notification: Notification, user: User) -> EmailContent:
    # A notification of a release before receipts has none.
    receipt = Erasure.objects.filter(pk=notification.data.get("erasure")).first()
    content = call_to_action(
        heading="Your account has been deleted",
        text=notification.message,
        button_text="Show the receipt" if receipt else f"Go to {settings.SITE_NAME}",
        button_url=receipt_link(receipt.pk) if receipt else settings.PUBLIC_URL,
    )
    # There is no account any more whose settings could be managed.
    content.values["accountUrl"] = ""
    if receipt:
        content.files = [
            AttachedFile("receipt.json", "application/json", receipt.document.encode())
        ]
    return content


ACCOUNT_DELETED = Kind(
    name="account_deleted",
    label="Account deleted",
    category=Category.ACCOUNT,
    urgency=Urgency.SOON,
    channels=EMAIL_ONLY,
    write_email=_write_account_deleted,
)
