"""What erasing a person removes beside the account, its key and its tokens.

Names and email addresses are sealed, so they go dark with the key. This removes what is stored in
plain text. `boxoffice/tests/test_forgetting.py` lists all columns that may hold data of a person,
and fails for a new one until it is decided what becomes of it.
"""

from collections import Counter
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from bookings.models import ArchivedBooking, Booking, BookingAttempt, TicketTransfer
from boxoffice.lifecycle.free_text import ERASED, cancellations
from evently.accounts.models import DataExport
from evently.idempotency.models import IdempotencyKey
from events.models import Event
from notifications.event_email_models import EventEmail
from notifications.models import Notification
from notifications.writing.forgetting import forget_written
from waitlists.models import Promotion, WaitlistEntry

FORGET_IN_TRAIL = "SELECT evently_forget_in_trail(%s)"


def forget_person(*, user_id: UUID) -> Counter[str]:
    """Remove what a person left in plain text, inside the caller's transaction.

    Not from the audit trail, which `forget_in_trail` does once all rows are changed. Returns how
    many rows, by the names of `evently.erasure.receipts.DONE`.
    """
    counts: Counter[str] = Counter()
    # Where attempts came from.
    attempts = BookingAttempt.objects.filter(user_id=user_id).exclude(
        ip_address=None, user_agent=""
    )
    counts["origins_removed"] += _of_events(attempts).update(ip_address=None, user_agent="")
    counts["texts_erased"] += _erase_reasons(user_id)
    # Their own settings, and which mailbox they waited and booked with.
    entries = WaitlistEntry.objects.filter(user_id=user_id).exclude(
        notify_prefs={}, timezone="", mailbox=None
    )
    counts["settings_removed"] += _of_events(entries).update(
        notify_prefs={}, timezone="", mailbox=None
    )
    booked = Booking.objects.filter(user_id=user_id, mailbox__isnull=False)
    counts["settings_removed"] += _of_events(booked).update(mailbox=None)
    # Their name and address, as others entered them who handed them a ticket.
    handed = TicketTransfer.objects.filter(recipient_id=user_id, recipient_name__isnull=False)
    counts["entered_removed"] += _of_events(handed).update(
        recipient_name=None, recipient_email=None
    )
    # How to reach them about the events that they organized, which are over.
    events = Event.objects.filter(created_by_id=user_id).exclude(contact_email="")
    counts["contacts_removed"] += events.update(contact_email="")
    texts = EventEmail.objects.filter(event__created_by_id=user_id).exclude(reply_to="")
    counts["contacts_removed"] += _of_events(texts).update(reply_to="")
    # What they wrote to attendees.
    counts["texts_erased"] += forget_written(user_id=user_id)
    # Files with all their data; answers to their requests, with all that these showed.
    files, _ = DataExport.objects.filter(user_id=user_id).delete()
    counts["exports_deleted"] += files
    deleted, _ = IdempotencyKey.objects.filter(user_id=user_id).delete()
    counts["answers_deleted"] += deleted
    return counts


def _erase_reasons(user_id: UUID) -> int:
    """Replace what organizers wrote about a person, and return in how many rows."""
    entries = WaitlistEntry.objects.filter(user_id=user_id).exclude(
        priority_reason__in=("", ERASED)
    )
    offers = Promotion.objects.filter(user_id=user_id).exclude(organizer_reason__in=("", ERASED))
    return (
        _of_events(cancellations(user_id)).update(cancel_reason=ERASED)
        + _of_events(cancellations(user_id, ArchivedBooking)).update(cancel_reason=ERASED)
        + _of_events(entries).update(priority_reason=ERASED)
        + _of_events(offers).update(organizer_reason=ERASED)
    )


def forget_messages(*, user_id: UUID) -> int:
    """Erase the texts of a person's notifications, inside the caller's transaction.

    They may repeat an organizer's words. Only once the emails that repeat them are sent. Returns of
    how many.
    """
    messages = Notification.objects.filter(user_id=user_id).exclude(message=ERASED)
    return messages.update(message=ERASED)


def forget_in_trail(*, user_id: UUID) -> int:
    """Redact in the audit trail what `forget_person` removes; return in how many entries.

    Inside the caller's transaction, whose own changes are in the trail by now.
    """
    with connection.cursor() as cursor:
        cursor.execute(FORGET_IN_TRAIL, [user_id])
        return int(cursor.fetchone()[0])


def _of_events(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows by their ids and events, by which their tables are distributed."""
    found = list(rows.order_by().values_list("pk", "event_id"))
    same: QuerySet[Any] = rows.model._default_manager.filter(
        event_id__in={event_id for _, event_id in found}, pk__in=[pk for pk, _ in found]
    )
    return same
