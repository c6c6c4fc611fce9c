"""Notify people of what is due by time, in batches: after a crash, the next call continues.

Whom a message was written for already gets no other, by its key.
"""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from django.db.models import QuerySet

from evently.transactions import run_in_transaction
from events.models import Event
from notifications import due
from notifications.kinds import Message, reminders, thanks
from notifications.mailing_models import Mailing, MailingKind
from notifications.operations.creating import notify

# So many are notified in one transaction.
PEOPLE_AT_ONCE = 500
# These are locked meanwhile, and so is whoever claims one of them.
OFFERS_AT_ONCE = 50


def remind_attendees(*, event_id: UUID) -> int:
    """Remind all attendees of an event, if that is due; return how many."""
    return _notify_attendees(
        due.events_to_remind,
        event_id,
        MailingKind.REMINDER,
        lambda event: due.people_to_remind(event, due_at=event.due_at),  # type: ignore[attr-defined]
        reminders.reminder,
    )


def thank_attendees(*, event_id: UUID) -> int:
    """Thank all who came to an event, if that is due; return how many."""
    return _notify_attendees(
        due.events_to_thank,
        event_id,
        MailingKind.EVENT_OVER,
        due.people_to_thank,
        thanks.event_over,
    )


def _notify_attendees(
    events: Callable[[], QuerySet[Event]],
    event_id: UUID,
    kind: MailingKind,
    people_of: Callable[[Event], list[UUID]],
    message_of: Callable[[Event, UUID], Message],
) -> int:
    event = events().filter(pk=event_id).first()
    if event is None:
        return 0
    people = people_of(event)

    def write(batch: Sequence[UUID]) -> bool:
        # It may have been moved or cancelled since.
        now = events().filter(pk=event_id).first()
        if now is None or now.due_at != event.due_at:  # type: ignore[attr-defined]
            return False
        notify(messages=[message_of(now, user_id) for user_id in batch])
        return True

    for start in range(0, len(people), PEOPLE_AT_ONCE):
        if not run_in_transaction(partial(write, people[start : start + PEOPLE_AT_ONCE])):
            return 0
    # Another worker may have come to the end at the same time.
    Mailing.objects.bulk_create(
        [Mailing(event=event, kind=kind, due_at=event.due_at, people=len(people))],  # type: ignore[attr-defined]
        ignore_conflicts=True,
    )
    return len(people)


def remind_of_payments(*, event_id: UUID) -> int:
    """Remind of payments for an event that end soon; return of how many."""

    def messages() -> list[Message]:
        bookings = due.payments_to_remind_of().filter(event_id=event_id)
        return [reminders.payment_reminder(booking) for booking in bookings[:PEOPLE_AT_ONCE]]

    return _all(messages)


def remind_of_offers(*, event_id: UUID) -> int:
    """Remind of offers of an event that end soon; return of how many.

    Each is locked, so that none is that has just been taken.
    """

    def messages() -> list[Message]:
        offers = due.offers_ending().filter(event_id=event_id)
        locked = offers.select_for_update(of=("self",), no_key=True, skip_locked=True)
        return [reminders.offer_ending(offer.event, offer) for offer in locked[:OFFERS_AT_ONCE]]

    return _all(messages)


def _all(messages: Callable[[], list[Message]]) -> int:
    """Write messages, a transaction for each batch, until there are no more."""
    number = 0
    while written := run_in_transaction(lambda: len(notify(messages=messages()))):
        number += written
    return number
