"""Asking attendees whether they are still coming, and taking their answers.

Seats that stay unanswered are returned by `boxoffice.lifecycle.operations.attendance`, which knows
the waitlist and whether the questions have arrived.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef

from bookings import attendance_queries as queries
from bookings.attendance_models import AttendanceCheck
from bookings.locks import lock_booking
from bookings.models import Booking, Canceller, Ticket, TicketTransfer, TransferStatus
from bookings.operations.cancelling import AlreadyCancelled, CancellationClosed, release_bookings
from bookings.queries import own_tickets
from bookings.signals import attendance_asked, seats_given_back
from evently.database.clock import now
from evently.database.functions import Clock
from evently.errors import Conflict, Invalid
from evently.formatting import seats
from evently.idempotency.keys import Idempotency
from evently.transactions import refusing, run_in_transaction
from events.attendance import asked_from, is_asking
from events.locks import lock_event
from events.models import Event
from events.signals import seats_freed

# People who are asked in one transaction, so that bookings of the event do not wait for long.
BATCH = 200


class NotAsked(Conflict):
    """The attendee was not asked about this booking."""

    code = "not_asked"
    message = "You were not asked whether you are still coming, so there is nothing to answer."


class AnswersClosed(Conflict):
    """The event has started, or is cancelled."""

    code = "answers_closed"
    message = "The event has started or is cancelled, so it is too late to answer."


class SeatsReturned(Conflict):
    """The seats were returned, as two questions stayed without an answer."""

    code = "seats_returned"
    message = (
        "These seats were offered to people on the waitlist, as we asked twice whether you are "
        "still coming and got no answer. You can join the waitlist."
    )


class TicketsHandedOver(Conflict):
    """Fewer tickets can be given back, as others have accepted or used the rest."""

    code = "tickets_handed_over"
    message = "Other people have accepted some of these tickets, so they cannot be given back."


def ask_attendees(*, event_id: UUID) -> int:
    """Ask the attendees of an event that were not asked yet, if it is time; return how many seats.

    In batches of people, each in its own transaction; one person gets one message about all of
    their bookings.
    """
    total = 0
    while count := run_in_transaction(lambda: _ask_batch(event_id)):
        total += count
    return total


def _ask_batch(event_id: UUID) -> int:
    event = lock_event(event_id)
    if not is_asking(event, at=now()):
        return 0
    unasked = queries.bookings_to_ask(event)
    people = unasked.order_by("user_id").values("user_id").distinct()[:BATCH]
    bookings = list(unasked.filter(user_id__in=people).order_by("pk"))
    checks = [
        AttendanceCheck(
            booking=booking, event=event, event_date=event.event_date, seats=booking.quantity
        )
        for booking in bookings
    ]
    AttendanceCheck.objects.bulk_create(checks)
    if checks:
        attendance_asked.send(sender=AttendanceCheck, event=event, checks=checks, again=False)
    return len(checks)


def ask_again(*, locked_event: Event, checks: Sequence[AttendanceCheck]) -> None:
    """Ask for the second time in the caller's transaction; bookings are loaded.

    The caller makes sure that it is time; `trg_attendance_again` refuses within 24 hours.
    """
    rows = queries.checks_of(event_id=locked_event.pk, ids=[check.pk for check in checks])
    rows.update(asked_again_at=Clock())
    asked = list(rows.select_related("booking").order_by("pk"))
    attendance_asked.send(sender=AttendanceCheck, event=locked_event, checks=asked, again=True)


def answer_attendance(
    *, event_id: UUID, booking_id: UUID, coming: int, idempotency: Idempotency | None = None
) -> Booking:
    """Say how many seats of a booking are still needed; the others go to the waitlist, or on sale.

    coming: seats; 0 cancels the booking. The first answer is taken until the event starts, as the
    organizer asked for it; seats that were confirmed before are given back until the event's
    deadline for cancelling. An answer that says the same again changes nothing.
    Raises BookingNotFound, NotAsked, AnswersClosed, SeatsReturned, AlreadyCancelled,
    CancellationClosed, TicketsHandedOver, Invalid (coming), EventBusy; Replayed (`idempotency`).
    """

    def work() -> Booking:
        event = lock_event(event_id)
        booking = lock_booking(locked_event=event, booking_id=booking_id)
        at = now()
        check = _open_check(booking, at=at)
        if not 0 <= coming <= booking.quantity:
            text = f"Enter from 0 to {booking.quantity}: your booking has "
            text += f"{seats(booking.quantity)}."
            raise Invalid(text, fields={"coming": text})
        if coming < booking.quantity:
            if check.is_answered and not booking.is_cancellable(at=at):
                raise CancellationClosed
            _give_back(locked_event=event, booking=booking, keep=coming)
        if check.coming != coming:
            queries.checks_of(event_id=event.pk, ids=[check.pk]).update(coming=coming)
        booking.refresh_from_db()
        booking.event = event
        return booking

    return run_in_transaction(work, idempotency=idempotency)


def _open_check(booking: Booking, *, at: datetime) -> AttendanceCheck:
    """Return the question about a booking that can be answered, or raise why there is none."""
    event = booking.event
    if booking.is_cancelled and booking.cancelled_by == Canceller.UNANSWERED:
        raise SeatsReturned
    if booking.is_cancelled:
        raise AlreadyCancelled
    check = AttendanceCheck.objects.filter(
        event_id=event.pk, booking_id=booking.pk, event_date=event.event_date
    ).first()
    if check is None:
        raise NotAsked
    if not event.is_active or event.has_started(at=at):
        raise AnswersClosed
    return check


def _give_back(*, locked_event: Event, booking: Booking, keep: int) -> None:
    """Give back seats of a locked booking, and offer them to the waitlist."""
    if keep == 0:
        release_bookings(
            locked_event=locked_event, bookings=[booking], by=Canceller.ATTENDEE, reason=""
        )
    else:
        given_back = booking.quantity - keep
        _cancel_tickets(booking, number=given_back)
        Booking.objects.filter(event_id=locked_event.pk, pk=booking.pk).update(
            quantity=keep, total_amount=F("unit_price") * keep
        )
        booking.refresh_from_db(fields=["quantity", "total_amount", "version", "updated_at"])
        seats_given_back.send(sender=Booking, event=locked_event, booking=booking, seats=given_back)
    seats_freed.send(sender=Booking, locked_event=locked_event)


def _cancel_tickets(booking: Booking, *, number: int) -> None:
    """Cancel tickets that are still their owner's: the newest that are not being handed over.

    Raises TicketsHandedOver where there are fewer.
    """
    offered = TicketTransfer.objects.filter(
        event_id=booking.event_id, ticket_id=OuterRef("pk"), status=TransferStatus.OPEN
    )
    valid = own_tickets(booking).filter(cancelled_at__isnull=True, checked_in_at__isnull=True)
    in_order = valid.annotate(is_offered=Exists(offered)).order_by("is_offered", "-id")
    chosen = [ticket.pk for ticket in in_order[:number]]
    if len(chosen) < number:
        raise TicketsHandedOver
    TicketTransfer.objects.filter(
        event_id=booking.event_id, ticket_id__in=chosen, status=TransferStatus.OPEN
    ).update(status=TransferStatus.WITHDRAWN)
    Ticket.objects.filter(event_id=booking.event_id, pk__in=chosen).update(cancelled_at=Clock())


def return_booking(*, locked_event: Event, booking: Booking) -> None:
    """Cancel a booking that was asked twice and has not answered, in the caller's transaction.

    Its seats are offered to the waitlist at once. The caller makes sure that it is time.
    Raises NotReturnable.
    """
    with refusing(trg_booking_returned=NotReturnable):
        release_bookings(
            locked_event=locked_event,
            bookings=[booking],
            by=Canceller.UNANSWERED,
            reason=NO_ANSWER,
        )
    seats_freed.send(sender=Booking, locked_event=locked_event)


class NotReturnable(Conflict):
    """The booking was not promised to be returned, or it is not time yet."""

    code = "not_returnable"
    message = "The seats of this booking cannot be returned."


# Stored as the reason, and shown to organizers.
NO_ANSWER = "no answer to whether they are still coming"


def keep_questions_of_moved_event(*, locked_event: Event, old_date: datetime) -> None:
    """Let questions follow an event to its new date, in the caller's transaction.

    Those that were asked within the event's number of days before it would ask about the new date,
    or later: they count for it, so that no attendee is asked twice in a few days. Others stay with
    the old date, and their bookings are asked anew.
    """
    first, days = asked_from(locked_event), locked_event.ask_days_before
    if first is None or days is None:
        return
    queries.moved_checks(
        locked_event, old_date=old_date, since=first - timedelta(days=days)
    ).update(event_date=locked_event.event_date)
