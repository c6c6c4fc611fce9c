"""Bookings are cancelled: the seats come back and the line is told in the same transaction."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from django.db.models import QuerySet

from bookings.locks import lock_booking
from bookings.models import Booking, BookingStatus
from bookings.signals import bookings_cancelled
from evently.database.clock import now
from evently.database.functions import Clock
from evently.errors import Conflict
from evently.idempotency.keys import Idempotency
from evently.transactions import run_in_transaction
from events.locks import lock_event
from events.models import Event
from events.signals import seats_freed


class Canceller(StrEnum):
    """Who cancels; attendees are bound to the deadline."""

    ATTENDEE = "attendee"
    ORGANIZER = "organizer"
    EVENT = "event"
    EXPIRY = "expiry"


class AlreadyCancelled(Conflict):
    """It was cancelled before, and nothing changes."""

    code = "already_cancelled"
    message = "This booking is cancelled already."


class CancellationClosed(Conflict):
    """The deadline for cancelling has passed."""

    code = "cancellation_closed"
    message = (
        "The deadline for cancelling this booking has passed. "
        "Please write to the organizer if you cannot come."
    )


def cancel_booking(
    *,
    event_id: UUID,
    booking_id: UUID,
    by: Canceller,
    reason: str = "",
    idempotency: Idempotency | None = None,
) -> Booking:
    """Cancel a booking whole; its seats go to the line, or back on sale.

    Raises BookingNotFound, AlreadyCancelled, CancellationClosed (attendees only), EventBusy.
    """

    def work() -> Booking:
        event = lock_event(event_id)
        booking = lock_booking(locked_event=event, booking_id=booking_id)
        if booking.is_cancelled:
            raise AlreadyCancelled
        if by is Canceller.ATTENDEE and not booking.is_cancellable(at=now()):
            raise CancellationClosed
        release_bookings(locked_event=event, bookings=[booking], by=by, reason=reason)
        seats_freed.send(sender=Booking, locked_event=event)
        booking.refresh_from_db(
            fields=["status", "cancelled_at", "cancel_reason", "version", "updated_at"]
        )
        return booking

    return run_in_transaction(work, idempotency=idempotency)


def release_bookings(
    *, locked_event: Event, bookings: Sequence[Booking], by: Canceller, reason: str
) -> None:
    """Cancel bookings of a locked event in one statement, and announce it.

    Whoever calls it serves the line afterwards (`seats_freed`), once for all of them.
    """
    rows: QuerySet[Booking] = Booking.objects.filter(
        event_id=locked_event.pk, pk__in=[booking.pk for booking in bookings]
    )
    rows.update(status=BookingStatus.CANCELLED, cancel_reason=reason or by.value)
    for booking in bookings:
        booking.status = BookingStatus.CANCELLED
    bookings_cancelled.send(
        sender=Booking, event=locked_event, bookings=list(bookings), by=by, reason=reason
    )


def expire_pending_bookings(*, event_id: UUID) -> int:
    """Cancel an event's unpaid bookings whose time is over; return how many."""

    def work() -> int:
        event = lock_event(event_id)
        overdue = list(
            Booking.objects.select_for_update(no_key=True)
            .filter(event_id=event.pk, status=BookingStatus.PENDING, expires_at__lte=Clock())
            .order_by("pk")
        )
        if overdue:
            release_bookings(
                locked_event=event, bookings=overdue, by=Canceller.EXPIRY, reason="not paid in time"
            )
            seats_freed.send(sender=Booking, locked_event=event)
        return len(overdue)

    return run_in_transaction(work)
