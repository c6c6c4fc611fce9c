"""What bookings keep about a person, for their export."""

from typing import Any
from uuid import UUID

from bookings.models import ArchivedBooking, Booking, BookingAttempt
from evently.accounts.export import section

BOOKING_COLUMNS = (
    "id",
    "event_id",
    "event__name",
    "booking_reference",
    "status",
    "quantity",
    "unit_price",
    "total_amount",
    "created_at",
    "cancelled_at",
    "cancel_reason",
)


@section("bookings")
def bookings(user_id: UUID) -> list[Any]:
    """Return a person's bookings, archived ones first."""
    archived = ArchivedBooking.objects.filter(user_id=user_id).order_by("id")
    living = Booking.objects.filter(user_id=user_id).order_by("id")
    return [*archived.values(*BOOKING_COLUMNS), *living.values(*BOOKING_COLUMNS)]


@section("booking_attempts")
def booking_attempts(user_id: UUID) -> list[Any]:
    """Return a person's attempts to book, with where they came from."""
    attempts = BookingAttempt.objects.filter(user_id=user_id).order_by("id")
    return list(
        attempts.values(
            "id",
            "event_id",
            "quantity",
            "result",
            "failure_reason",
            "attempted_at",
            "ip_address",
            "user_agent",
        )
    )
