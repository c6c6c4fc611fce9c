"""Which events are due to be ended."""

from uuid import UUID

from django.db.models import Exists, OuterRef

from bookings.models import HOLDING_SEATS, Booking
from events.models import Event, EventStatus
from waitlists.models import OPEN_STATUSES, WaitlistEntry

COMPLETED_AT_ONCE = 500


def cancelled_events_to_continue() -> list[UUID]:
    """Return the ids of cancelled events that still have bookings or waitlist entries."""
    bookings = Booking.objects.filter(event_id=OuterRef("pk"), status__in=HOLDING_SEATS)
    entries = WaitlistEntry.objects.filter(event_id=OuterRef("pk"), status__in=OPEN_STATUSES)
    return list(
        Event.objects.filter(status=EventStatus.CANCELLED)
        .filter(Exists(bookings) | Exists(entries))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def events_to_complete() -> list[UUID]:
    """Return the ids of active events that are over."""
    return list(
        Event.objects.filter(status=EventStatus.ACTIVE)
        .over()
        .order_by("pk")
        .values_list("pk", flat=True)[:COMPLETED_AT_ONCE]
    )
