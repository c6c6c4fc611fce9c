"""Attempts to send an email, recorded in its row of the delivery log.

An attempt begins in one statement, committed before anything is sent, that counts it and stores
its id. Then one transaction locks the row, sends the email and writes the outcome, so that the lock
of a process that dies is released at once. The next attempt that finds the id of one that never
ended, or whose answer was lost, knows that the email may have reached the mail server, and records
that.
"""

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet, Value

from evently.accounts.models import User
from evently.audit.context import facts_for
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.database.prepared import execute_prepared
from evently.transactions import signed_transaction
from notifications.failures import HELD_BACK
from notifications.models import (
    DeliveryStatus,
    EmailDelivery,
    Notification,
    NotificationStatus,
    TemplateType,
)

MOST_ATTEMPTS = 10
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
# Before it locks the row, an attempt only reads and renders; no other begins within this time.
BEGINNING_SECONDS = 10
# Inserts the row of a first attempt; returns nothing where there is a row already, or one that
# another transaction is inserting.
BEGIN = """
    INSERT INTO email_delivery_log (id, notification_id, user_id, event_id, kind,
        recipient_email, template_type, provider, metadata, attempt, send_attempts,
        last_attempt_at, next_attempt_at)
    VALUES (%(id)s, %(notification_id)s, %(user_id)s, %(event_id)s, %(kind)s,
        %(recipient)s, %(template_type)s, %(provider)s, %(metadata)s::jsonb, %(attempt)s, 1,
        evently_clock(), evently_clock() + make_interval(secs => %(beginning)s))
    ON CONFLICT (notification_id) DO NOTHING
    RETURNING send_attempts, false AS was_held
"""
# Updates the row for a later attempt, if that is due. Returns nothing where another attempt holds
# the row.
BEGIN_AGAIN = """
    WITH free AS (
        SELECT id, status = 'held' AS was_held FROM email_delivery_log
        WHERE notification_id = %(notification_id)s AND user_id = %(user_id)s
            AND status IN ('pending', 'held') AND next_attempt_at <= evently_clock()
        FOR UPDATE SKIP LOCKED
    )
    UPDATE email_delivery_log AS log
    SET attempt = %(attempt)s, send_attempts = log.send_attempts + 1, status = 'pending',
        recipient_email = %(recipient)s, provider = %(provider)s,
        last_attempt_at = evently_clock(),
        next_attempt_at = evently_clock() + make_interval(secs => %(beginning)s),
        metadata = CASE WHEN log.attempt IS NULL THEN log.metadata
            ELSE log.metadata || '{"maybeRepeated": true}' END
    FROM free WHERE log.id = free.id
    RETURNING log.send_attempts, free.was_held
"""
# The row as long as this attempt is the one under way; without it, nothing is written that has to
# be signed. The transaction is idle until the mail server answers.
HOLD = """
    SELECT id, audit_set_context(%(context)s),
        set_config('idle_in_transaction_session_timeout', '300s', true)
    FROM email_delivery_log
    WHERE notification_id = %(notification_id)s AND user_id = %(user_id)s
        AND attempt = %(attempt)s AND status = 'pending'
    FOR UPDATE SKIP LOCKED
"""
ACCEPTED = """
    UPDATE email_delivery_log SET status = 'sent', attempt = NULL, error_message = ''
    WHERE notification_id = %(sent_notification_id)s AND user_id = %(sent_user_id)s
        AND attempt = %(sent_attempt)s AND status = 'pending'
"""
SENT = """
    UPDATE notifications SET status = 'sent', sent_at = evently_clock()
    WHERE id = %(sent_notification_id)s AND user_id = %(sent_user_id)s
        AND created_at = %(sent_created_at)s
    RETURNING id
"""
SUCCEED = f"WITH accepted AS ({ACCEPTED}) {SENT}"
SUCCEED_AND_BEGIN = f"WITH accepted AS ({ACCEPTED}), sent AS ({SENT}) {BEGIN}"


@dataclass(frozen=True)
class Attempt:
    """An attempt that has begun. number: 1 for the first. was_held: the email was held back."""

    id: UUID
    notification: Notification
    number: int
    was_held: bool = False

    @property
    def is_last(self) -> bool:
        """Whether there is no automatic attempt after it."""
        return self.number >= MOST_ATTEMPTS

    @property
    def is_one_too_many(self) -> bool:
        """Whether not even the last attempt ended: the email kills the process that sends it."""
        return self.number > MOST_ATTEMPTS


def begin(
    notification: Notification,
    user: User,
    *,
    address: str,
    template_type: TemplateType,
    message_id: str,
    after: Attempt | None = None,
) -> Attempt | None:
    """Begin and count an attempt, inside the caller's signed transaction.

    address: that it goes to. after: the attempt before, which succeeded; that is recorded in the
    same statement. Returns None where it is not due, or another one is under way.
    """
    attempt_id, key = uuid7(), user.key
    values = {
        "id": uuid7(),
        "notification_id": notification.pk,
        "user_id": notification.user_id,
        "event_id": notification.event_id,
        "kind": notification.type,
        "recipient": key.seal("recipient", address) if key else None,
        "template_type": template_type,
        "provider": provider(),
        "metadata": json.dumps(_metadata(notification, message_id)),
        "attempt": attempt_id,
        "beginning": BEGINNING_SECONDS,
    }
    if after is None:
        rows = execute_prepared(connection, BEGIN, values)
    else:
        rows = execute_prepared(connection, SUCCEED_AND_BEGIN, values | _as_sent(after))
    rows = rows or execute_prepared(connection, BEGIN_AGAIN, values)
    return Attempt(attempt_id, notification, *rows[0]) if rows else None


def hold(attempt: Attempt) -> bool:
    """Lock the email's row until commit; False where another attempt has taken over.

    Begins the caller's transaction, and signs it where the row is locked.
    """
    values = {
        "context": facts_for(connection),
        "notification_id": attempt.notification.pk,
        "user_id": attempt.notification.user_id,
        "attempt": attempt.id,
    }
    return bool(execute_prepared(connection, HOLD, values))


def succeed(attempt: Attempt) -> None:
    """Record that the mail server accepted the email, in the caller's signed transaction."""
    execute_prepared(connection, SUCCEED, _as_sent(attempt))


@signed_transaction()
def fail(attempt: Attempt, *, error: str, for_good: bool = False, maybe_sent: bool = False) -> bool:
    """Record a failure and when the next attempt is due; return whether there is one.

    error: what happened, without personal data. maybe_sent: the mail server may have accepted it,
    so the attempt stays open, and the next one records that the email may be repeated.
    """
    ended = {} if maybe_sent else {"attempt": None}
    if for_good or attempt.is_last:
        _delivery_of(attempt).update(status=DeliveryStatus.FAILED, error_message=error, **ended)
        _notification_of(attempt).update(status=NotificationStatus.FAILED)
        return False
    due = Clock() + Value(pause_after(attempt.number))
    _delivery_of(attempt).update(error_message=error, next_attempt_at=due, **ended)
    _notification_of(attempt).update(next_attempt_at=due)
    return True


@signed_transaction()
def hold_back(attempt: Attempt, *, until: datetime) -> None:
    """Let an email wait, as the address is unconfirmed and has had its emails; no attempt counts.

    until: when it is due again; the address may be confirmed before (`releasing`).
    """
    _delivery_of(attempt).update(
        status=DeliveryStatus.HELD,
        attempt=None,
        send_attempts=F("send_attempts") - 1,
        error_message=HELD_BACK,
        next_attempt_at=until,
    )
    _notification_of(attempt).update(next_attempt_at=until)


@signed_transaction()
def withdraw(attempt: Attempt) -> None:
    """Delete an email that is obsolete, and leave the notification to the inbox."""
    _delivery_of(attempt).delete()
    deliver_in_app(attempt.notification)


@signed_transaction()
def deliver_in_app(notification: Notification) -> None:
    """Record that a notification is delivered by the inbox, without an email."""
    _row_of(notification).update(status=NotificationStatus.DELIVERED, delivered_at=Clock())


def set_channels(notification: Notification, channels: list[str], *, hidden: bool) -> None:
    """Store the channels that the user wants. hidden: not in the inbox, so never unread."""
    changes: dict[str, object] = {"channels": channels}
    if hidden:
        changes["read"] = True
    _row_of(notification).update(**changes)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: three times longer each, with jitter."""
    pause = min(FIRST_PAUSE * 3 ** (attempts - 1), LONGEST_PAUSE)
    # Emails that failed together should not be retried together.
    return pause * random.uniform(0.75, 1.25)


def provider() -> str:
    """Return the provider of the configured email backend."""
    return "sendgrid" if "sendgrid" in settings.EMAIL_BACKEND.lower() else "smtp"


def _metadata(notification: Notification, message_id: str) -> dict[str, str]:
    metadata = {"messageId": message_id, "userId": str(notification.user_id)}
    if notification.event_id:
        metadata["eventId"] = str(notification.event_id)
    if reference := notification.data.get("reference"):
        metadata["reference"] = reference
    return metadata


def _as_sent(attempt: Attempt) -> dict[str, Any]:
    notification = attempt.notification
    return {
        "sent_notification_id": notification.pk,
        "sent_user_id": notification.user_id,
        "sent_created_at": notification.created_at,
        "sent_attempt": attempt.id,
    }


def _delivery_of(attempt: Attempt) -> QuerySet[EmailDelivery]:
    """Return the email's row, as long as this attempt is the one under way."""
    return EmailDelivery.objects.filter(
        user_id=attempt.notification.user_id,
        notification_id=attempt.notification.pk,
        attempt=attempt.id,
        status=DeliveryStatus.PENDING,
    )


def _notification_of(attempt: Attempt) -> QuerySet[Notification]:
    return _row_of(attempt.notification)


def _row_of(notification: Notification) -> QuerySet[Notification]:
    """Return the notification's row; created_at limits the query to its partition."""
    return Notification.objects.filter(
        user_id=notification.user_id, pk=notification.pk, created_at=notification.created_at
    )
