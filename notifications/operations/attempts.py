"""Attempts to send an email, recorded in its row of the delivery log.

An attempt begins in one statement, committed before anything is sent, that counts it and stores
its id; the statement that records its success begins the next. From its beginning to its end it has
a lock of the session (an advisory lock), so that no transaction is open while the mail server
answers, and the lock of a process that dies is released at once. The next attempt that finds the id
of one that never ended, or whose answer was lost, knows that the email may have reached the mail
server, and records that.
"""

import json
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import F, QuerySet, Value

from evently.accounts.models import User
from evently.audit.context import facts_for
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.database.prepared import execute_prepared
from evently.email_providers import SMTP
from evently.transactions import signed_transaction
from notifications.failures import HELD_BACK
from notifications.models import (
    DeliveryStatus,
    EmailDelivery,
    Notification,
    NotificationStatus,
    TemplateType,
)
from notifications.operations import attempt_rows
from notifications.operations.attempt_statements import (
    BEGIN,
    BEGIN_AGAIN,
    HOLD,
    RELEASE,
    SUCCEED,
    SUCCEED_AND_BEGIN,
)
from notifications.providers.sending import Try
from notifications.sent_models import AttemptOutcome, EmailAttempt, SentEmail

MOST_ATTEMPTS = 10
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
# No other attempt begins within this time, whether the lock of this one holds or not.
BEGINNING_SECONDS = 10
# A process that has stopped for so long, or is out of reach, keeps its emails no longer.
STOPPED_SECONDS = 300


@dataclass
class Attempt:
    """An attempt that has begun. number: 1 for the first. was_held: the email was held back.

    is_locked: the session has its lock, until it ends. begun_at: by time.monotonic, at the latest.
    provider: that it goes to, or went to. provider_message_id: by which that knows the email.
    delivery_id: the email's row. tries: of the providers, once they were tried. copy: what the
    email says, sealed; None where that is not kept.
    """

    id: UUID
    notification: Notification
    delivery_id: UUID
    number: int
    user: User
    was_held: bool = False
    is_locked: bool = False
    begun_at: float = field(default_factory=time.monotonic)
    provider: str = SMTP
    provider_message_id: str = ""
    tries: Sequence[dict[str, Any]] = ()
    copy: bytes | None = None

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
    provider: str = SMTP,
    after: Attempt | None = None,
) -> Attempt | None:
    """Begin and count an attempt, in a statement of its own.

    address, provider: that it goes to. after: the attempt before, which succeeded; that is recorded
    in the same statement. Returns None where it is not due, or another one is under way.
    """
    attempt_id, key, begun_at = uuid7(), user.key, time.monotonic()
    values = {
        "context": facts_for(connection),
        "id": uuid7(),
        "notification_id": notification.pk,
        "user_id": notification.user_id,
        "event_id": notification.event_id,
        "kind": notification.type,
        "recipient": key.seal("recipient", address) if key else None,
        "template_type": template_type,
        "provider": provider,
        "metadata": json.dumps(_metadata(notification, message_id)),
        "attempt": attempt_id,
        "beginning": BEGINNING_SECONDS,
        "lock": _lock_of(notification),
    }
    if after is None:
        rows = execute_prepared(connection, BEGIN, values)
    else:
        rows = execute_prepared(connection, SUCCEED_AND_BEGIN, values | _as_sent(after))
        after.is_locked = False
    if not rows:
        values["stopped"] = STOPPED_SECONDS
        rows = execute_prepared(connection, BEGIN_AGAIN, values)
    if not rows:
        return None
    ((number, was_held, is_locked, delivery_id),) = rows
    return Attempt(
        attempt_id, notification, delivery_id, number, user, was_held, is_locked, begun_at, provider
    )


def note_tries(attempt: Attempt, tries: Sequence[Try], *, address: str) -> None:
    """Let the outcome of an attempt be recorded with the providers that were tried.

    address: that the email went to.
    """
    attempt.tries = attempt_rows.rows_of(
        tries,
        attempt_id=attempt.id,
        number=attempt.number,
        name=attempt.user.display_name,
        address=address,
    )


def is_under_way(attempt: Attempt) -> bool:
    """Return whether no other attempt has taken over."""
    if time.monotonic() - attempt.begun_at < BEGINNING_SECONDS / 2:
        return True
    with transaction.atomic():
        return hold(attempt)


@signed_transaction()
def pass_on(attempt: Attempt, *, provider: str) -> bool:
    """Record that another provider gets the email now; False where another attempt took over."""
    changed = _delivery_of(attempt).update(provider=provider)
    attempt.provider = provider
    return bool(changed)


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
    """Record that the mail server accepted the email, in a statement of its own."""
    values = {"context": facts_for(connection), **_as_sent(attempt)}
    execute_prepared(connection, SUCCEED, values)
    attempt.is_locked = False


def release(attempt: Attempt) -> None:
    """Release the lock of an attempt that has ended, if it is not released yet."""
    if attempt.is_locked:
        attempt.is_locked = False
        # A session that has died holds no lock.
        with suppress(DatabaseError, InterfaceError):
            execute_prepared(connection, RELEASE, {"lock": _lock_of(attempt.notification)})


@signed_transaction()
def fail(attempt: Attempt, *, error: str, for_good: bool = False, maybe_sent: bool = False) -> bool:
    """Record a failure and when the next attempt is due; return whether there is one.

    error: what happened, without personal data. maybe_sent: the mail server may have accepted it,
    so the attempt stays open, and the next one records that the email may be repeated.
    """
    ended = {} if maybe_sent else {"attempt": None}
    _record(attempt, AttemptOutcome.WITHHELD, error=error, is_copied=maybe_sent)
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
    _record(attempt, AttemptOutcome.HELD, error=HELD_BACK)
    _delivery_of(attempt).update(
        status=DeliveryStatus.HELD,
        attempt=None,
        send_attempts=F("send_attempts") - 1,
        error_message=HELD_BACK,
        next_attempt_at=until,
    )
    _notification_of(attempt).update(next_attempt_at=until)


@signed_transaction()
def withdraw(attempt: Attempt, *, is_hidden: bool = False) -> None:
    """Delete an email that is obsolete, and leave the notification to the inbox.

    is_hidden: there, too, unless it was read.
    """
    EmailAttempt.objects.filter(
        user_id=attempt.notification.user_id, delivery_id=attempt.delivery_id
    ).delete()
    _delivery_of(attempt).delete()
    if is_hidden:
        _notification_of(attempt).filter(read=False).update(channels=[], read=True)
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


def _record(
    attempt: Attempt, untried: AttemptOutcome, *, error: str, is_copied: bool = False
) -> None:
    """Record the providers that were tried, and their answers. untried: the outcome without any.

    is_copied: the email may have been sent, so what it says is kept.
    """
    notification = attempt.notification
    rows = attempt.tries or [
        attempt_rows.untried(untried, attempt_id=attempt.id, number=attempt.number, error=error)
    ]
    attempt_rows.insert_rows(rows, notification=notification, delivery_id=attempt.delivery_id)
    if is_copied and attempt.copy is not None:
        SentEmail.objects.create(
            id=attempt.id,
            delivery_id=attempt.delivery_id,
            user_id=notification.user_id,
            event_id=notification.event_id,
            sealed=attempt.copy,
        )


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
        "sent_provider": attempt.provider,
        "sent_provider_message_id": attempt.provider_message_id,
        "sent_is_locked": attempt.is_locked,
        "sent_lock": _lock_of(notification),
        "sent_tries": json.dumps(attempt.tries),
        "sent_copy": attempt.copy,
    }


def _lock_of(notification: Notification) -> int:
    return lock_number(notification.pk)


def lock_number(notification_id: UUID) -> int:
    """Return the number of an email's advisory lock: the random half of its notification's id."""
    return int.from_bytes(notification_id.bytes[8:], "big", signed=True)


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
