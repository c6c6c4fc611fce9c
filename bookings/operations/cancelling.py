"""Cancelling bookings; in the same transaction, the seats are offered to the waitlist."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from bookings.locks import lock_booking
from bookings.models import Booking, BookingStatus, Canceller
from bookings.signals import bookings_cancelled
from evently.database.clock import now
from evently.errors import Conflict
from evently.idempotency.keys import Idempotency
from evently.transactions import run_in_transaction
from evently.visible_text import clean_reason
from events.locks import lock_event
from events.models import Event
from events.signals import seats_freed


class AlreadyCancelled(Conflict):
    code = "already_cancelled"
    message = "This booking has already been cancelled."


class CancellationClosed(Conflict):
    code = "cancellation_closed"
    message = (
        "The deadline for cancelling this booking has passed. "
        "If you cannot attend, please contact the organizer."
    )


def cancel_booking(
    *,
    event_id: UUID,
    booking_id: UUID,
    by: Canceller,
    reason: str = "",
    idempotency: Idempotency | None = None,
) -> Booking:
    """Cancel a whole booking; its seats are offered to the waitlist, or are back on sale.

    Raises BookingNotFound, AlreadyCancelled, CancellationClosed (attendees only), EventBusy.
    """

    def cancel() -> Booking:
        event = lock_event(event_id)
        booking = lock_booking(locked_event=event, booking_id=booking_id)
        if booking.is_cancelled:
            raise AlreadyCancelled
        if by is Canceller.ATTENDEE and not booking.is_cancellable(at=now()):
            raise CancellationClosed
        release_bookings(locked_event=event, bookings=[booking], by=by, reason=clean_reason(reason))
        seats_freed.send(sender=Booking, locked_event=event)
        return lock_booking(locked_event=event, booking_id=booking_id)

    return run_in_transaction(cancel, idempotency=idempotency)


def release_bookings(
    *, locked_event: Event, bookings: Sequence[Booking], by: Canceller, reason: str
) -> None:
    """Cancel bookings of a locked event in one statement, and announce it.

    The caller sends `seats_freed` afterwards, once for all of them, so that the seats are offered
    to the waitlist.
    """
    rows: QuerySet[Booking] = Booking.objects.filter(
        event_id=locked_event.pk, pk__in=[booking.pk for booking in bookings]
    )
    rows.update(status=BookingStatus.CANCELLED, cancelled_by=by, cancel_reason=reason or by.value)
    for booking in bookings:
        booking.status = BookingStatus.CANCELLED
    bookings_cancelled.send(
        sender=Booking, event=locked_event, bookings=list(bookings), by=by, reason=reason
    )


def expire_pending_bookings(*, event_id: UUID) -> int:
    """Cancel an event's unpaid bookings whose payment deadline has passed; return how many."""

    def expire() -> int:
        event = lock_event(event_id)
        overdue = list(
            Booking.objects.overdue()
            .filter(event_id=event.pk)
            .select_for_update(no_key=True)
            .order_by("pk")
        )
        if overdue:
            release_bookings(
                locked_event=event, bookings=overdue, by=Canceller.EXPIRY, reason="not paid in time"
            )
            seats_freed.send(sender=Booking, locked_event=event)
        return len(overdue)

    return run_in_transaction(expire)
