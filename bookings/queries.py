"""Reads of bookings that are used twice, or hard to get right."""

from uuid import UUID

from django.db.models import QuerySet

from bookings.models import Booking, BookingStatus
from evently.database.functions import Clock


def booking_history(*, user_id: UUID) -> QuerySet[Booking]:
    """Return a person's bookings with their events, newest first."""
    return Booking.objects.of_user(user_id).select_related("event").order_by("-created_at", "-id")


def booking_of(*, user_id: UUID, booking_id: UUID) -> Booking | None:
    """Return one of a person's bookings with its event, or None."""
    return booking_history(user_id=user_id).filter(pk=booking_id).first()


def events_with_overdue_bookings() -> list[UUID]:
    """Return the ids of events with unpaid bookings whose time is over."""
    return list(
        Booking.objects.filter(status=BookingStatus.PENDING, expires_at__lte=Clock())
        .order_by("event_id")
        .values_list("event_id", flat=True)
        .distinct()
    )
