"""Deliver notifications: choose the channels, render the email, send it once.

However often and wherever this runs for a notification, its email is sent once (`attempts`). One
case remains, which cannot be ruled out with a mail server: the process or its database dies, or the
server's answer is lost, after the server accepted the email and before that is committed. Then the
email is sent again under the same Message-ID, by which email clients recognize duplicates, and the
delivery log has `maybeRepeated`.
"""

import smtplib
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import structlog
from anymail.exceptions import AnymailError
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import InterfaceError, OperationalError, transaction

from evently import metrics
from evently.accounts.models import User
from evently.accounts.operations import email_allowance
from evently.privacy.sealing import WrappingKeyMissing
from notifications.emails.email_content import EmailObsolete
from notifications.emails.message import build_email, message_id_of
from notifications.failures import ACCOUNT_DELETED, GIVEN_UP
from notifications.kinds import KINDS, Kind, kind_named
from notifications.kinds.held import is_superseded
from notifications.models import Channel, Notification, NotificationStatus
from notifications.operations import attempts
from notifications.operations.attempts import Attempt
from notifications.operations.holding import merge_held
from notifications.preferences import wanted_channels
from waitlists.models import WaitlistEntry

# SMTP codes from here on are permanent failures; 4xx are temporary ones.
PERMANENT = 500
# Well below the time limit of a task, so that no task is stopped while it sends.
BATCH_SECONDS = 120

log = structlog.get_logger(__name__)


class ServerDown(Exception):
    """The mail server does not answer, so the rest of the batch is not tried."""


class EmailConnection:
    """A connection to the mail server, opened when it is first needed and kept for a batch."""

    def __init__(self) -> None:
        self._connection: Any = get_connection()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def send(self, email: EmailMultiAlternatives) -> None:
        """Send an email. Raises ServerDown, SMTPException, AnymailError, OSError."""
        try:
            self._connection.open()
        except (smtplib.SMTPException, OSError) as error:
            raise ServerDown(describe(error)) from error
        email.connection = self._connection
        accepted = False
        try:
            email.send()
            accepted = True
        finally:
            # After an error the connection may be in any state; the next email opens another.
            if not accepted:
                self._connection.close()


def deliver_all(
    notifications: Iterable[tuple[UUID, UUID]], *, seconds: float = BATCH_SECONDS
) -> None:
    """Deliver notifications, given as (notification id, user id), over one connection.

    seconds: the time after which no other is begun. Where the mail server is down, or so slow that
    the time runs out, the rest is left to the periodic task.
    """
    deadline = time.monotonic() + seconds
    with EmailConnection() as email_connection:
        for notification_id, user_id in notifications:
            if time.monotonic() > deadline:
                return
            try:
                deliver(
                    user_id=user_id,
                    notification_id=notification_id,
                    email_connection=email_connection,
                )
            except ServerDown:
                return
            except (
                OperationalError,
                InterfaceError,
                SoftTimeLimitExceeded,
                WrappingKeyMissing,
            ):
                # Not this email's fault: the database is down, the task has run too long, or this
                # worker is not restarted yet in a rotation of keys.
                raise
            except Exception:
                # A defect in one email must not hold up the others; its attempt stays open, and
                # it is tried again later.
                log.exception("delivery_failed", notification_id=str(notification_id))


def deliver(*, user_id: UUID, notification_id: UUID, email_connection: EmailConnection) -> None:
    """Deliver one notification, if it is still pending and no other attempt is under way.

    Raises ServerDown, after recording that the attempt failed.
    """
    notification = Notification.objects.filter(
        user_id=user_id, pk=notification_id, status=NotificationStatus.PENDING
    ).first()
    user = User.objects.with_keys().filter(pk=user_id).first()
    if notification is None or user is None:
        return
    kind = KINDS.get(notification.type)
    if kind is None:
        # Written by a newer release during its deployment; its own worker will deliver it.
        log.warning("unknown_kind", notification_id=str(notification_id), kind=notification.type)
        return
    if Channel.EMAIL not in choose_channels(notification, kind, user):
        attempts.deliver_in_app(notification)
        return
    if settings.HOLD_EMAILS:
        # It stays pending, and goes out once emails are no longer held.
        return
    attempt = attempts.begin(
        notification,
        user,
        address=_address_of(notification, kind, user),
        template_type=kind.template,
        message_id=message_id_of(notification.pk),
    )
    if attempt is None:
        return
    if attempt.was_held and (merged_id := merge_held(attempt)):
        deliver(user_id=user_id, notification_id=merged_id, email_connection=email_connection)
        return
    _carry_out(attempt, user, email_connection)


def _address_of(notification: Notification, kind: Kind, user: User) -> str:
    try:
        return kind.address_of(notification, user)
    except EmailObsolete:
        # Rendering finds that, too, and withdraws the email.
        return user.email


def choose_channels(notification: Notification, kind: Kind, user: User) -> list[str]:
    """Return the channels that the user wants, and store them where they are fewer."""
    if notification.data.get("again"):
        # Asked for by the user, or by an organizer within limits (`resending`).
        return list(notification.channels)
    channels = wanted_channels(
        notification.channels,
        kind,
        preferences=user.preferences,
        entry_preferences=_entry_preferences(notification),
    )
    if channels != notification.channels:
        attempts.set_channels(notification, channels, hidden=Channel.IN_APP not in channels)
    return channels


def _entry_preferences(notification: Notification) -> dict[str, Any]:
    """Return the `notify_prefs` of the waitlist entry that a notification is about."""
    entry_id = notification.data.get("entry")
    if entry_id is None or notification.event_id is None:
        return {}
    found = (
        WaitlistEntry.objects.filter(event_id=notification.event_id, pk=entry_id)
        .values_list("notify_prefs", flat=True)
        .first()
    )
    return found if isinstance(found, dict) else {}


def _carry_out(attempt: Attempt, user: User, email_connection: EmailConnection) -> None:
    """Render and send the email, and record the outcome."""
    if not user.email:
        attempts.fail(attempt, error=ACCOUNT_DELETED, for_good=True)
        return
    if attempt.is_one_too_many:
        attempts.fail(attempt, error=GIVEN_UP, for_good=True)
        return
    email = _email_of(attempt, user)
    if email is None:
        attempts.withdraw(attempt)
        return
    if _is_held_back(attempt, user, email):
        return
    down: ServerDown | None = None
    with transaction.atomic():
        if not attempts.hold(attempt):
            return
        try:
            email_connection.send(email)
        except ServerDown as error:
            down = error
            _record_failure(attempt, error=str(error), for_good=False)
        except (smtplib.SMTPException, AnymailError, OSError, ValueError) as error:
            _record_failure(attempt, error=describe(error), for_good=is_permanent(error))
        else:
            attempts.succeed(attempt)
    if down is not None:
        email_allowance.give_back(email_id=attempt.notification.pk)
        raise down


def _email_of(attempt: Attempt, user: User) -> EmailMultiAlternatives | None:
    """Render the email; None where there is nothing left to say."""
    if attempt.was_held and is_superseded(attempt.notification):
        return None
    try:
        return build_email(attempt.notification, user)
    except EmailObsolete:
        return None


def _is_held_back(attempt: Attempt, user: User, email: EmailMultiAlternatives) -> bool:
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


def _record_failure(attempt: Attempt, *, error: str, for_good: bool) -> None:
    again = attempts.fail(attempt, error=error, for_good=for_good)
    metrics.email_failures.labels("tried_again" if again else "given_up").inc()
    log.warning(
        "mail_failed",
        notification_id=str(attempt.notification.pk),
        attempt=attempt.number,
        error=error,
        tried_again=again,
    )


def is_permanent(error: Exception) -> bool:
    """Tell whether the same email would be refused again, for its recipient or its content."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= PERMANENT
    # A header or an email address that cannot be encoded.
    return isinstance(error, ValueError)


def describe(error: Exception) -> str:
    """Return the error without the server's words, which often repeat personal data."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"{name} {' '.join(str(code) for code, _ in error.recipients.values())}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{name} {error.smtp_code}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} {error.errno}"
    return name
