"""Prepare an email: to whom, by which channels, what it says, and whether it may go out now."""

from typing import Any

import structlog

from evently.accounts.models import User
from evently.accounts.operations import email_allowance
from notifications.emails.email_content import EmailObsolete, EmailTakenBack
from notifications.emails.message import build_email
from notifications.emails.mime import Email
from notifications.kinds import Kind, kind_named
from notifications.kinds.held import is_superseded
from notifications.kinds.rows import rows_of
from notifications.models import Channel, Notification
from notifications.operations import attempts
from notifications.operations.attempts import Attempt
from notifications.operations.rendering import note_failures
from notifications.preferences import Muted, is_mutable, wanted_channels
from notifications.returns.suppressing import is_refused, worst_of
from notifications.unsubscribing.tokens import has_link

log = structlog.get_logger(__name__)


def channels_for(notification: Notification, kind: Kind, user: User) -> list[str]:
    """Return the channels that the user wants, and store them where they are fewer."""
    if notification.data.get("again") and (not has_link(kind) or notification.data.get("test")):
        # Asked for by the user, or by an organizer within limits (`resending`): what people can
        # unsubscribe from, no organizer sends them all the same.
        return list(notification.channels)
    channels = wanted_channels(
        notification.channels,
        kind,
        preferences=user.preferences,
        entry_preferences=_entry_preferences(notification),
        muted=_muted(notification, kind),
    )
    if channels != notification.channels:
        attempts.set_channels(notification, channels, hidden=Channel.IN_APP not in channels)
    return channels


def _entry_preferences(notification: Notification) -> dict[str, Any]:
    """Return the `notify_prefs` of the waitlist entry that a notification is about."""
    entry_id = notification.data.get("entry")
    if entry_id is None or notification.event_id is None:
        return {}
    entry = rows_of(notification).entry(notification.event_id, entry_id)
    found = entry.notify_prefs if entry is not None else {}
    return found if isinstance(found, dict) else {}


def _muted(notification: Notification, kind: Kind) -> Muted:
    if notification.event_id is None or not is_mutable(kind):
        return ()
    return rows_of(notification).muted(notification.event_id, notification.user_id)


def address_of(notification: Notification, kind: Kind, user: User) -> str:
    """Return the address that the email goes to."""
    try:
        return kind.address_of(notification, user)
    except EmailObsolete:
        # Rendering finds that, too, and withdraws the email.
        return user.email


def suppressed_for(attempt: Attempt, user: User) -> str:
    """Return why the address gets no email of this kind, or ""."""
    notification = attempt.notification
    kind = kind_named(notification.type)
    reasons = rows_of(notification).suppressed(address_of(notification, kind, user))
    return worst_of(reasons) if is_refused(reasons, kind) else ""


def email_of(attempt: Attempt, user: User) -> Email | None:
    """Render the email; where there is nothing left to say, withdraw it and return None."""
    try:
        if attempt.was_held and is_superseded(attempt.notification):
            raise EmailObsolete
        email = build_email(attempt.notification, user)
    except EmailObsolete as reason:
        attempts.withdraw(attempt, is_hidden=isinstance(reason, EmailTakenBack))
        return None
    note_failures(email.failures)
    return email


def is_held_back(attempt: Attempt, user: User, email: Email) -> bool:
    """Count an email to an unconfirmed address; hold it back where there were too many."""
    (address,) = email.to
    if email_allowance.is_confirmed(user, address):
        return False
    until = email_allowance.spend(
        email_id=attempt.notification.pk,
        address=address,
        urgent=kind_named(attempt.notification.type).is_urgent,
    )
    if until is None:
        return False
    attempts.hold_back(attempt, until=until)
    log.info("email_held_back", notification_id=str(attempt.notification.pk))
    return True
