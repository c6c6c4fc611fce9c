"""How events end: cancelled, completed, or deleted before the first booking."""

from functools import partial
from uuid import UUID

from django.db.models import Count, F

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
from notifications.queries import has_unsent_emails
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offers
from waitlists.signals import entries_closed

# So many bookings or waitlist entries at once: others wait for the event's lock meanwhile.
BATCH = 100
# So many waitlist entries are deleted at once.
DELETED = 1000


class EventAlreadyCancelled(Conflict):
    code = "already_cancelled"
    message = "This event is already cancelled."


class EventHasBookings(Conflict):
    """An event that was ever booked stays, as an accounting record."""

    code = "event_has_bookings"
    message = "This event has bookings, so it cannot be deleted. Cancel it instead."


class EventHasWaitlist(Conflict):
    """People wait for the event: deleted, it would vanish without a word to them."""

    code = "event_has_waitlist"
    message = (
        "People are on the waitlist of this event, so it cannot be deleted. Cancel it first: they "
        "are notified then."
    )


class EventNotifying(Conflict):
    """Emails about the event are still to be sent, which need it."""

    code = "event_notifying"
    message = (
        "People are still being notified about this event, so it cannot be deleted yet. Please try "
        "again in a few minutes."
    )


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
        for people in _batches_of_people(event_id):
            total += run_in_transaction(partial(_cancel_bookings, event_id, people))
        return total + _close_waitlist(event_id, EventStatus.CANCELLED)


def _batches_of_people(event_id: UUID) -> list[list[UUID]]:
    """Return who has bookings that hold seats, in batches of few bookings.

    By person, so that one message speaks of all that they had.
    """
    living = Booking.objects.holding_seats().filter(event_id=event_id)
    people = living.order_by("user_id").values_list("user_id").annotate(number=Count("pk"))
    batches: list[list[UUID]] = []
    room = 0
    for user_id, number in people:
        if number > room:
            batches.append([])
            room = BATCH
        batches[-1].append(user_id)
        room -= number
    return batches


def _cancel_bookings(event_id: UUID, people: list[UUID]) -> int:
    """Cancel the bookings that some people have of a cancelled event; return how many."""
    event = lock_event(event_id)
    if not event.is_cancelled:
        return 0
    living = Booking.objects.holding_seats().filter(event_id=event.pk, user_id__in=people)
    bookings = list(living.order_by("pk"))
    if bookings:
        release_bookings(
            locked_event=event,
            bookings=bookings,
            by=Canceller.EVENT,
            reason=event.cancel_reason or "the event was cancelled",
        )
    return len(bookings)


# Why the waitlist of an event closes, by what has become of the event.
REASONS = {
    EventStatus.CANCELLED: "the event was cancelled",
    EventStatus.COMPLETED: "the event is over",
}


def _close_waitlist(event_id: UUID, outcome: EventStatus) -> int:
    """End the offers and entries of an event, a transaction for each batch; return how many."""
    total = 0
    while count := run_in_transaction(partial(_close_some, event_id, outcome)):
        total += count
    return total


def _close_some(event_id: UUID, outcome: EventStatus) -> int:
    """End a batch of offers with their entries, or of entries, if the event has really ended."""
    event = lock_event(event_id)
    is_cancelled = outcome == EventStatus.CANCELLED
    if not (event.is_cancelled if is_cancelled else _is_to_complete(event)):
        return 0
    pending = Promotion.objects.filter(event_id=event.pk, status=PromotionStatus.PENDING)
    offers = list(pending.order_by("pk")[:BATCH])
    unended = WaitlistEntry.objects.open().filter(event_id=event.pk)
    if offers:
        entries = list(unended.filter(pk__in=[offer.waitlist_id for offer in offers]))
        end_offers(locked_event=event, promotions=offers, status=PromotionStatus.EXPIRED)
    else:
        # From the end of the waitlist, so that no position moves.
        last_first = F("position").desc(nulls_first=True)
        entries = list(unended.order_by(last_first, "-pk")[:BATCH])
    if entries:
        closed = WaitlistEntry.objects.filter(event_id=event.pk, pk__in=[row.pk for row in entries])
        closed.update(status=EntryStatus.EXPIRED)
        entries_closed.send(
            sender=WaitlistEntry, event=event, entries=entries, reason=REASONS[outcome]
        )
    return len(offers) + len(entries)


def complete_event(*, event_id: UUID) -> Event:
    """Mark an event as completed and close its waitlist, if it is over; else change nothing.

    The waitlist closes in batches of one transaction each, and the event is completed in the last
    one; after a crash in between, the next call continues.
    """

    def work() -> Event:
        event = lock_event(event_id)
        if _is_to_complete(event):
            event.status = EventStatus.COMPLETED
            event.save(update_fields=["status"])
        return event

    _close_waitlist(event_id, EventStatus.COMPLETED)
    return run_in_transaction(work)


def _is_to_complete(event: Event) -> bool:
    """Return whether a locked event is over and not ended yet, by the clock of the database."""
    return event.is_active and Event.objects.over().filter(pk=event.pk).exists()


def delete_event(*, event_id: UUID) -> None:
    """Delete an event that was never booked, with its ended waitlist and price history.

    Of a long waitlist, most entries are deleted before, in batches of one transaction each. The
    event is unpublished first, so that no one books or joins meanwhile; after a crash it stays as
    a draft, which is to be deleted again.
    Raises EventHasBookings, EventHasWaitlist, EventNotifying.
    """

    def work() -> None:
        event = _lock_deletable(event_id)
        with refusing(fk_bookings_event=EventHasBookings):
            Event.objects.filter(pk=event.pk)._raw_delete("default")

    while run_in_transaction(partial(_delete_some_entries, event_id)):
        pass
    run_in_transaction(work)


def _lock_deletable(event_id: UUID) -> Event:
    event = lock_event(event_id)
    if (
        Booking.objects.filter(event_id=event.pk).exists()
        or ArchivedBooking.objects.filter(event_id=event.pk).exists()
    ):
        raise EventHasBookings
    if WaitlistEntry.objects.open().filter(event_id=event.pk).exists():
        raise EventNotifying if event.is_cancelled else EventHasWaitlist
    if has_unsent_emails(event.pk):
        raise EventNotifying
    return event


def _delete_some_entries(event_id: UUID) -> int:
    """Delete a batch of entries of a long waitlist, the last first; return how many."""
    event = _lock_deletable(event_id)
    entries = WaitlistEntry.objects.filter(event_id=event.pk)
    last_first = F("position").desc(nulls_first=True)
    ids = list(entries.order_by(last_first, "-pk").values_list("pk", flat=True)[: DELETED + 1])
    if len(ids) <= DELETED:
        return 0
    if event.is_published:
        event.published_at = None
        event.save(update_fields=["published_at"])
    return entries.filter(pk__in=ids[:DELETED])._raw_delete("default")
