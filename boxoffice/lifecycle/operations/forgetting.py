"""What erasing a person removes beside the account, its key and its tokens.

Names and email addresses are sealed, so they go dark with the key. This removes what is stored in
plain text. `boxoffice/tests/test_forgetting.py` lists all columns that may hold data of a person,
and fails for a new one until it is decided what becomes of it.
"""

from uuid import UUID

from django.db.models import QuerySet

from bookings.models import Booking, BookingAttempt, TicketTransfer
from evently.idempotency.models import IdempotencyKey
from events.models import Event
from waitlists.models import WaitlistEntry

# In place of a text that must not be empty.
ERASED = "(erased)"


def forget_person(*, user_id: UUID) -> None:
    """Remove what a person left in plain text, inside the caller's transaction."""
    # Where attempts came from.
    attempts = BookingAttempt.objects.filter(user_id=user_id)
    attempts.filter(event_id__in=_event_ids(attempts)).update(ip_address=None, user_agent="")
    # Why an organizer preferred them, which may say something about them; their own settings.
    entries = WaitlistEntry.objects.filter(user_id=user_id)
    entries = entries.filter(event_id__in=_event_ids(entries))
    entries.exclude(priority_reason="").update(priority_reason=ERASED)
    entries.update(notify_prefs={}, timezone="", mailbox=None)
    # Which mailbox they booked with.
    booked = Booking.objects.filter(user_id=user_id, mailbox__isnull=False)
    booked.filter(event_id__in=_event_ids(booked)).update(mailbox=None)
    # Their name and address, as others entered them who handed them a ticket.
    handed = TicketTransfer.objects.filter(recipient_id=user_id)
    handed.filter(event_id__in=_event_ids(handed)).update(recipient_name=None, recipient_email=None)
    # How to reach them about the events that they organized, which are over.
    Event.objects.filter(created_by_id=user_id).exclude(contact_email="").update(contact_email="")
    # Answers to their requests, with all that these showed.
    IdempotencyKey.objects.filter(user_id=user_id).delete()


def _event_ids(
    rows: QuerySet[Booking]
    | QuerySet[BookingAttempt]
    | QuerySet[WaitlistEntry]
    | QuerySet[TicketTransfer],
) -> list[UUID]:
    """Return the ids of the events of rows, by which their tables are distributed."""
    return list(rows.order_by().values_list("event_id", flat=True).distinct())
