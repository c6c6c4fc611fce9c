"""Events that a periodic task has to cancel further or complete, and accounts to erase."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Value

from bookings.models import HOLDING_SEATS, Booking
from evently.accounts.models import User
from evently.database.functions import Clock
from events.models import Event, EventStatus
from waitlists.models import OPEN_STATUSES, WaitlistEntry

COMPLETED_AT_ONCE = 500
# No longer than a session, the only thing that can use a duplicate.
DUPLICATE_LIFETIME = timedelta(seconds=settings.SESSION_COOKIE_AGE)
DUPLICATES_AT_ONCE = 500


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
    """Return the ids of active events that are over, at most COMPLETED_AT_ONCE."""
    return list(
        Event.objects.filter(status=EventStatus.ACTIVE)
        .over()
        .order_by("pk")
        .values_list("pk", flat=True)[:COMPLETED_AT_ONCE]
    )


def accounts_to_erase() -> list[UUID]:
    """Return the ids of users whose deletion is due or has begun."""
    return list(User.objects.filter(deletion_due_at__lte=Clock()).values_list("pk", flat=True))


def duplicates_to_erase() -> list[UUID]:
    """Return the ids of old duplicates (`User.is_duplicate`) without seats of an upcoming event."""
    upcoming = Booking.objects.holding_seats().filter(
        user_id=OuterRef("pk"), event__event_date__gt=Clock()
    )
    return list(
        User.objects.filter(
            email_digest__isnull=True,
            deleted_at__isnull=True,
            email_verified_at__isnull=True,
            created_at__lt=Clock() - Value(DUPLICATE_LIFETIME),
        )
        .exclude(Exists(upcoming))
        .order_by("pk")
        .values_list("pk", flat=True)[:DUPLICATES_AT_ONCE]
    )
