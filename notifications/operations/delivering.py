"""Deliver messages: decide the channels, write the mail, hand it to the mail server, once.

However often and wherever this runs for a message, its mail goes out once (`attempts`). One case
is left, which no mail server can rule out: the process (or its database) dies, or the server's
answer is lost, after the server took the mail and before we have written that. Then it is sent
again, under the same Message-ID, by which mail programs fold the two into one; the delivery log
marks it as `maybeRepeated`.
"""

import smtplib
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import structlog
from anymail.exceptions import AnymailError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction

from evently.accounts.models import User
from notifications.emails.email_content import Obsolete
from notifications.emails.message import message_id_of, write_mail
from notifications.emails.writers import template_type_of
from notifications.models import Channel, Notification, NotificationStatus
from notifications.operations import attempts
from notifications.operations.attempts import Attempt
from notifications.preferences import wanted_channels
from waitlists.models import WaitlistEntry

LEFT = "the person has left, there is no address any more"
GIVEN_UP = "no attempt ever came to its end"
# What a mail server says no to for good begins with this; 4xx means: later.
PERMANENT = 500
# Well below the time limit of a task, so that none is stopped while it sends.
BATCH_SECONDS = 120

log = structlog.get_logger(__name__)


class ServerDown(Exception):
    """The mail server does not answer, so the rest of a batch need not try either."""


class Postbox:
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

    def send(self, mail: EmailMultiAlternatives) -> None:
        """Hand a mail over. Raises ServerDown, SMTPException, AnymailError, OSError."""
        try:
            self._connection.open()
        except (smtplib.SMTPException, OSError) as error:
            raise ServerDown(describe(error)) from error
        mail.connection = self._connection
        taken = False
        try:
            mail.send()
            taken = True
        finally:
            if not taken:
                self._connection.close()


def deliver_all(messages: Iterable[tuple[UUID, UUID]], *, seconds: float = BATCH_SECONDS) -> None:
    """Deliver messages, given as (notification id, user id), over one connection.

    seconds: after so long no other is begun. Where the mail server is down, or so slow that the
    time runs out, the rest is left to the sweep.
    """
    deadline = time.monotonic() + seconds
    with Postbox() as postbox:
        for notification_id, user_id in messages:
            if time.monotonic() > deadline:
                return
            try:
                deliver(user_id=user_id, notification_id=notification_id, postbox=postbox)
            except ServerDown:
                return


def deliver(*, user_id: UUID, notification_id: UUID, postbox: Postbox) -> None:
    """Deliver one message, if it is still pending and nobody else is at it.

    Raises ServerDown, after noting that the attempt failed.
    """
    notification = Notification.objects.filter(
        user_id=user_id, pk=notification_id, status=NotificationStatus.PENDING
    ).first()
    person = User.objects.with_keys().filter(pk=user_id).first()
    if notification is None or person is None:
        return
    if Channel.EMAIL not in choose_channels(notification, person):
        attempts.deliver_in_app(notification)
        return
    attempt = attempts.begin(
        notification,
        person,
        template_type=template_type_of(notification.type),
        message_id=message_id_of(notification.pk),
    )
    if attempt is not None:
        _carry_out(attempt, person, postbox)


def choose_channels(notification: Notification, person: User) -> list[str]:
    """Return the channels that the person wants for a message, and write them if they are fewer."""
    channels = wanted_channels(
        notification,
        preferences=person.preferences,
        entry_preferences=_entry_preferences(notification),
    )
    if channels != notification.channels:
        attempts.set_channels(notification, channels, hidden=Channel.IN_APP not in channels)
    return channels


def _entry_preferences(notification: Notification) -> dict[str, Any]:
    """Return what a waitlist entry says about messages that concern it."""
    entry_id = notification.data.get("entry")
    if entry_id is None or notification.event_id is None:
        return {}
    found = (
        WaitlistEntry.objects.filter(event_id=notification.event_id, pk=entry_id)
        .values_list("notify_prefs", flat=True)
        .first()
    )
    return found if isinstance(found, dict) else {}


def _carry_out(attempt: Attempt, person: User, postbox: Postbox) -> None:
    """Write the mail and send it, and write down what became of it."""
    if not person.email:
        attempts.fail(attempt, error=LEFT, for_good=True)
        return
    if attempt.is_one_too_many:
        attempts.fail(attempt, error=GIVEN_UP, for_good=True)
        return
    try:
        mail = write_mail(attempt.notification, person)
    except Obsolete:
        attempts.withdraw(attempt)
        return
    down: ServerDown | None = None
    with transaction.atomic():
        if not attempts.hold(attempt):
            return
        try:
            postbox.send(mail)
        except ServerDown as error:
            down = error
            _note_failure(attempt, error=str(error), for_good=False)
        except (smtplib.SMTPException, AnymailError, OSError, ValueError) as error:
            _note_failure(attempt, error=describe(error), for_good=is_permanent(error))
        else:
            attempts.succeed(attempt)
    if down is not None:
        raise down


def _note_failure(attempt: Attempt, *, error: str, for_good: bool) -> None:
    again = attempts.fail(attempt, error=error, for_good=for_good)
    log.warning(
        "mail_failed",
        notification_id=str(attempt.notification.pk),
        attempt=attempt.number,
        error=error,
        tried_again=again,
    )


def is_permanent(error: Exception) -> bool:
    """Tell whether the same mail would be refused again: the recipient, or what it says."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= PERMANENT
    # A header or an address that cannot be written.
    return isinstance(error, ValueError)


def describe(error: Exception) -> str:
    """Say what went wrong without personal data, which servers like to repeat in their answers."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"{name} {' '.join(str(code) for code, _ in error.recipients.values())}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{name} {error.smtp_code}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} {error.errno}"
    return name
