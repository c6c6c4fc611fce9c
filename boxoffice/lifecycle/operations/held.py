"""What a person holds in events: locked, and given back, when the person is removed."""

from collections import Counter
from uuid import UUID

from bookings.models import Booking
from bookings.operations import Canceller, release_bookings
from evently.accounts.models import User
from evently.database.clock import now
from evently.transactions import RetryTransaction
from events.locks import lock_events
from events.models import Event
from events.signals import seats_freed
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offers


def give_back_all(user_id: UUID) -> Counter[str]:
    """End a person's offers, waitlist entries and upcoming bookings, and offer the seats to others.

    Inside the caller's transaction; locks the events, then the person. Returns how many of each, by
    the names of `evently.erasure.receipts.DONE`. Raises EventBusy, RetryTransaction.
    """
    counts: Counter[str] = Counter()
    for event in locked_events_of(user_id):
        counts += _give_back(event, user_id)
        seats_freed.send(sender=User, locked_event=event)
    return counts


def locked_events_of(user_id: UUID) -> list[Event]:
    """Lock all events in which a person holds seats, is waiting or has an offer; then the person.

    Events come first and in the order of their ids, as in bookings: the other way round
    deadlocks with them. Raises RetryTransaction when the person has booked or joined another
    event meanwhile.
    """
    locked = lock_events(_event_ids_of(user_id))
    # From now on, a booking or entry of theirs waits for this lock at its commit.
    User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if not _event_ids_of(user_id) <= {event.pk for event in locked}:
        # Locking another event now could break the order.
        raise RetryTransaction
    return locked


def _event_ids_of(user_id: UUID) -> set[UUID]:
    held = Booking.objects.of_user(user_id).holding_seats().values_list("event_id", flat=True)
    waiting = (
        WaitlistEntry.objects.open().filter(user_id=user_id).values_list("event_id", flat=True)
    )
    offered = Promotion.objects.filter(user_id=user_id, status=PromotionStatus.PENDING).values_list(
        "event_id", flat=True
    )
    return {*held, *waiting, *offered}


def _give_back(event: Event, user_id: UUID) -> Counter[str]:
    """End a person's offers and waitlist entry in a locked event, and their upcoming bookings."""
    counts: Counter[str] = Counter()
    offers = list(
        Promotion.objects.filter(event_id=event.pk, user_id=user_id, status=PromotionStatus.PENDING)
    )
    counts["offers_ended"] = len(offers)
    if offers:
        end_offers(locked_event=event, promotions=offers, status=PromotionStatus.DECLINED)
    entries = WaitlistEntry.objects.filter(
        event_id=event.pk, user_id=user_id, status=EntryStatus.WAITING
    )
    counts["entries_ended"] = entries.update(status=EntryStatus.LEFT)
    if event.is_active and not event.has_started(at=now()):
        bookings = list(Booking.objects.of_user(user_id).holding_seats().filter(event_id=event.pk))
        counts["bookings_cancelled"] = len(bookings)
        if bookings:
            release_bookings(
                locked_event=event,
                bookings=bookings,
                by=Canceller.ATTENDEE,
                reason="the account was deleted",
            )
    return counts
