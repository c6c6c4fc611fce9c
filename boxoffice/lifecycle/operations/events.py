"""How events end: cancelled, completed, or deleted before the first booking."""

from uuid import UUID

from bookings.models import ArchivedBooking, Booking
from bookings.operations import Canceller, release_bookings
from evently.audit.acts import act_that
from evently.audit.context import acting, current_context
from evently.database.clock import now
from evently.errors import Conflict
from evently.idempotency.keys import Idempotency
from evently.transactions import refusing, run_in_transaction
from evently.visible_text import clean_reason
from events.locks import lock_event
from events.models import Event, EventStatus
from events.operations import EventOver, check_version
from events.signals import event_cancelled
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offers
from waitlists.signals import entries_closed

BATCH = 500


class EventAlreadyCancelled(Conflict):
    code = "already_cancelled"
    message = "This event is already cancelled."


class EventHasBookings(Conflict):
    """An event that was ever booked stays, as an accounting record."""

    code = "event_has_bookings"
    message = "This event has bookings, so it cannot be deleted. Cancel it instead."


def cancel_event(
    *,
    event_id: UUID,
    reason: str = "",
    version: int | None = None,
    idempotency: Idempotency | None = None,
) -> Event:
    """Cancel an event: from now on it takes no bookings and makes no offers.

    Its bookings and waitlist are cancelled in the background (`continue_cancellation`), and
    everyone affected is notified. version: the one that was reviewed; None cancels whatever is
    there.
    Raises EventAlreadyCancelled, EventOver, EditedMeanwhile, EventBusy, Replayed.
    """

    def work() -> Event:
        event = lock_event(event_id)
        check_version(event, version)
        if event.is_cancelled:
            raise EventAlreadyCancelled
        if event.is_over(at=now()):
            raise EventOver("This event is over, so it cannot be cancelled.")
        event.status, event.cancel_reason = EventStatus.CANCELLED, clean_reason(reason)
        event.save(update_fields=["status", "cancel_reason"])
        event.refresh_from_db()
        event_cancelled.send(sender=Event, event=event)
        return event

    return run_in_transaction(work, idempotency=idempotency)


def continue_cancellation(*, event_id: UUID) -> int:
    """Cancel what a cancelled event still has, in batches; return the number of rows changed.

    Each batch is a transaction of its own, so after a crash the next call continues.
    """
    total = 0
    # Also after a crash, when a periodic task goes on: all of it is one act in the history.
    act = act_that("cancelled", table="events", row_id=event_id)
    with acting(act=act or current_context().act):
        while count := run_in_transaction(lambda: _cancel_batch(event_id)):
            total += count
    return total


def _cancel_batch(event_id: UUID) -> int:
    event = lock_event(event_id)
    if not event.is_cancelled:
        return 0
    living = Booking.objects.holding_seats().filter(event_id=event.pk)
    # By person, so that one message speaks of all that they had.
    people = living.order_by("user_id").values("user_id").distinct()[:BATCH]
    bookings = list(living.filter(user_id__in=people).order_by("pk"))
    if bookings:
        release_bookings(
            locked_event=event,
            bookings=bookings,
            by=Canceller.EVENT,
            reason=event.cancel_reason or "the event was cancelled",
        )
        return len(bookings)
    return _close_waitlist(event, reason="the event was cancelled")


def _close_waitlist(event: Event, *, reason: str) -> int:
    """End up to one batch each of offers and waitlist entries; return the number of rows."""
    offers = list(
        Promotion.objects.filter(event_id=event.pk, status=PromotionStatus.PENDING).order_by("pk")[
            :BATCH
        ]
    )
    entries = list(WaitlistEntry.objects.open().filter(event_id=event.pk).order_by("pk")[:BATCH])
    if offers:
        end_offers(locked_event=event, promotions=offers, status=PromotionStatus.EXPIRED)
    if entries:
        WaitlistEntry.objects.filter(
            event_id=event.pk, pk__in=[entry.pk for entry in entries]
        ).update(status=EntryStatus.EXPIRED)
        entries_closed.send(sender=WaitlistEntry, event=event, entries=entries, reason=reason)
    return len(offers) + len(entries)


def complete_event(*, event_id: UUID) -> Event:
    """Mark an event as completed and close its waitlist, if it is over; else change nothing."""

    def work() -> Event:
        event = lock_event(event_id)
        # By the clock of the database, like the query that found it.
        is_over = Event.objects.over().filter(pk=event.pk).exists()
        if event.is_active and is_over:
            while _close_waitlist(event, reason="the event is over"):
                pass
            event.status = EventStatus.COMPLETED
            event.save(update_fields=["status"])
        return event

    return run_in_transaction(work)


def delete_event(*, event_id: UUID) -> None:
    """Delete an event that was never booked, with its waitlist and price history.

    Raises EventHasBookings.
    """

    def work() -> None:
        event = lock_event(event_id)
        if (
            Booking.objects.filter(event_id=event.pk).exists()
            or ArchivedBooking.objects.filter(event_id=event.pk).exists()
        ):
            raise EventHasBookings
        with refusing(fk_bookings_event=EventHasBookings):
            Event.objects.filter(pk=event.pk)._raw_delete("default")

    run_in_transaction(work)
