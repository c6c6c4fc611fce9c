"""Look after the delivery of emails, go on sending failed ones, create partitions in advance."""

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings

from evently import heartbeats
from evently.sweeps import for_each_event
from evently.transactions import run_in_transaction
from notifications import due
from notifications.emails.drafts import Draft
from notifications.operations import (
    announcing,
    partitions,
    reminding,
    resend_runs,
    resent_rows,
    standing_in,
    trying,
)
from notifications.returns import applying, mailbox
from notifications.writing import sending

log = structlog.get_logger(__name__)


@shared_task
def deliver(notification_id: str, user_id: str) -> None:
    """Do nothing: the rows are the queue. A release that enqueued each email may still run."""


@shared_task
def deliver_many(pairs: list[list[str]]) -> None:
    """Do nothing, as `deliver`."""


@shared_task(expires=60)
def deliver_missed() -> None:
    """Deliver what is due if no mailer is alive, as after an upgrade that has not started one."""
    mailers = heartbeats.read_signs().ages_of(heartbeats.MAILER)
    if any(age < heartbeats.DEAD_SECONDS for age in mailers.values()):
        return
    if number := standing_in.deliver_due():
        log.warning("no_mailer", delivered_here=number)


@shared_task
def continue_announcements_of(event_id: str) -> None:
    """Notify the people of an event whom the change of it has not notified."""
    announcing.continue_announcements(event_id=UUID(event_id))


@shared_task
def continue_announcements() -> None:
    """Continue announcements that a crash or a lost task left unfinished."""
    for_each_event(
        "continue_announcements",
        announcing.events_to_continue(),
        announcing.continue_announcements,
    )


@shared_task
def send_messages_of(event_id: str) -> None:
    """Send the messages to the attendees of an event that are due or have begun."""
    sending.send_messages(event_id=UUID(event_id))


@shared_task
def send_messages() -> None:
    """Send messages to attendees whose time has come, and go on with those that a crash ended."""
    for_each_event("send_messages", sending.events_to_write_to(), sending.send_messages)


@shared_task
def send_failed_again(event_id: str, by_id: str | None, after: str) -> None:
    """Go on sending the failed emails of an event again, batch by batch.

    after: the email that the former batch ended with.
    """
    ids = resent_rows.failed_after(event_id=UUID(event_id), after=UUID(after))
    if not ids:
        return
    by = UUID(by_id) if by_id else None
    run_in_transaction(lambda: resent_rows.make_due(ids, by_id=by))
    send_failed_again.delay(event_id, by_id, str(ids[-1]))


@shared_task(expires=60)
def remind_attendees() -> None:
    """Remind attendees of events that begin soon."""
    for_each_event(
        "remind_attendees", due.ids_of(due.events_to_remind()), reminding.remind_attendees
    )


@shared_task(expires=60)
def thank_attendees() -> None:
    """Thank those who came to events, on the day after."""
    for_each_event("thank_attendees", due.ids_of(due.events_to_thank()), reminding.thank_attendees)


@shared_task(expires=60)
def remind_of_payments() -> None:
    """Remind of payments before bookings are cancelled without them."""
    events = due.events_of(due.payments_to_remind_of())
    for_each_event("remind_of_payments", events, reminding.remind_of_payments)


@shared_task(expires=60)
def remind_of_offers() -> None:
    """Remind of offers before they end."""
    events = due.events_of(due.offers_ending())
    for_each_event("remind_of_offers", events, reminding.remind_of_offers)


@shared_task(expires=600)
def send_test_email(draft: dict[str, Any], user_id: str) -> None:
    """Send a draft of an email to the person who asked for it."""
    trying.send_test(Draft.from_json(draft), UUID(user_id))


@shared_task
def continue_resend_run(run_id: str) -> None:
    """Go on sending the emails of a run again."""
    resend_runs.carry_on(run_id=UUID(run_id))


@shared_task
def continue_resend_runs() -> None:
    """Go on with runs that a crash or a lost task left unfinished."""
    for run_id in resend_runs.open_runs():
        resend_runs.carry_on(run_id=run_id)


@shared_task
def make_partitions() -> None:
    partitions.make_partitions()


@shared_task(expires=60)
def apply_returns() -> None:
    """Draw what follows from reports of what became of emails."""
    applying.apply_all()


@shared_task(expires=60)
def read_bounces() -> None:
    """Read the mailbox that emails come back to, where there is one."""
    if settings.BOUNCE_MAILBOX_URL:
        mailbox.read_mailbox(mailbox.mailbox_of(settings.BOUNCE_MAILBOX_URL))
